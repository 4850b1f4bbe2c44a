"""Why a pod failed or waits, in plain words.

Kubernetes and Argo explain a pod in messages for their own developers. Those that users of these
pipelines meet are turned into sentences that name what to change; all others stay as they are.
"""

import re
from collections.abc import Mapping
from typing import Any

from pipelines.snapshot import TaskProgress
from pipelines.workflow import shorten

# The exit code of what the kernel killed.
SIGKILL = 137
_UNITS = {"hour": 3600, "minute": 60, "second": 1}

# A message's pattern, and its explanation: numbers in braces stand for the pattern's groups, and
# names for the phrases of `_phrases`.
_REASONS = {
    r"\bOOMKilled\b": "OOMKilled{at_memory}{raise_memory}",
    r'[Uu]sage of EmptyDir volume "([^"]+)" exceeds the limit "([^"]+)"': (
        "its volume {0} is full ({1}){more_shards}"
    ),
    r'(?:exceeds the total limit of containers|local ephemeral storage limit) "?(\w+)': (
        "it wrote more to its local disk than {0}{more_shards}"
    ),
    r"node was low on resource: memory": (
        "evicted, as its node ran out of memory: raise {stage}_memory_request"
    ),
    r"node was low on resource: ([\w-]+)": "evicted, as its node ran out of {0}{more_shards}",
    r"node had condition: \[(\w+)\]": "evicted, as its node had the condition {0}",
    r"DeadlineExceeded|longer than the specified deadline|exceeded its deadline": (
        "DeadlineExceeded: it took longer than {deadline}"
    ),
    r"ImagePullBackOff|ErrImagePull|InvalidImageName|ErrImageNeverPull": (
        "the image {image} can't be pulled: check its name and tag, and the cluster's access "
        "to its registry"
    ),
    r"couldn't find key (\S+) in Secret (?:\S+/)?([^\s,/]+)": "the secret {1} has no key {0}",
    r"couldn't find key (\S+) in ConfigMap (?:\S+/)?([^\s,/]+)": (
        "the configmap {1} has no key {0}"
    ),
    r"CreateContainerConfigError: (.*)": "{0}",
    r"is forbidden: violates PodSecurity \"([^\":]+)[^\"]*\": (.*)": (
        "the namespace's Pod Security level {0} forbids its pod: {1}"
    ),
    r"is forbidden: exceeded quota: ([^,]+), (.*)": "the namespace's quota {0} is exceeded: {1}",
    r"configmaps is forbidden": (
        "Argo may not create the ConfigMap that a task with more than 128 KiB of arguments "
        "needs: use fewer pods or a smaller label map"
    ),
    r"imminent node shutdown|NodeShutdown|node shutdown": "its node was shut down",
    r"^pod deleted": "its pod was deleted (evicted, or its node was removed)",
    r"^(?:PodInitializing|ContainerCreating)$": (
        "its image is being pulled, or its volumes are being mounted"
    ),
}
_UNSCHEDULABLE = re.compile(r"(?:Unschedulable: )?0/(\d+) nodes are available: (.*?)(?:\. |\.?$)")
# One reason and the number of its nodes; taints have commas, colons and braces.
_NODES = re.compile(r"(\d+) ((?:\{[^}]*\}|[^,{])+)")
# The scheduler's reason, and its explanation for all nodes and for some.
_SCHEDULING = {
    r"didn't match Pod's node affinity/selector": (
        "no node has {labels}",
        "{nodes} without {labels}",
    ),
    r"untolerated taint\(?s?\)? (\{.*?\})": (
        "{nodes} with the taint {0}, which the task doesn't tolerate",
        "{nodes} with the taint {0}, which the task doesn't tolerate",
    ),
    r"Insufficient ([\w./-]+\w)": (
        "no node has enough free {0}",
        "{nodes} without enough free {0}",
    ),
    r"(.*)": (
        "{nodes}: {0}",
        "{nodes}: {0}",
    ),
}
# The stages that may run on GPUs.
ON_GPUS = frozenset({"embed", "retrain", "fine_tune"})
# A sentence in a task's log that doesn't say what to do, and what to do.
_ADVICE = {
    r"failed to get bucket when downloading input artifact": (
        "Kubeflow can't fetch a list of artifacts from several pipeline roots: submit with "
        "another cache_salt"
    ),
    r"signal: killed$": "probably out of memory: raise {stage}_memory",
}


