"""A run at one moment: its state, and its stages and tasks as far as they are known."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from pipelines.stages import (
    TERMINATED,
    Stage,
    Task,
    find_graphs,
    find_stages,
    find_tasks,
    shard_names,
)
from pipelines.workflow import Workflow, parse_workflow

PENDING = "PENDING"
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
CANCELLED = "CANCELED"
ENDS = {
    SUCCEEDED: "succeeded",
    FAILED: "failed",
    CANCELLED: "was cancelled",
    "SKIPPED": "was skipped",
}
_WORDS = {"CANCELING": "is being cancelled"}
ZERO_YEAR = 1970


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
    tasks: tuple[Task, ...] = ()
    graphs: tuple[Task, ...] = ()
    stages: tuple[Stage, ...] = ()
    shards: tuple[str, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended."""
        return self.state in ENDS

    @property
    def phrase(self) -> str:
        """The phrase for the state, such as `was cancelled` or `running`."""
        # The server counts a run that was terminated while a task was retried as failed.
        terminated = self.workflow is not None and self.workflow.message.startswith(TERMINATED)
        state = CANCELLED if terminated and self.state == FAILED else self.state
        return ENDS.get(state) or _WORDS.get(state) or state.lower()

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
    bare = Snapshot(
        state=str(run.get("state") or PENDING).upper(),
        created=_time(run.get("created_at")),
        finished=_time(run.get("finished_at")),
        parameters=(run.get("runtime_config") or {}).get("parameters") or {},
        error=" ".join(str((run.get("error") or {}).get("message") or "").split()).rstrip("."),
    )
    if not manifest:
        return bare
    workflow = parse_workflow(manifest)
    shards = shard_names(workflow, bare.parameters.get("shards"))
    tasks = find_tasks(workflow)
    stages = find_stages(tasks, len(shards))
    order = [stage.name for stage in stages]
    return replace(
        bare,
        workflow=workflow,
        tasks=tuple(sorted(tasks, key=lambda task: order.index(task.stage))),
        graphs=tuple(find_graphs(workflow)),
        stages=tuple(stages),
        shards=tuple(shards),
    )


def _time(text: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    # The server's zero is 1970 or the year 1.
    if time.year <= ZERO_YEAR:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
