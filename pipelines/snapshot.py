"""A run at one moment: its state, and its stages and tasks as far as they are known.

A task such as `download` of shard 1 is several nodes of the workflow: a driver's pod that prepares
it, and then a pod for each attempt, until one succeeds.
"""

import enum
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pipelines.workflow import Node, Workflow, one_line, parse_time, parse_workflow

PENDING, SUCCEEDED, FAILED, CANCELLED = "PENDING", "SUCCEEDED", "FAILED", "CANCELED"
ENDS = {
    SUCCEEDED: "succeeded",
    FAILED: "failed",
    CANCELLED: "was cancelled",
    "SKIPPED": "was skipped",
}
_PHRASES = {**ENDS, "CANCELING": "is being cancelled"}
_TERMINATED = ("Stopped with strategy", "workflow shutdown with strategy")
_DRIVER, _GRAPH_DRIVER = "-driver", "system-dag-driver"
_OF_TASK = re.compile("system-container-|^system-importer")
# The path of a task without its attempts: names and indices.
Key = tuple[tuple[str, int | None], ...]
_HAS_FAILED = frozenset({"Failed", "Error"})


class State(enum.Enum):
    """The state of a task; the value is the word for it."""

    DONE = "done"
    CACHED = "cached"
    RUNNING = "running"
    PENDING = "pending"
    RETRIED = "being retried"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    NOT_STARTED = "not started"


_ENDED = frozenset({State.DONE, State.CACHED, State.FAILED, State.CANCELLED, State.SKIPPED})


@dataclass(frozen=True)
class TaskProgress:
    """One task of a stage.

    Attributes:
        stage: the name of the component, such as `download`.
        index: the index of the shard; None outside of the loop over shards.
        state: the task's state.
        driver: whether `pod` is the driver's.
        pod: the newest pod, or the node in its place where there is none.
        started: when it was started, by its driver.
        finished: when it ended; None before that.
    """

    stage: str
    index: int | None
    state: State
    driver: bool
    pod: Node
    started: datetime | None
    finished: datetime | None


@dataclass(frozen=True)
class StageProgress:
    """All tasks of one component.

    Attributes:
        name: the component's name.
        total: the number of tasks, those without a node yet included.
        counts: the number of tasks in each state.
        in_loop: whether it has a task for each shard.
        started: when the first task was started.
        finished: when the last task ended; None before that.
    """

    name: str
    total: int
    counts: Mapping[State, int]
    in_loop: bool
    started: datetime | None
    finished: datetime | None

    @property
    def is_skipped(self) -> bool:
        """Whether the run has none of its tasks, as their condition doesn't hold."""
        return self.counts.get(State.SKIPPED, 0) == self.total

    @property
    def done(self) -> int:
        """The number of tasks that succeeded or were cached."""
        return self.counts.get(State.DONE, 0) + self.counts.get(State.CACHED, 0)

    def elapsed(self, now: datetime) -> timedelta | None:
        """Return how long the stage has taken so far; None before it starts."""
        start = self.started
        return None if start is None else max((self.finished or now) - start, timedelta())

    def __str__(self) -> str:
        """Return one line, such as `preprocess 34/60 done, 3 running, 1 failed`."""
        cached = self.counts.get(State.CACHED, 0)
        if not self.in_loop and self.total == 1:
            return f"{self.name} {'done (cached)' if cached else next(iter(self.counts)).value}"
        done = f"{self.done}/{self.total} done{f' ({cached} cached)' if cached else ''}"
        others = [
            f"{self.counts[state]} {state.value}"
            for state in State
            if state not in {State.DONE, State.CACHED} and self.counts.get(state)
        ]
        return f"{self.name} {', '.join([done, *others])}"


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment.

    Attributes:
        state: the run's state, such as `RUNNING`.
        created: when the run was created.
        finished: when it ended; None before that.
        parameters: the values that it was started with.
        error: the server's explanation of a failure; often empty.
        workflow: the workflow behind it; None if the server doesn't have it.
        tasks: the tasks, stage by stage.
        graphs: the drivers of graphs that hold up the run.
        stages: the stages in the order in which they start.
        shards: the shards by index.
    """

    state: str
    created: datetime | None = None
    finished: datetime | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    workflow: Workflow | None = None
    tasks: tuple[TaskProgress, ...] = ()
    graphs: tuple[TaskProgress, ...] = ()
    stages: tuple[StageProgress, ...] = ()
    shards: tuple[str, ...] = ()

    def in_state(self, state: State) -> dict[str, list[TaskProgress]]:
        """Return the tasks in a state, and the graphs, stage by stage."""
        return by_stage(one for one in (*self.graphs, *self.tasks) if one.state == state)

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended."""
        return self.state in ENDS

    @property
    def phrase(self) -> str:
        """The phrase for the state, such as `was cancelled` or `running`."""
        # The server counts a run that was terminated while a task was retried as failed.
        terminated = self.workflow is not None and self.workflow.message.startswith(_TERMINATED)
        state = CANCELLED if terminated and self.state == FAILED else self.state
        return _PHRASES.get(state) or state.lower()

    def elapsed(self, now: datetime) -> timedelta | None:
        """Return how long the run has taken so far; None if that isn't known."""
        return None if self.created is None else (self.finished or now) - self.created


