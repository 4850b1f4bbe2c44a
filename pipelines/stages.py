"""The stages of a run: which tasks each has, and in which state they are.

A task such as `download` of shard 1 is several nodes of the workflow: a driver's pod that prepares
it, and then a pod for each attempt, until one succeeds.
"""

import enum
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.workflow import Node, Workflow

_DRIVER = "-driver"
_EXECUTOR = "executor"
_GRAPH_DRIVER = "system-dag-driver"
_BACKOFF = "Backoff for"
TERMINATED = ("Stopped with strategy", "workflow shutdown with strategy")


class State(enum.Enum):
    """The state of a task; the value is the word for it."""

    DONE = "done"
    CACHED = "cached"
    RUNNING = "running"
    PENDING = "pending"
    RETRIED = "being retried"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NOT_STARTED = "not started"


_ENDS = frozenset({State.DONE, State.CACHED, State.FAILED, State.CANCELLED, State.NOT_STARTED})


@dataclass(frozen=True)
class Task:
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
class Stage:
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
    def done(self) -> int:
        """The number of tasks that succeeded or were cached."""
        return self.counts.get(State.DONE, 0) + self.counts.get(State.CACHED, 0)

    def elapsed(self, now: datetime) -> timedelta | None:
        """Return how long the stage has taken so far; None before it starts."""
        if self.started is None:
            return None
        return max((self.finished or now) - self.started, timedelta())

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
class _Part:
    """The nodes of a task, or those of its driver.

    Attributes:
        head: the node that stands for all attempts.
        pod: the newest attempt's pod, or the node that was skipped in its place.
        backs_off: whether the next attempt is due.
    """

    head: Node
    pod: Node | None
    backs_off: bool

    @property
    def state(self) -> State:
        if self.head.phase == "Succeeded":
            cached = self.pod is not None and self.pod.phase == "Skipped"
            return State.CACHED if cached else State.DONE
        if self.head.phase in {"Omitted", "Skipped"}:
            return State.NOT_STARTED
        if self.head.phase in {"Failed", "Error"}:
            return State.CANCELLED if self._was_terminated() else State.FAILED
        if self.pod is None or self.pod.phase == "Pending":
            return State.PENDING
        # Whether an attempt that has just failed is the last one, Argo decides a little later.
        return State.RETRIED if self.backs_off else State.RUNNING

    def _was_terminated(self) -> bool:
        pod = self.pod or self.head
        failed = pod.phase in {"Failed", "Error"} and not pod.message.startswith(TERMINATED)
        return not failed and (pod.message or self.head.message).startswith(TERMINATED)


def find_tasks(workflow: Workflow) -> list[Task]:
    """Return the tasks of a workflow, in rising order of stage and shard."""
    parts = _parts(node for node in workflow.nodes if _is_of_task(node))
    keys = {_without_driver(key) for key in parts}
    tasks = [_task(parts.get(key), parts.get(_driver_of(key))) for key in keys]
    return sorted(tasks, key=_order)


def find_graphs(workflow: Workflow) -> list[Task]:
    """Return the drivers of graphs, such as the loop over shards, that hold up or end a run.

    They aren't tasks of a stage, but nothing within the graph starts without them.
    """
    nodes = [node for node in workflow.nodes if node.template.startswith(_GRAPH_DRIVER)]
    tasks = [_task(None, part) for part in _parts(nodes).values()]
    waiting = {State.RETRIED, State.FAILED}
    graphs = [task for task in tasks if task.state in waiting or task.pod.phase == "Pending"]
    return sorted(graphs, key=_order)


def find_stages(tasks: Iterable[Task], shards: int) -> list[Stage]:
    """Return the stages of a run in the order in which they start.

    Args:
        tasks: the run's tasks.
        shards: the number of shards, as far as it is known.
    """
    by_name: dict[str, list[Task]] = {}
    for task in tasks:
        by_name.setdefault(task.stage, []).append(task)
    stages = [_stage(name, some, shards) for name, some in by_name.items()]
    return sorted(stages, key=_start)


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


