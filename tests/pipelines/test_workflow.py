"""Claims about reading the workflow behind a run."""

import base64
import gzip
import json

import pytest

from autofocus.errors import InputDataError
from pipelines.snapshot import State, find_graphs, find_stages, find_tasks, shard_names
from pipelines.workflow import parse_workflow
from tests.pipelines.workflows import (
    CACHED,
    DONE,
    FAILED,
    OMITTED,
    RUNNING,
    Work,
    log_key,
    pod_id,
    pod_name,
    times,
    workflow,
)


def stages(manifest: str, shards: int = 0) -> list[str]:
    """Return the lines of a workflow's stages."""
    return [str(stage) for stage in find_stages(find_tasks(parse_workflow(manifest)), shards)]


def test_each_stage_is_counted_over_its_shards() -> None:
    """A line per stage, in the order of their start; what hasn't begun counts in the total."""
    download = {0: DONE, 1: CACHED, 2: RUNNING, 3: FAILED, 4: Work("Pending")}
    loop = {"download": download, "preprocess": {0: Work("Running", start=200), 3: OMITTED}}
    assert stages(workflow(loop), shards=6) == [
        "download 2/6 done (1 cached), 1 running, 1 pending, 1 failed",
        "preprocess 0/6 done, 1 running, 1 not started",
    ]


def test_a_stage_without_shards_is_a_word() -> None:
    """Behind the loop a stage has one task, and its line is the task's state."""
    then = {"clean": CACHED, "link": DONE, "retrain": Work("Running", start=500)}
    assert stages(workflow({"download": times(1)}, then))[1:] == [
        "clean done (cached)",
        "link done",
        "retrain running",
    ]


def test_a_task_that_is_tried_again_has_not_failed() -> None:
    """While the node around its attempts is running, a task is being retried, in each round."""
    backoff = Work("Backoff", "no configmaps", attempts=2, rounds=2)
    (task,) = find_tasks(parse_workflow(workflow({}, {"clean": backoff})))
    assert task.state == State.RETRIED
    assert (task.pod.message, task.pod.attempts[-2:]) == ("no configmaps", (1, 1))


def test_a_task_whose_end_is_not_decided_is_running() -> None:
    """Between a pod's failure and Argo's decision on another attempt, there is none to expect."""
    manifest = workflow({}, {"retrain": Work("Backoff", "main: OOMKilled (exit code 1)")})
    assert stages(manifest) == ["retrain being retried"]
    assert stages(manifest.replace("Backoff for", "")) == ["retrain running"]


def test_a_driver_is_no_stage_but_holds_up_its_own() -> None:
    """A task is pending while its driver works, and has failed with its driver."""
    loop = {"download": {0: Work(driver=("Running", "")), 1: Work(driver=("Failed", "no role"))}}
    tasks = find_tasks(parse_workflow(workflow(loop)))
    assert [(task.stage, task.state, task.driver) for task in tasks] == [
        ("download", State.PENDING, True),
        ("download", State.FAILED, True),
    ]
    assert tasks[1].pod.message == "no role"


def test_the_driver_of_a_graph_is_named_after_the_component_around_it() -> None:
    """A loop whose driver can't start is reported by the name that the pipeline gave it."""
    graphs = find_graphs(parse_workflow(workflow({}, graph_driver=("Pending", "no cpu"))))
    assert [(task.stage, task.pod.message) for task in graphs] == [("prepare-shards", "no cpu")]
    assert find_graphs(parse_workflow(workflow({"download": times(2)}))) == []


def test_a_task_that_was_ended_with_its_run_is_cancelled() -> None:
    """Terminating a run isn't a failure of the task that was running then."""
    ended = Work("Failed", "workflow shutdown with strategy:  Terminate")
    assert stages(workflow({"download": {0: ended}}, terminated=True)) == [
        "download 0/1 done, 1 cancelled"
    ]