def take_snapshot(run: Mapping[str, Any], manifest: str | None = None) -> Snapshot:
    """Return a run at this moment.

    Args:
        run: the run as the server returns it.
        manifest: the workflow behind it as JSON, if the server has it.

    Raises:
        InputDataError: the workflow can't be read.
    """
    parameters = (run.get("runtime_config") or {}).get("parameters") or {}
    known: dict[str, Any] = {}
    if manifest:
        workflow = parse_workflow(manifest)
        shards, tasks = shard_names(workflow, parameters.get("shards")), find_tasks(workflow)
        stages = find_stages(tasks, len(shards))
        order = [stage.name for stage in stages]
        known = {
            "workflow": workflow,
            "tasks": tuple(sorted(tasks, key=lambda task: order.index(task.stage))),
            "graphs": tuple(find_graphs(workflow)),
            "stages": tuple(stages),
            "shards": tuple(shards),
        }
    return Snapshot(
        state=str(run.get("state") or PENDING).upper(),
        created=parse_time(run.get("created_at")),
        finished=parse_time(run.get("finished_at")),
        parameters=parameters,
        error=one_line((run.get("error") or {}).get("message")).rstrip("."),
        **known,
    )


def find_tasks(workflow: Workflow) -> list[TaskProgress]:
    """Return the tasks of a workflow, in rising order of stage and shard."""
    tasks: dict[Key, dict[bool, TaskProgress]] = {}
    nodes = (node for node in workflow.nodes if node.path and _OF_TASK.search(node.template))
    for (*around, (name, index)), group in _groups(nodes).items():
        attempts = _attempts(len(around) + 1, group)
        key: Key = (*around, (name.removesuffix(_DRIVER), index))
        tasks.setdefault(key, {})[attempts.driver] = attempts
    return sorted(map(_task, tasks.values()), key=_order)


def find_graphs(workflow: Workflow) -> list[TaskProgress]:
    """Return the drivers of graphs, such as the loop over shards, that hold up or end a run.

    They aren't tasks of a stage, but nothing within the graph starts without them.
    """
    groups = _groups(n for n in workflow.nodes if n.path and n.template.startswith(_GRAPH_DRIVER))
    graphs = [_attempts(len(key), group) for key, group in groups.items()]
    holds_up = {State.RETRIED, State.FAILED, State.PENDING}
    return sorted((graph for graph in graphs if graph.state in holds_up), key=_order)


def find_stages(tasks: Iterable[TaskProgress], shards: int) -> list[StageProgress]:
    """Return the stages of a run in the order in which they start.

    Args:
        tasks: the run's tasks.
        shards: the number of shards, as far as it is known.
    """
    stages = [_stage(name, some, shards) for name, some in by_stage(tasks).items()]
    # Of those that haven't started, the stages of the loop come first.
    return sorted(
        stages,
        key=lambda stage: (
            stage.started.timestamp() if stage.started else float("inf"),
            not stage.in_loop,
            stage.name,
        ),
    )


def by_stage(tasks: Iterable[TaskProgress]) -> dict[str, list[TaskProgress]]:
    """Return the tasks of each stage."""
    stages: dict[str, list[TaskProgress]] = {}
    for task in tasks:
        stages.setdefault(task.stage, []).append(task)
    return stages


def shard_names(workflow: Workflow, shards: object) -> list[str]:
    """Return the shards by index.

    Args:
        workflow: the run's workflow.
        shards: the run's parameter of that name, if it has one.
    """
    indices = [node.iteration for node in workflow.nodes if node.iteration is not None]
    count = max(indices, default=-1) + 1
    if isinstance(shards, list) and len(shards) >= count:
        return [str(shard) for shard in shards]
    return [f"{index}/{count}" for index in range(count)]


