"""Argo workflows as a cluster has them behind runs, built from a few words for each task.

A workflow has the tree of nodes that Kubeflow Pipelines 2.17 makes of a loop over shards with
stages behind it: a driver before each task and each graph, and around each of them a node that
retries it. `Work` describes a task; `workflow` builds the JSON.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

NAME = "zoo-train-x7k2p"
NAMESPACE = "zoo"
LOGS = "zoo-store"
START = datetime(2031, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
LOOP = ".root(0).prepare-shards(0).for-loop-1(0)"
EXIT_1 = "main: Error (exit code 1)"
ENDS = {"Succeeded", "Failed", "Error", "Omitted", "Skipped"}


@dataclass(frozen=True)
class Work:
    """What became of a task.

    Attributes:
        phase: of its pod; `Cached` for one that was skipped, `Omitted` for one that never began,
            `Excluded` for one whose condition doesn't hold, `Backoff` for one whose attempt failed
            and that is to be tried again.
        message: of its pod.
        attempts: the number of its pods.
        rounds: how often all of these attempts were made.
        patch: what the driver decided on its pod.
        driver: phase and message of its driver's pod, if that isn't the end of it.
        start: when it began, in seconds after the workflow.
        seconds: how long it took.
    """

    phase: str = "Succeeded"
    message: str = ""
    attempts: int = 1
    rounds: int = 1
    patch: Mapping[str, Any] | None = None
    driver: tuple[str, str] | None = None
    start: float = 60
    seconds: float = 20


DONE, CACHED, RUNNING, OMITTED = Work(), Work("Cached"), Work("Running"), Work("Omitted")
EXCLUDED = Work("Excluded")
FAILED = Work("Failed", EXIT_1)


def times(count: int, work: Work = DONE) -> dict[int, Work]:
    """Return the same for all shards."""
    return dict.fromkeys(range(count), work)


def workflow(
    loop: Mapping[str, Mapping[int, Work]],
    then: Mapping[str, Work] | None = None,
    *,
    start: datetime = START,
    compressed: bool = False,
    terminated: bool = False,
    graph_driver: tuple[str, str] | None = None,
) -> str:
    """Return the workflow behind a run as JSON.

    Args:
        loop: the stages in the loop over shards, with what became of each shard.
        then: the stages behind it.
        start: when the workflow began.
        compressed: whether it is so large that its nodes are stored compressed.
        terminated: whether somebody ended it.
        graph_driver: phase and message of the pod of the loop's driver, if it is in the way.
    """
    tree = _Tree(start)
    tree.workflow(loop, then or {}, graph_driver, terminated)
    return tree.manifest(compressed)


def pod_id(stage: str, shard: int | None = None, attempt: int = 0) -> str:
    """Return the id of the node of a task's pod."""
    return _id(f"{NAME}(0){_place(shard)}.{stage}(0).executor({attempt})")


def pod_name(stage: str, shard: int | None = None, attempt: int = 0) -> str:
    """Return the name of a task's pod."""
    number = pod_id(stage, shard, attempt).removeprefix(f"{NAME}-")
    return f"{NAME}-retry-system-container-impl-{number}"


def log_key(stage: str, shard: int | None = None) -> str:
    """Return the key that a task's log is archived under."""
    return f"logs/{NAME}/{pod_name(stage, shard)}/main.log"


def _id(name: str) -> str:
    return f"{NAME}-{zlib.crc32(name.encode())}"


def _place(shard: int | None) -> str:
    if shard is None:
        return ".root(0)"
    return f"{LOOP}.iteration-iterations({shard}:{shard})(0).iteration-item(0)"


def _group(phases: Sequence[str]) -> str:
    """Return the phase of a node around others."""
    if any(phase not in ENDS for phase in phases):
        return "Running"
    return "Failed" if {"Failed", "Error"} & set(phases) else "Succeeded"


