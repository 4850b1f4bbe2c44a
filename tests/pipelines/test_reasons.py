"""Claims about the words for why a pod failed or waits."""

from collections.abc import Mapping
from typing import Any

import pytest

from pipelines.reasons import exit_code, explain, explain_sentence
from pipelines.snapshot import find_tasks
from pipelines.workflow import LONGEST, parse_workflow
from tests.pipelines.workflows import Work, workflow

FULL = "no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not"
GPU = {"gpu_node_selector": {"nvidia.com/gpu.product": "A100-SXM4-40GB"}}


def patch(memory: str = "") -> dict[str, Any]:
    """Return what a driver decides about a pod."""
    limits = {"cpu": "2", **({"memory": memory} if memory else {})}
    main = {"name": "main", "image": "r.example.org/zoo:1", "resources": {"limits": limits}}
    return {"containers": [main], "activeDeadlineSeconds": 21600}


def reason(message: str, stage: str, work: Work, parameters: Mapping[str, Any]) -> str:
    """Return the reason for a message of a pod of a stage."""
    loop = {} if stage == "retrain" else {stage: {0: work}}
    then = {stage: work} if stage == "retrain" else {}
    (task,) = find_tasks(parse_workflow(workflow(loop, then)))
    return explain(message, task, parameters)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            'Usage of EmptyDir volume "scratch" exceeds the limit "40Gi". ',
            "its volume scratch is full (40Gi): use more shards, or more pods",
        ),
        (
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
            "it wrote more to its local disk than 1Gi: use more shards, or more pods",
        ),
        (
            'Container main exceeded its local ephemeral storage limit "2Gi". ',
            "it wrote more to its local disk than 2Gi: use more shards, or more pods",
        ),
        (
            "The node was low on resource: ephemeral-storage. Threshold quantity: 1.",
            "evicted, as its node ran out of ephemeral-storage: use more shards, or more pods",
        ),
        (
            "The node was low on resource: memory. Container main was using 9Gi, request is 1Gi",
            "evicted, as its node ran out of memory: raise preprocess_memory_request",
        ),
        (
            "Pod was active on the node longer than the specified deadline",
            "DeadlineExceeded: it took longer than 6 hours",
        ),
        (
            'ImagePullBackOff: Back-off pulling image "r.example.org/zoo:2": ErrImagePull: denied',
            (
                "the image r.example.org/zoo:2 can't be pulled: check its name and tag, and the "
                "cluster's access to its registry"
            ),
        ),
        (
            "ErrImagePull: rpc error",
            (
                "the image r.example.org/zoo:1 can't be pulled: check its name and tag, and the "
                "cluster's access to its registry"
            ),
        ),
        ('CreateContainerConfigError: secret "keys" not found', 'secret "keys" not found'),
        (
            "CreateContainerConfigError: couldn't find key AWS_ID in Secret zoo/keys",
            "the secret keys has no key AWS_ID",
        ),
        (
            'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot (x=y)',
            "the namespace's Pod Security level restricted forbids its pod: runAsNonRoot (x=y)",
        ),
        (
            'pods "x" is forbidden: exceeded quota: compute, requested: cpu=4, limited: cpu=12',
            "the namespace's quota compute is exceeded: requested: cpu=4, limited: cpu=12",
        ),
        (
            (
                'configmaps is forbidden: User "system:serviceaccount:zoo:argo" cannot create '
                'resource "configmaps" in API group "" in the namespace "zoo"'
            ),
            (
                "Argo may not create the ConfigMap that a task with more than 128 KiB of "
                "arguments needs: use fewer pods or a smaller label map"
            ),
        ),
        (
            "The node had condition: [DiskPressure]. ",
            "evicted, as its node had the condition DiskPressure",
        ),
        ("pod deleted", "its pod was deleted (evicted, or its node was removed)"),
        (
            "Pod was terminated in response to imminent node shutdown.",
            "its node was shut down",
        ),
        ("PodInitializing", "its image is being pulled, or its volumes are being mounted"),
        ("Something\n \x1b[31mnew happened.", "Something [31mnew happened"),
        ("x" * 1000, "x" * LONGEST + "…"),
    ],
)
def test_a_message_becomes_a_sentence_that_names_what_to_change(
    message: str, sentence: str
) -> None:
    """The messages that users meet are explained; all others stay, as one line of some length."""
    assert reason(message, "preprocess", Work(patch=patch()), {}) == sentence


