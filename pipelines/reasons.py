"""Why a pod failed or waits, in plain words.

Kubernetes and Argo explain a pod in messages for their own developers. Those that users of these
pipelines meet are turned into sentences that name what to change; all others stay as they are.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.stages import Task
from pipelines.workflow import one_line

LONGEST = 300
HOUR_S, MINUTE_S = 3600, 60
# The exit code of what the kernel killed.
SIGKILL = 137


@dataclass(frozen=True)
class Context:
    """What is known of a task beside the message of its pod.

    Attributes:
        task: the task.
        parameters: the values that the run was started with.
    """

    task: Task
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def memory(self) -> str:
        """The memory limit of the task's container, such as `16Gi`; empty if it isn't known."""
        limits = (self._container.get("resources") or {}).get("limits") or {}
        given = "" if self.task.driver else self.parameters.get(f"{self.task.stage}_memory")
        return str(limits.get("memory") or given or "")

    @property
    def node_labels(self) -> str:
        """The labels that the task's node must have; empty if they aren't known."""
        selector = self.task.pod.pod_patch.get("nodeSelector")
        if not selector and self.task.stage == "retrain":
            selector = self.parameters.get("gpu_node_selector")
        if not isinstance(selector, Mapping):
            return ""
        return " and ".join(f"{key}={value}" for key, value in selector.items())

    @property
    def image(self) -> str:
        """The image of the task's container; empty if it isn't known."""
        return str(self._container.get("image") or "")

    @property
    def deadline(self) -> str:
        """The task's time limit, such as `6 hours`; empty if it isn't known."""
        seconds = self.task.pod.pod_patch.get("activeDeadlineSeconds")
        return _duration(seconds) if isinstance(seconds, int) else ""

    @property
    def _container(self) -> Mapping[str, Any]:
        containers = self.task.pod.pod_patch.get("containers") or [{}]
        return containers[0] if isinstance(containers[0], dict) else {}


def explain(message: str, context: Context) -> str:
    """Return the reason that a pod's message gives, without a full stop.

    Args:
        message: the message of Argo's node.
        context: the task that it is about.
    """
    for pattern, explanation in _REASONS:
        if match := re.search(pattern, message):
            return explanation(match, context)
    return shorten(message)


def exit_code(message: str) -> int | None:
    """Return the exit code if the task's own program ended with it, and its log knows why."""
    match = re.fullmatch(r"(?:main: )?Error \(exit code (\d+)\)(?:: main)?", message)
    return int(match[1]) if match else None


def explain_exit(code: int | None, context: Context) -> str:
    """Return what is known of a task that left no sentence in its log.

    Args:
        code: the exit code, if it is known.
        context: the task that it is about.
    """
    if code is None:
        return "no reason is known"
    killed = f", probably out of memory: raise {context.task.stage}_memory"
    return f"exit code {code}{killed if code == SIGKILL and not context.task.driver else ''}"


def explain_sentence(sentence: str, context: Context) -> str:
    """Add what to do to a sentence of a task's log that doesn't say it.

    Args:
        sentence: the last sentence of the log.
        context: the task that it is about.
    """
    for pattern, advice in _ADVICE.items():
        if re.search(pattern, sentence):
            return f"{sentence} ({advice.format(stage=context.task.stage)})"
    return sentence


def shorten(text: str) -> str:
    """Return a text as one line that isn't too long and has no full stop."""
    line = one_line(text).rstrip(".")
    return line if len(line) <= LONGEST else line[:LONGEST].rstrip() + "…"


_ADVICE = {
    "failed to get bucket when downloading input artifact": (
        "Kubeflow can't fetch a list of artifacts from several pipeline roots: submit with "
        "another cache_salt"
    ),
    "signal: killed$": "probably out of memory: raise {stage}_memory",
}


def _out_of_memory(_: "re.Match[str]", context: Context) -> str:
    at = f" at {context.memory}" if context.memory else ""
    # A driver's memory is fixed by the server.
    advice = "" if context.task.driver else f": raise {context.task.stage}_memory"
    return f"OOMKilled{at}{advice}"


def _volume_full(match: "re.Match[str]", context: Context) -> str:
    return f"its volume {match[1]} is full ({match[2]}){_with_smaller_shards(context)}"


def _disk_full(match: "re.Match[str]", context: Context) -> str:
    return f"it wrote more to its local disk than {match[1]}{_with_smaller_shards(context)}"


def _node_full(match: "re.Match[str]", context: Context) -> str:
    if match[1] == "memory":
        return f"evicted, as its node ran out of memory: raise {context.task.stage}_memory_request"
    return f"evicted, as its node ran out of {match[1]}{_with_smaller_shards(context)}"


def _with_smaller_shards(context: Context) -> str:
    return "" if context.task.index is None else ": use more shards"


def _too_late(_: "re.Match[str]", context: Context) -> str:
    limit = context.deadline
    return f"DeadlineExceeded: it took longer than {limit or 'its time limit'}"