@dataclass
class _Tree:
    start: datetime
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def workflow(
        self,
        loop: Mapping[str, Mapping[int, Work]],
        then: Mapping[str, Work],
        graph_driver: tuple[str, str] | None,
        terminated: bool,
    ) -> None:
        self._driver("", "root", "system-dag-driver")
        self._driver(".root(0)", "prepare-shards", "system-dag-driver")
        phase, message = graph_driver or ("Succeeded", "")
        self._driver(LOOP, "iteration", "system-dag-driver", phase, message)
        phases = [phase, *self._shards(loop)]
        for name in (LOOP, ".root(0).prepare-shards(0)"):
            self._retried(name.removesuffix("(0)"), "comp-group", _group(phases))
        phases += [self._task(None, stage, work) for stage, work in then.items()]
        self._retried(".root", "root", _group(phases))
        why = "Stopped with strategy 'Terminate'" if terminated else ""
        self._node("", "Retry", "entrypoint", _group(phases), why, whole=True)
        self._node("(0)", "DAG", "entrypoint", _group(phases), whole=True)

    def _shards(self, loop: Mapping[str, Mapping[int, Work]]) -> list[str]:
        found: dict[int, list[str]] = {}
        for stage, shards in loop.items():
            for shard, work in shards.items():
                found.setdefault(shard, []).append(self._task(shard, stage, work))
        for shard, phases in found.items():
            place = f"{LOOP}.iteration-iterations({shard}:{shard})"
            self._retried(place, "comp-iteration", _group(phases))
            self._driver(f"{place}(0)", "iteration-item", "system-dag-driver")
            self._retried(f"{place}(0).iteration-item", "comp-for-loop-1", _group(phases))
        phases = [_group(some) for some in found.values()]
        if phases:
            name = f"{LOOP}.iteration-iterations"
            self._node(name, "TaskGroup", "comp-iteration", _group(phases))
        return phases

    def _task(self, shard: int | None, stage: str, work: Work) -> str:
        """Add a task and its driver, and return its phase."""
        place, container = _place(shard), "system-container-driver"
        if work.driver is not None:
            phase, message = work.driver
            self._driver(place, stage, container, phase, message, start=work.start)
            if phase in {"Failed", "Error"}:
                self._omitted(f"{place}.{stage}")
            return phase
        if work.phase == "Omitted":
            self._omitted(f"{place}.{stage}-driver")
            self._omitted(f"{place}.{stage}")
            return "Omitted"
        self._driver(place, stage, container, start=work.start - 10)
        if work.phase == "Excluded":
            why = "when 'false != false' evaluated false"
            template = "retry-system-container-executor"
            self._node(f"{place}.{stage}", "Skipped", template, "Skipped", why, work=work)
            return "Skipped"
        return self._executor(f"{place}.{stage}", work)

    def _executor(self, name: str, work: Work) -> str:
        around = {"Cached": "Succeeded", "Backoff": "Running", "Pending": "Running"}
        phase = around.get(work.phase, work.phase)
        template = "retry-system-container-executor"
        outer = "Failed" if phase == "Error" else phase
        self._node(name, "Retry", template, outer, work=work)
        for number in range(work.rounds):
            last = number == work.rounds - 1
            self._node(f"{name}({number})", "DAG", template, outer if last else "Error", work=work)
            self._attempts(f"{name}({number}).executor", work, phase if last else "Error")
        return outer

    def _attempts(self, name: str, work: Work, phase: str) -> None:
        """Add the pods of a task, and the node that retries them."""
        template = "retry-system-container-impl"
        if work.phase == "Cached":
            why = "when 'true != true' evaluated false"
            self._node(name, "Skipped", template, "Skipped", why, work=work)
            return
        backoff = work.phase == "Backoff" and phase == "Running"
        why = "Backoff for 1 minute 0 seconds" if backoff else work.message
        self._node(name, "Retry", template, phase, why, work=work)
        for number in range(work.attempts):
            last = number == work.attempts - 1
            own = work.phase if last and phase != "Error" and not backoff else "Error"
            self._node(f"{name}({number})", "Pod", template, own, work.message, work=work)

    def _driver(
        self,
        place: str,
        name: str,
        template: str,
        phase: str = "Succeeded",
        message: str = "",
        start: float = 0,
    ) -> None:
        work = Work(start=start, seconds=10)
        path = f"{place}.{name}-driver"
        around = "Running" if phase == "Pending" else phase
        self._node(path, "Retry", template, around, message, work=work)
        self._node(f"{path}(0)", "Pod", template, phase, message, work=work)

    def _retried(self, name: str, template: str, phase: str) -> None:
        self._node(name, "Retry", template, phase)
        self._node(f"{name}(0)", "DAG", template, phase)

    def _omitted(self, name: str) -> None:
        template = "system-container-driver" if name.endswith("-driver") else ""
        why = "omitted: depends condition not met"
        template = template or "retry-system-container-executor"
        self._node(name, "Skipped", template, "Omitted", why)

    def _node(
        self,
        name: str,
        kind: str,
        template: str,
        phase: str,
        message: str = "",
        work: Work | None = None,
        whole: bool = False,
    ) -> None:
        work = work or Work(start=0, seconds=200)
        full = NAME + (name if whole else f"(0){name}")
        key = NAME if full == NAME else _id(full)
        begin = self.start + timedelta(seconds=work.start)
        node: dict[str, Any] = {
            "id": key,
            "name": full,
            "displayName": full.rpartition(".")[2],
            "type": kind,
            "templateName": template,
            "templateScope": f"local/{NAME}",
            "phase": phase,
            "boundaryID": _id(full.rpartition(".")[0]),
            "startedAt": f"{begin:%Y-%m-%dT%H:%M:%SZ}",
            "finishedAt": None,
            "progress": "0/1",
        }
        if message:
            node["message"] = message
        if phase in ENDS:
            node["finishedAt"] = f"{begin + timedelta(seconds=work.seconds):%Y-%m-%dT%H:%M:%SZ}"
        if kind == "Pod" and phase in {"Succeeded", "Failed"}:
            pod = f"{NAME}-{template}-{key.rpartition('-')[2]}"
            log = {"name": "main-logs", "s3": {"key": f"logs/{NAME}/{pod}/main.log"}}
            node["outputs"] = {"artifacts": [log], "exitCode": "1"}
        if work.patch is not None and "executor" in full:
            patch = {"name": "pod-spec-patch", "value": json.dumps(work.patch)}
            node["inputs"] = {"parameters": [patch]}
        self.nodes[key] = node

    def manifest(self, compressed: bool) -> str:
        # A cluster's order is that of the ids.
        nodes = {key: self.nodes[key] for key in sorted(self.nodes)}
        packed = base64.b64encode(gzip.compress(json.dumps(nodes).encode())).decode()
        store = {"artifactRepository": {"archiveLogs": True, "s3": {"bucket": LOGS}}}
        status = {
            "phase": self.nodes[NAME]["phase"],
            "startedAt": self.nodes[NAME]["startedAt"],
            **({"compressedNodes": packed} if compressed else {"nodes": nodes}),
            "artifactRepositoryRef": store,
        }
        metadata = {"name": NAME, "namespace": NAMESPACE, "generateName": "zoo-train-"}
        return json.dumps({"metadata": metadata, "status": status})