def explain(message: str, task: TaskProgress, parameters: Mapping[str, Any]) -> str:
    """Return the reason that a pod's message gives, without a full stop.

    Args:
        message: the message of Argo's node.
        task: the task that it is about.
        parameters: the values that the run was started with.
    """
    phrases = _phrases(message, task, parameters)
    if match := _UNSCHEDULABLE.search(message):
        return _explain_scheduling(int(match[1]), match[2], phrases)
    for pattern, explanation in _REASONS.items():
        if match := re.search(pattern, message):
            return explanation.format(*map(shorten, match.groups()), **phrases)
    return shorten(message)


def exit_code(message: str) -> int | None:
    """Return the exit code if the task's own program ended with it, and its log knows why."""
    match = re.fullmatch(r"(?:main: )?Error \(exit code (\d+)\)(?:: main)?", message)
    return int(match[1]) if match else None


def explain_exit(code: int | None, task: TaskProgress) -> str:
    """Return the reason for a task that left no sentence in its log, given its exit code."""
    if code is None:
        return "no reason is known"
    killed = code == SIGKILL and not task.driver
    more = f", probably out of memory: raise {task.stage}_memory" if killed else ""
    return f"exit code {code}{more}"


def explain_sentence(sentence: str, task: TaskProgress) -> str:
    """Add what to do to the last sentence of a task's log, if it doesn't say it."""
    for pattern, advice in _ADVICE.items():
        if re.search(pattern, sentence):
            return f"{sentence} ({advice.format(stage=task.stage)})"
    return sentence


def _explain_scheduling(total: int, reasons: str, phrases: Mapping[str, str]) -> str:
    parts = []
    for match in _NODES.finditer(reasons):
        count, is_all = match[1], int(match[1]) >= total
        nodes = "all nodes" if is_all else f"{count} of {total} nodes"
        for pattern, (of_all, of_some) in _SCHEDULING.items():
            if detail := re.search(pattern, match[2]):
                explanation = of_all if is_all else of_some
                parts.append(explanation.format(*detail.groups(), nodes=nodes, **phrases))
                break
    return "; ".join(parts) or shorten(f"no node can take it: {reasons}")


def _phrases(message: str, task: TaskProgress, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return what explanations say of a task; what isn't known or can't be set is left out."""
    patch, stage = task.pod.pod_patch, task.stage
    containers = patch.get("containers") or [{}]
    container = containers[0] if isinstance(containers[0], dict) else {}
    memory = ((container.get("resources") or {}).get("limits") or {}).get("memory")
    # A driver's memory is fixed by the server.
    memory = memory or ("" if task.driver else parameters.get(f"{stage}_memory"))
    image = re.search(r'image (?:tag |reference )?"([^\s"]+)"', message)
    return {
        "stage": stage,
        "at_memory": f" at {memory}" if memory else "",
        "raise_memory": "" if task.driver else f": raise {stage}_memory",
        "more_shards": "" if task.index is None else ": use more shards, or more pods",
        "deadline": _duration(patch.get("activeDeadlineSeconds")),
        "image": str((image and image[1]) or container.get("image") or "of its container"),
        "labels": _labels(task, parameters),
    }


def _labels(task: TaskProgress, parameters: Mapping[str, Any]) -> str:
    """Return the labels that a task's node must have."""
    selector = task.pod.pod_patch.get("nodeSelector")
    if not selector and task.stage in ON_GPUS:
        selector = parameters.get("gpu_node_selector")
    if not selector or not isinstance(selector, Mapping):
        return "the labels of its node selector"
    return " and ".join(f"{key}={value}" for key, value in selector.items())


def _duration(seconds: object) -> str:
    """Return a time limit in its largest whole unit."""
    if not isinstance(seconds, int):
        return "its time limit"
    name, unit = next(item for item in _UNITS.items() if seconds % item[1] == 0)
    return f"{seconds // unit} {name}{'' if seconds == unit else 's'}"