def _is_of_task(node: Node) -> bool:
    return bool(node.path) and (
        "system-container-" in node.template or node.template.startswith("system-importer")
    )


Key = tuple[tuple[str, int | None], ...]


def _parts(nodes: Iterable[Node]) -> dict[Key, _Part]:
    groups: dict[Key, list[Node]] = {}
    for node in nodes:
        groups.setdefault(_key(node), []).append(node)
    return {key: _part(key, group) for key, group in groups.items()}


def _key(node: Node) -> Key:
    """Return the path of a node's task, or of its driver, without the attempts."""
    steps = node.path[:-1] if node.path[-1].name == _EXECUTOR else node.path
    return tuple((step.name, step.iteration) for step in steps)


def _part(key: Key, nodes: Sequence[Node]) -> _Part:
    newest = sorted(nodes, key=lambda node: node.attempts)
    heads = [node for node in newest if len(node.path) == len(key)]
    whole = [node for node in heads if node.path[-1].attempt is None] or heads or newest
    pods = [node for node in newest if node.kind in {"Pod", "Skipped"} and node.phase != "Omitted"]
    backs_off = any(node.message.startswith(_BACKOFF) for node in newest if node.kind == "Retry")
    return _Part(whole[-1], pods[-1] if pods else None, backs_off)


def _without_driver(key: Key) -> Key:
    name, iteration = key[-1]
    return (*key[:-1], (name.removesuffix(_DRIVER), iteration))


def _driver_of(key: Key) -> Key:
    name, iteration = key[-1]
    return (*key[:-1], (name + _DRIVER, iteration))


def _task(own: _Part | None, driver: _Part | None) -> Task:
    part, is_driver = _decisive(own, driver)
    state = _state_of_driver(part.state) if is_driver else part.state
    heads = [one.head for one in (driver, own) if one is not None]
    return Task(
        stage=_name(part.head),
        index=part.head.iteration,
        state=state,
        driver=is_driver,
        pod=part.pod or part.head,
        started=heads[0].started if state != State.NOT_STARTED else None,
        finished=heads[-1].finished if state in _ENDS - {State.NOT_STARTED} else None,
    )


def _decisive(own: _Part | None, driver: _Part | None) -> tuple[_Part, bool]:
    """Return the part that determines a task's state, and whether that is the driver's."""
    if own is None:
        assert driver is not None  # noqa: S101 - a task has one of them
        return driver, True
    if driver is None or own.state != State.NOT_STARTED:
        return own, False
    failed = driver.state in {State.FAILED, State.CANCELLED}
    return (driver, True) if failed else (own, False)


def _state_of_driver(state: State) -> State:
    """Return the state of a task whose own nodes don't exist yet."""
    waiting = {State.DONE, State.CACHED, State.RUNNING}
    return State.PENDING if state in waiting else state


def _name(head: Node) -> str:
    """Return the name of a task, or of the component around a graph that Argo made itself."""
    names = [step.name.removesuffix(_DRIVER) for step in head.path]
    if not head.template.startswith(_GRAPH_DRIVER):
        return names[-1]
    own = [name for name in names if not name.startswith(("root", "for-loop-", "iteration"))]
    return own[-1] if own else "the pipeline"


def _order(task: Task) -> tuple[str, int]:
    return task.stage, -1 if task.index is None else task.index


def _stage(name: str, tasks: Sequence[Task], shards: int) -> Stage:
    in_loop = any(task.index is not None for task in tasks)
    total = max(len(tasks), shards if in_loop else 0)
    starts = [task.started for task in tasks if task.started is not None]
    ends = [task.finished for task in tasks if task.finished is not None]
    ended = len(tasks) == total and all(task.state in _ENDS for task in tasks)
    return Stage(
        name=name,
        total=total,
        counts=Counter(task.state for task in tasks),
        in_loop=in_loop,
        started=min(starts, default=None),
        finished=max(ends, default=None) if ended else None,
    )


def _start(stage: Stage) -> tuple[float, bool, str]:
    """Sort by start; of those that haven't started, the stages of the loop come first."""
    start = float("inf") if stage.started is None else stage.started.timestamp()
    return start, not stage.in_loop, stage.name