def _image(match: "re.Match[str]", context: Context) -> str:
    quoted = re.search(r'image "?([^\s"]+)"?', match.string)
    image = quoted[1].rstrip(":") if quoted else context.image
    return (
        f"the image {image or 'of its container'} can't be pulled: check its name and tag, and "
        "the cluster's access to its registry"
    )


def _missing_key(match: "re.Match[str]", _: Context) -> str:
    return f"the {match[2].lower()} {match[3].rpartition('/')[2]} has no key {match[1]}"


def _pod_security(match: "re.Match[str]", _: Context) -> str:
    level = match[1].partition(":")[0]
    return f"the namespace's Pod Security level {level} forbids its pod: {shorten(match[2])}"


def _quota(match: "re.Match[str]", _: Context) -> str:
    return f"the namespace's quota {match[1]} is exceeded: {shorten(match[2])}"


def _unschedulable(match: "re.Match[str]", context: Context) -> str:
    total, reasons = int(match[1]), match[2]
    parts = [_scheduling(part, total, context) for part in _NODES.finditer(reasons)]
    if not parts:
        return shorten(f"no node can take it: {reasons}")
    return "; ".join(parts)


def _scheduling(match: "re.Match[str]", total: int, context: Context) -> str:
    count, reason = int(match[1]), match[2]
    for pattern, phrase in _SCHEDULING:
        if detail := re.search(pattern, reason):
            return phrase(detail, _nodes(count, total), context)
    return f"{_nodes(count, total)}: {reason}"


def _nodes(count: int, total: int) -> str:
    """Return which nodes a reason is about; empty for all of them."""
    return "" if count >= total else f"{count} of {total} nodes"


def _selector(_: "re.Match[str]", some: str, context: Context) -> str:
    labels = context.node_labels
    if some:
        return f"{some} without {labels or 'the labels of its node selector'}"
    return f"no node has {labels}" if labels else "no node matches its node selector"


def _taint(match: "re.Match[str]", some: str, _: Context) -> str:
    return f"{some or 'all nodes'} with the taint {match[1]}, which the task doesn't tolerate"


def _insufficient(match: "re.Match[str]", some: str, _: Context) -> str:
    if some:
        return f"{some} without enough free {match[1]}"
    return f"no node has enough free {match[1]}"


_Phrase = Callable[["re.Match[str]", str, Context], str]
_SCHEDULING: tuple[tuple[str, _Phrase], ...] = (
    (r"didn't match Pod's node affinity/selector", _selector),
    (r"untolerated taint\(?s?\)? (\{.*?\})", _taint),
    (r"Insufficient ([\w./-]+\w)", _insufficient),
)
# One reason and the number of its nodes; taints have commas, colons and braces.
_NODES = re.compile(r"(\d+) ((?:\{[^}]*\}|[^,{])+)")


def _duration(seconds: int) -> str:
    units = {"hour": HOUR_S, "minute": MINUTE_S, "second": 1}
    name, unit = next(item for item in units.items() if seconds % item[1] == 0)
    return f"{seconds // unit} {name}{'' if seconds == unit else 's'}"


def _always(sentence: str) -> "_Explanation":
    return lambda _match, _context: sentence


_Explanation = Callable[["re.Match[str]", Context], str]
_REASONS: tuple[tuple[str, _Explanation], ...] = (
    (r"\bOOMKilled\b", _out_of_memory),
    (r'[Uu]sage of EmptyDir volume "([^"]+)" exceeds the limit "([^"]+)"', _volume_full),
    (
        r'(?:exceeds the total limit of containers|local ephemeral storage limit) "?(\w+)',
        _disk_full,
    ),
    (r"node was low on resource: ([\w-]+)", _node_full),
    (
        r"node had condition: \[(\w+)\]",
        lambda match, _: f"evicted, as its node had the condition {match[1]}",
    ),
    (r"DeadlineExceeded|longer than the specified deadline|exceeded its deadline", _too_late),
    (r"ImagePullBackOff|ErrImagePull|InvalidImageName|ErrImageNeverPull", _image),
    (r"couldn't find key (\S+) in (Secret|ConfigMap) ([^\s,]+)", _missing_key),
    (
        r"CreateContainerConfigError: (.*)",
        lambda match, _: shorten(match[1]),
    ),
    (r"(?:Unschedulable: )?0/(\d+) nodes are available: (.*?)(?:\. |\.?$)", _unschedulable),
    (r"is forbidden: violates PodSecurity \"([^\"]+)\": (.*)", _pod_security),
    (r"is forbidden: exceeded quota: ([^,]+), (.*)", _quota),
    (
        r"configmaps is forbidden",
        _always(
            "Argo may not create the ConfigMap that a task with more than 128 KiB of arguments "
            "needs: use fewer shards or a smaller label map"
        ),
    ),
    (r"imminent node shutdown|NodeShutdown|node shutdown", _always("its node was shut down")),
    (r"^pod deleted", _always("its pod was deleted (evicted, or its node was removed)")),
    (
        r"^(?:PodInitializing|ContainerCreating)$",
        _always("its image is being pulled, or its volumes are being mounted"),
    ),
)