@pytest.mark.parametrize(
    ("work", "parameters", "sentence"),
    [
        (Work(patch=patch("400Mi")), {}, "OOMKilled at 400Mi: raise retrain_memory"),
        (Work(), {"retrain_memory": "2Gi"}, "OOMKilled at 2Gi: raise retrain_memory"),
        (Work(), {}, "OOMKilled: raise retrain_memory"),
        (Work(driver=("Failed", "")), {"retrain_memory": "2Gi"}, "OOMKilled"),
    ],
)
def test_a_task_out_of_memory_names_its_limit_and_parameter(
    work: Work, parameters: dict[str, str], sentence: str
) -> None:
    """The limit is the pod's, else the run's, else left out; a driver's is no parameter."""
    assert reason("main: OOMKilled (exit code 137)", "retrain", work, parameters) == sentence


@pytest.mark.parametrize(
    ("nodes", "reasons", "sentence"),
    [
        (
            1,
            "1 node(s) didn't match Pod's node affinity/selector",
            "no node has nvidia.com/gpu.product=A100-SXM4-40GB",
        ),
        (
            4,
            "1 Insufficient nvidia.com/gpu, 3 node(s) didn't match Pod's node affinity/selector",
            ("1 of 4 nodes without enough free nvidia.com/gpu; "
            "3 of 4 nodes without nvidia.com/gpu.product=A100-SXM4-40GB"),
        ),
        (4, "4 Insufficient memory", "no node has enough free memory"),
        (4, "the claim x is not bound", "no node can take it: the claim x is not bound"),
        (
            4,
            "4 node(s) had untolerated taint {dedicated: zoo}",
            "all nodes with the taint {dedicated: zoo}, which the task doesn't tolerate",
        ),
        (
            4,
            "4 node(s) had untolerated taint(s) {dedicated: zoo}",
            "all nodes with the taint {dedicated: zoo}, which the task doesn't tolerate",
        ),
        (4, "2 Too many pods, 2 Insufficient cpu",
         "2 of 4 nodes: Too many pods; 2 of 4 nodes without enough free cpu"),
    ],
)  # fmt: skip
def test_why_no_node_takes_a_pod(nodes: int, reasons: str, sentence: str) -> None:
    """Each reason of the scheduler, with its number of nodes where it isn't all of them."""
    for end in (f". {FULL} helpful.", "."):
        message = f"Unschedulable: 0/{nodes} nodes are available: {reasons}{end}"
        assert reason(message, "retrain", Work(), GPU) == sentence


@pytest.mark.parametrize(
    ("seconds", "limit"), [(3600, "1 hour"), (5400, "90 minutes"), (61, "61 seconds")]
)
def test_a_time_limit_is_in_its_largest_whole_unit(seconds: int, limit: str) -> None:
    """The limit is the pod's; without one it isn't named."""
    work = Work(patch={"activeDeadlineSeconds": seconds})
    assert reason("DeadlineExceeded", "retrain", work, {}).endswith(f"longer than {limit}")
    assert reason("DeadlineExceeded", "retrain", Work(), {}).endswith("than its time limit")


def test_labels_that_are_not_known_are_not_guessed() -> None:
    """The pod's own node selector is named; that of the GPU is no other stage's."""
    message = "Unschedulable: 0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/"
    message += "selector."
    own = Work(patch={"nodeSelector": {"disk": "fast"}})
    assert reason(message, "retrain", own, GPU) == "no node has disk=fast"
    assert (
        reason(message, "download", Work(), GPU) == "no node has the labels of its node selector"
    )


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("main: Error (exit code 1)", 1),
        ("Error (exit code 2)", 2),
        ("Error (exit code 64): failed to save outputs", None),
        ("wait: Error (exit code 1)", None),
        ("main: OOMKilled (exit code 137)", None),
        ("", None),
    ],
)
def test_only_the_task_s_own_end_is_in_its_log(message: str, code: int | None) -> None:
    """Another container's exit code, or one that Kubernetes explains, asks for no log."""
    assert exit_code(message) == code


@pytest.mark.parametrize(
    ("sentence", "advice"),
    [
        ("failed to get bucket when downloading input artifact x", "with another cache_salt)"),
        ("signal: killed", "(probably out of memory: raise retrain_memory)"),
        ("There is no bucket zoo", "There is no bucket zoo"),
    ],
)
def test_what_the_launcher_does_not_explain_is_explained(sentence: str, advice: str) -> None:
    """To sentences of the launcher it is added what to do; this project's say it themselves."""
    (task,) = find_tasks(parse_workflow(workflow({}, {"retrain": Work()})))
    assert explain_sentence(sentence, task).endswith(advice)
