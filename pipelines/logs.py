"""The last sentence of a task's log: what was wrong, in the task's own words."""

import re
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote, urlencode

from autofocus.errors import AutofocusError
from pipelines.cluster import Cluster
from pipelines.workflow import Node, Workflow, shorten

# What a command of this project writes to standard error when it fails.
_OURS = re.compile(r"(?:^|\s)autofocus [\w-]+: error: (.+)")
# The launcher around a task writes in klog's format: level, date, time, thread, place. That it
# repeats the task's exit status says nothing.
_LAUNCHER = re.compile(
    r"^F\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [\w./-]+:\d+\] (?:failed to execute component: )?"
    r"(?!.*exit status \d+$)(.+)"
)
_TRACEBACK = "Traceback (most recent call last):"


def last_sentence(log: str) -> str | None:
    """Return the sentence of a log that says why its task failed.

    That is the last error of this project's commands; else what the launcher ended with, unless
    it only repeats the task's exit status; else the exception of the last traceback.

    Args:
        log: the log's text, or the end of it.

    Returns:
        The sentence without a full stop; None if there is none.
    """
    lines = log.splitlines()
    for pattern in (_OURS, _LAUNCHER):
        if matches := [match[1] for line in lines if (match := pattern.search(line))]:
            return shorten(matches[-1])
    exception = _exception(lines)
    return shorten(exception) if exception else None


def read_sentence(cluster: Cluster, run: str, workflow: Workflow, pod: Node) -> str | None:
    """Return the last sentence of a pod's log, from wherever the server still has the log.

    Args:
        cluster: the server.
        run: the run's id.
        workflow: the run's workflow.
        pod: the pod's node.

    Returns:
        The sentence; None if no log can be read, or if it holds no such sentence.
    """
    name = workflow.pod_name(pod)
    day = "" if pod.started is None else f"{pod.started:%Y-%m-%d}"
    paths = [quote(f"/apis/v1alpha1/runs/{run}/nodes/{node}/log") for node in (pod.id, name)]
    query = urlencode({"podname": name, "podnamespace": workflow.namespace, "createdat": day})
    # Once the pod has gone, the server finds its log by one of these names, or only the user
    # interface does, as it looks into the archive of logs.
    for url in (*(cluster.host + path for path in paths), f"{cluster.ui}/k8s/pod/logs?{query}"):
        with suppress(AutofocusError):
            if sentence := last_sentence(cluster.end_of_log(url)):
                return sentence
    return None


def _exception(lines: Sequence[str]) -> str | None:
    """Return the exception that ends the last traceback."""
    if _TRACEBACK not in lines:
        return None
    start = len(lines) - lines[::-1].index(_TRACEBACK)
    return next((line for line in lines[start:] if line and not line[0].isspace()), None)
