"""Which tasks of a run wait, are retried or failed, and why: one line for each reason."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipelines.reasons import exit_code, explain, explain_exit, explain_sentence
from pipelines.snapshot import Snapshot, State, TaskProgress
from pipelines.workflow import Node, Workflow

# Every pod is pending for some seconds.
PENDING_S = 30
LOGS_PER_STAGE = 3
SHARDS_NAMED = 3

# By the message of the pod and the reason without its counts: the reason, and its tasks.
Groups = dict[tuple[str, str], tuple[str, list[TaskProgress]]]


@dataclass(frozen=True)
class Problem:
    """One line about tasks of a stage.

    Attributes:
        tasks: the stage, and its shards where that helps, such as `download (shard 0/2)`.
        verb: such as `failed`.
        reason: why.
    """

    tasks: str
    verb: str
    reason: str

    def __str__(self) -> str:
        """Return the line."""
        return f"{self.tasks} {self.verb}: {self.reason}"


@dataclass
class Problems:
    """Finds the problems of a run, and keeps the sentences of the logs that it reads for them.

    Attributes:
        read: returns the last sentence of a pod's log, if there is one.
        clock: returns the time in seconds since the epoch.
    """

    read: Callable[[Workflow, Node], str | None]
    clock: Callable[[], float] = time.time
    _sentences: dict[str, str | None] = field(default_factory=dict)
    _reads: dict[tuple[str, State], int] = field(default_factory=dict)
    _first_pending: dict[str, float] = field(default_factory=dict)

    def find(self, snapshot: Snapshot) -> list[Problem]:
        """Return all problems of a run that are worth a line now."""
        return [
            *self._waits(snapshot),
            *self._grouped(snapshot, State.RETRIED, "is being retried"),
            *self.failures(snapshot),
        ]

    def failures(self, snapshot: Snapshot) -> list[Problem]:
        """Return which tasks failed, and why."""
        return self._grouped(snapshot, State.FAILED, "failed")

    def read_again(self) -> None:
        """Read logs again that couldn't be read; some are complete only when the run has ended."""
        self._sentences = {key: text for key, text in self._sentences.items() if text is not None}
        self._reads.clear()

    def _waits(self, snapshot: Snapshot) -> list[Problem]:
        problems = []
        for stage, tasks in snapshot.in_state(State.PENDING).items():
            late = [task for task in tasks if task.pod.message and self._is_late(task.pod)]
            reasons = [
                _of_driver(task, explain(task.pod.message, task, snapshot.parameters))
                for task in late
            ]
            if reasons:
                problems.append(Problem(stage, "waits", "; ".join(dict.fromkeys(reasons))))
        return problems

    def _is_late(self, pod: Node) -> bool:
        # The clocks of server and client may differ: either's view will do.
        first = self._first_pending.setdefault(pod.id, self.clock())
        start = first if pod.started is None else min(first, pod.started.timestamp())
        return pod.phase == "Pending" and self.clock() - start >= PENDING_S

    def _grouped(self, snapshot: Snapshot, state: State, verb: str) -> list[Problem]:
        return [
            Problem(_label(stage, group, snapshot.shards), verb, reason)
            for stage, tasks in snapshot.in_state(state).items()
            for reason, group in self._groups(snapshot, tasks).values()
        ]

    def _groups(self, snapshot: Snapshot, tasks: Sequence[TaskProgress]) -> Groups:
        """Group tasks by reason; reasons that differ in counts alone are the same."""
        groups: Groups = {}
        unread: list[TaskProgress] = []
        for task in tasks:
            reason = self._reason(snapshot, task)
            if reason is None:
                unread.append(task)
            else:
                reason = _of_driver(task, reason)
                key = task.pod.message, re.sub(r"\d+", "0", reason)
                groups.setdefault(key, (reason, []))[1].append(task)
        for task in unread:
            _join(task, groups)
        return groups

    def _reason(self, snapshot: Snapshot, task: TaskProgress) -> str | None:
        """Return why a task failed; None if only its log knows, and enough logs were read."""
        message, code = task.pod.message, exit_code(task.pod.message)
        if message and code is None:
            return explain(message, task, snapshot.parameters)
        if task.pod.id not in self._sentences and not self._read(snapshot, task):
            return None
        sentence = self._sentences[task.pod.id]
        if sentence is not None:
            return explain_sentence(sentence, task)
        return f"{explain_exit(code, task)} ({_log_place(snapshot, task.pod)})"

    def _read(self, snapshot: Snapshot, task: TaskProgress) -> bool:
        """Read a task's log, unless enough logs of its stage were read."""
        key = task.stage, task.state
        self._reads[key] = self._reads.get(key, 0) + 1
        if self._reads[key] > LOGS_PER_STAGE or snapshot.workflow is None:
            return False
        self._sentences[task.pod.id] = self.read(snapshot.workflow, task.pod)
        return True


def _of_driver(task: TaskProgress, reason: str) -> str:
    return f"its driver: {reason}" if task.driver else reason


def _log_place(snapshot: Snapshot, pod: Node) -> str:
    """Return where the log of a pod is archived."""
    bucket = "" if snapshot.workflow is None else snapshot.workflow.log_bucket
    if not pod.log_key:
        return "its log can't be read"
    return f"its log: {f's3://{bucket}/' if bucket else ''}{pod.log_key}"


def _join(task: TaskProgress, groups: Groups) -> None:
    """Add a task whose log wasn't read to the group of those that ended like it, if it's one."""
    message = task.pod.message
    alike = [key for key in groups if key[0] == message]
    if len(alike) == 1:
        groups[alike[0]][1].append(task)
        return
    reason = f"{message or 'no reason is known'} (only {LOGS_PER_STAGE} logs were read)"
    groups.setdefault((message, reason), (reason, []))[1].append(task)


def _label(stage: str, tasks: Sequence[TaskProgress], shards: Sequence[str]) -> str:
    names = [shards[task.index] for task in tasks if task.index is not None]
    if len(names) > SHARDS_NAMED:
        named = names[: SHARDS_NAMED - 1]
        names = [*named, f"{len(names) - len(named)} more"]
    if len(names) > 1:
        return f"{stage} (shards {', '.join(names[:-1])} and {names[-1]})"
    if not names:
        return stage
    return f"{stage} ({'shards' if '-' in names[0] else 'shard'} {names[0]})"
