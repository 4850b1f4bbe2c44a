"""The Argo workflow behind a run, as the server stores it.

A node's name is the path of templates that led to it: in
`train-x(0).root(0).for-loop-1(0).iteration-iterations(1:1)(0).iteration-item(0).download(0)`,
`(1:1)` is an iteration of a loop and `(0)` an attempt. Large workflows are stored compressed.
"""

import base64
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, NamedTuple

from autofocus.errors import InputDataError

_STEP = re.compile(
    r"(?P<name>[^()]*)(?:\((?P<iteration>\d+):[^()]*\))?(?:\((?P<attempt>\d+)\))?", re.ASCII
)
# What JSON of another form, base64 and gzip raise.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, zlib.error)
ZERO_YEAR = 1970
LONGEST = 300


class Step(NamedTuple):
    """One step of a node's path: a task, the index in its loop, and the number of the attempt."""

    name: str
    iteration: int | None = None
    attempt: int | None = None


@dataclass(frozen=True)
class Node:
    """A node of a workflow: a pod, or a group of other nodes.

    Attributes:
        id: the node's id, `<workflow>-<number>`.
        path: the steps below the workflow itself.
        kind: Argo's type, such as `Pod`, `Retry` or `Skipped`.
        phase: such as `Pending`, `Running`, `Succeeded`, `Failed`, `Error` or `Omitted`.
        template: the template's name.
        message: Argo's explanation of the phase, in one line; often empty.
        started: when the node was created.
        finished: when it ended.
        content: the node's JSON.
    """

    id: str
    path: tuple[Step, ...]
    kind: str
    phase: str
    template: str
    message: str
    started: datetime | None
    finished: datetime | None
    content: Mapping[str, Any]

    @property
    def iteration(self) -> int | None:
        """The index in the innermost loop around the node."""
        indices = [step.iteration for step in self.path if step.iteration is not None]
        return indices[-1] if indices else None

    @property
    def attempts(self) -> tuple[int, ...]:
        """The attempt of each step; the greatest tuple is the newest node of a task."""
        return tuple(-1 if step.attempt is None else step.attempt for step in self.path)

    @property
    def log_key(self) -> str:
        """The key of the pod's log in the artifact store; empty if there is none."""
        artifacts = (self.content.get("outputs") or {}).get("artifacts") or []
        logs = [one.get("s3") or {} for one in artifacts if one.get("name") == "main-logs"]
        return str(logs[0].get("key") or "") if logs else ""

    @cached_property
    def pod_patch(self) -> Mapping[str, Any]:
        """What the driver decided about the pod; empty if it isn't known."""
        parameters = (self.content.get("inputs") or {}).get("parameters") or []
        texts = [one.get("value") for one in parameters if one.get("name") == "pod-spec-patch"]
        try:
            patch = json.loads(texts[0]) if texts else {}
        except (TypeError, ValueError):
            return {}
        return patch if isinstance(patch, dict) else {}


@dataclass(frozen=True)
class Workflow:
    """A workflow at one moment.

    Attributes:
        name: the workflow's name.
        namespace: the namespace of its pods.
        message: Argo's explanation of the workflow's phase; often empty.
        log_bucket: the bucket that logs are archived in; may be empty.
        nodes: all nodes but the workflow itself.
    """

    name: str
    namespace: str
    message: str
    log_bucket: str
    nodes: tuple[Node, ...]

    def pod_name(self, node: Node) -> str:
        """Return the name of a node's pod."""
        return f"{self.name}-{node.template}-{node.id.rpartition('-')[2]}"


def parse_workflow(manifest: str) -> Workflow:
    """Read a workflow as the server returns it.

    Args:
        manifest: the workflow as JSON, its nodes in `status.nodes` or, compressed, in
            `status.compressedNodes`.

    Raises:
        InputDataError: it isn't a workflow that can be read.
    """
    try:
        content = json.loads(manifest)
        metadata, status = content["metadata"], content.get("status") or {}
        name, nodes = metadata["name"], _nodes(status)
        logs = (status.get("artifactRepositoryRef") or {}).get("artifactRepository") or {}
        return Workflow(
            name=name,
            namespace=metadata.get("namespace") or "",
            message=one_line((nodes.get(name) or {}).get("message") or status.get("message")),
            log_bucket=str((logs.get("s3") or {}).get("bucket") or ""),
            nodes=tuple(_node(name, nodes[key]) for key in nodes if key != name),
        )
    except _UNREADABLE as error:
        raise InputDataError(f"The run's workflow can't be read: {one_line(error)}.") from None


def _nodes(status: Mapping[str, Any]) -> dict[str, Any]:
    compressed = status.get("compressedNodes")
    if status.get("offloadNodeStatusVersion") and not (compressed or status.get("nodes")):
        raise ValueError("its nodes are in a database of Argo's")
    if not compressed:
        return dict(status.get("nodes") or {})
    return dict(json.loads(gzip.decompress(base64.b64decode(compressed, validate=True))))


def _node(workflow: str, content: Mapping[str, Any]) -> Node:
    path = str(content["name"]).removeprefix(workflow).partition(".")[2]
    return Node(
        id=str(content["id"]),
        path=tuple(_step(text) for text in path.split(".") if text),
        kind=str(content.get("type") or ""),
        phase=str(content.get("phase") or "Pending"),
        template=str(content.get("templateName") or ""),
        message=one_line(content.get("message")),
        started=parse_time(content.get("startedAt")),
        finished=parse_time(content.get("finishedAt")),
        content=content,
    )


def _step(text: str) -> Step:
    match = _STEP.fullmatch(text)
    if match is None:
        return Step(text)
    iteration, attempt = (None if n is None else int(n) for n in match.group(2, 3))
    return Step(match["name"], iteration, attempt)


def parse_time(text: Any) -> datetime | None:
    """Return a time of the server; None if there is none, which may be 1970 or the year 1."""
    try:
        time = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    if time.year <= ZERO_YEAR:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def one_line(text: object) -> str:
    """Return a text as one line, without what controls a terminal."""
    words = str(text or "").split()
    return "".join(letter for letter in " ".join(words) if letter.isprintable())


def shorten(text: object) -> str:
    """Return a text as one line that isn't too long and has no full stop."""
    line = one_line(text).rstrip(".")
    return line if len(line) <= LONGEST else line[:LONGEST].rstrip() + "…"