def _groups(nodes: Iterable[Node]) -> dict[Key, list[Node]]:
    """Return the nodes of each task, and of each driver."""
    groups: dict[Key, list[Node]] = {}
    for node in nodes:
        steps = node.path[:-1] if node.path[-1].name == "executor" else node.path
        groups.setdefault(tuple(step[:2] for step in steps), []).append(node)
    return groups


def _attempts(depth: int, nodes: Sequence[Node]) -> TaskProgress:
    """Return the progress of a task, or of its driver, of which these are the nodes."""
    newest = sorted(nodes, key=lambda node: node.attempts)
    heads = [node for node in newest if len(node.path) == depth]
    whole = [node for node in heads if node.path[-1].attempt is None] or heads or newest
    pods = [node for node in newest if node.kind in {"Pod", "Skipped"} and node.phase != "Omitted"]
    # The node that stands for all attempts, and the newest attempt.
    head, pod = whole[-1], pods[-1] if pods else None
    # Whether an attempt that has just failed is the last one, Argo decides a little later.
    backs_off = any(n.kind == "Retry" and n.message.startswith("Backoff for") for n in newest)
    state = _state(head, pod, backs_off)
    return TaskProgress(
        stage=_stage_name(head),
        index=head.iteration,
        state=state,
        driver=head.path[-1].name.endswith(_DRIVER),
        pod=pod or head,
        started=head.started if state != State.NOT_STARTED else None,
        finished=head.finished if state in _ENDED else None,
    )


def _state(head: Node, pod: Node | None, backs_off: bool) -> State:
    if head.phase == "Succeeded":
        return State.CACHED if pod is not None and pod.phase == "Skipped" else State.DONE
    # Its condition doesn't hold.
    if head.phase == "Skipped":
        return State.SKIPPED
    if head.phase == "Omitted":
        return State.NOT_STARTED
    if head.phase in _HAS_FAILED:
        return State.CANCELLED if _was_terminated(pod or head, head) else State.FAILED
    if pod is None or pod.phase == "Pending":
        return State.PENDING
    return State.RETRIED if backs_off else State.RUNNING


def _was_terminated(pod: Node, head: Node) -> bool:
    failed = pod.phase in _HAS_FAILED and not pod.message.startswith(_TERMINATED)
    return not failed and (pod.message or head.message).startswith(_TERMINATED)


def _task(parts: Mapping[bool, TaskProgress]) -> TaskProgress:
    """Return a task, given the progress of its driver (True), its own (False), or both."""
    driver, task = parts.get(True) or parts[False], parts.get(False) or parts[True]
    if driver.state in {State.FAILED, State.CANCELLED} and task.state == State.NOT_STARTED:
        task = driver
    # Until its driver has ended, a task has no nodes of its own.
    if task.driver and task.state in {State.DONE, State.CACHED, State.RUNNING}:
        task = replace(task, state=State.PENDING, finished=None)
    started = None if task.state == State.NOT_STARTED else driver.started
    return replace(task, started=started)


def _stage_name(head: Node) -> str:
    """Return the name of a task, or of the component around a graph that Argo made itself."""
    names = [step.name.removesuffix(_DRIVER) for step in head.path]
    if not head.template.startswith(_GRAPH_DRIVER):
        return names[-1].replace("-", "_")
    own = [name for name in names if not name.startswith(("root", "for-loop-", "iteration"))]
    return own[-1] if own else "the pipeline"


def _order(task: TaskProgress) -> tuple[str, int]:
    return task.stage, -1 if task.index is None else task.index


def _stage(name: str, tasks: Sequence[TaskProgress], shards: int) -> StageProgress:
    in_loop = any(task.index is not None for task in tasks)
    total = max(len(tasks), shards if in_loop else 0)
    ended = len(tasks) == total and all(t.state in {*_ENDED, State.NOT_STARTED} for t in tasks)
    ends = [task.finished for task in tasks if task.finished is not None]
    return StageProgress(
        name=name,
        total=total,
        counts=Counter(task.state for task in tasks),
        in_loop=in_loop,
        started=min((t.started for t in tasks if t.started is not None), default=None),
        finished=max(ends, default=None) if ended else None,
    )