def test_compressed_nodes_are_the_same_nodes() -> None:
    """Past some 40 shards a workflow's nodes are stored compressed, and read likewise."""
    loop = {"download": times(60), "preprocess": {**times(60, CACHED), 7: FAILED}}
    plain, packed = (
        parse_workflow(workflow(loop, compressed=compressed)) for compressed in (False, True)
    )
    assert packed == plain
    assert stages(workflow(loop, compressed=True))[1] == (
        "preprocess 59/60 done (59 cached), 1 failed"
    )


def test_a_server_that_retries_nothing_has_fewer_nodes() -> None:
    """Without the shipped defaults no node is around the attempts; the stages are the same."""
    manifest = workflow({"download": {0: DONE, 1: FAILED}}, {"clean": OMITTED})
    content = json.loads(manifest)
    nodes = content["status"]["nodes"]
    flat = {
        key: {**node, "name": node["name"].replace("(0)", "")}
        for key, node in nodes.items()
        if node["type"] != "Retry" or key == content["metadata"]["name"]
    }
    content["status"]["nodes"] = flat
    assert stages(json.dumps(content)) == stages(manifest)


def test_a_pod_is_found_by_its_task() -> None:
    """The node of a failed task has the id, the pod and the archived log that Argo gave it."""
    found = parse_workflow(workflow({"download": {1: FAILED}}, compressed=True))
    (task,) = find_tasks(found)
    assert (task.index, task.pod.id) == (1, pod_id("download", 1))
    assert found.pod_name(task.pod) == pod_name("download", 1)
    assert task.pod.log_key == log_key("download", 1)


def test_odd_nodes_are_nodes() -> None:
    """A name, time or decision of the driver in another form doesn't end the reading."""
    content = json.loads(workflow({"download": {0: RUNNING}}))
    for node in content["status"]["nodes"].values():
        node["name"] = node["name"].replace("iterations(0:0)", "iterations(0:map[a:(b)])")
        node["startedAt"] = "yesterday"
        node["message"] = "a\n\x1b[31mred message"
        node["inputs"] = {"parameters": [{"name": "pod-spec-patch", "value": "{"}]}
    (task,) = find_tasks(parse_workflow(json.dumps(content)))
    assert (task.stage, task.started, task.pod.pod_patch) == ("download", None, {})
    assert task.pod.message == "a [31mred message"


@pytest.mark.parametrize(
    ("parameter", "names"),
    [
        (["a/3", "b/3", "c/3"], ["a/3", "b/3", "c/3"]),
        (["a/3"], ["0/3", "1/3", "2/3"]),
        (None, ["0/3", "1/3", "2/3"]),
    ],
)
def test_a_shard_is_named_as_the_run_names_it(
    parameter: list[str] | None, names: list[str]
) -> None:
    """By the run's parameter; without one that fits, by index and number."""
    found = parse_workflow(workflow({"download": times(3)}))
    assert shard_names(found, parameter) == names


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "[]",
        "{}",
        json.dumps({"metadata": {"name": "x"}, "status": {"compressedNodes": "!"}}),
        json.dumps({"metadata": {"name": "x"}, "status": {"compressedNodes": "YWJj"}}),
        json.dumps(
            {
                "metadata": {"name": "x"},
                "status": {
                    "compressedNodes": base64.b64encode(
                        gzip.compress(b"{}", mtime=0)[:12]
                    ).decode()
                },
            }
        ),
        json.dumps({"metadata": {"name": "x"}, "status": {"nodes": {"y": {"id": "y"}}}}),
        json.dumps({"metadata": {"name": "x"}, "status": {"offloadNodeStatusVersion": "fnv:1"}}),
    ],
)
def test_what_is_no_workflow_is_one_error(manifest: str) -> None:
    """JSON of another form, or nodes that can't be unpacked, end in the error for bad files."""
    with pytest.raises(InputDataError, match="The run's workflow can't be read"):
        parse_workflow(manifest)
