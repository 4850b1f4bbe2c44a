"""Following a run on a cluster until it ends.

python -m pipelines.following --host URL --run ID
"""

import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from autofocus.common.command import Argument
from autofocus.common.errors import AutofocusError
from autofocus.common.settings import Kind, option, require, require_not_negative
from pipelines.client import Cluster, ClusterUnreachableError
from pipelines.command import ModuleCommand

PATIENCE = 10
INTERRUPTED = 130


class RunError(AutofocusError, RuntimeError):
    """A run ended other than well, or not in time."""


@dataclass(frozen=True)
class FollowSettings:
    """How to follow a run."""

    timeout: float = option(
        0.0, "end with an error after so many seconds; 0 for no limit", metavar="S"
    )
    poll: float = option(10.0, "seconds between two looks at the run", metavar="S")
    ca_cert: Path | None = option(
        None, "certificates to trust; by default $SSL_CERT_FILE", metavar="FILE"
    )

    def __post_init__(self) -> None:
        require_not_negative(self, "timeout")
        require(self.poll > 0, f"poll must be above 0, but is {self.poll}.")


@dataclass(frozen=True)
class Followed:
    """A run that ended well.

    Attributes:
        link: where to see it.
        seconds: how long it was followed.
    """

    link: str
    seconds: float

    def __str__(self) -> str:
        """Return one sentence."""
        return f"The run succeeded: {self.link}"


def follow(host: str, run: str, settings: FollowSettings) -> Followed:
    """Follow a run until it ends.

    Args:
        host: the server's address.
        run: the run's id.
        settings: how.

    Raises:
        RunError: the run failed, was cancelled, or didn't end in time.
        ClusterError: the server can't be used.
    """
    return wait(Cluster(host, settings.ca_cert), run, settings)


def wait(cluster: Cluster, run: str, settings: FollowSettings) -> Followed:
    """Wait for a run's end; print on standard error what changes.

    Ctrl-C ends the waiting, not the run, and says so.

    Raises:
        RunError: the run failed, was cancelled, or didn't end in time.
        ClusterError: the server can't be used.
    """
    link = cluster.link("runs", run)
    goes_on = (
        f"the run goes on, and stands at {link} (follow it again: "
        f"python -m pipelines.following --host {cluster.host} --run {run})"
    )
    try:
        return _Watch(cluster, run, settings, link, goes_on).until_it_ends()
    except KeyboardInterrupt:
        print(f"autofocus: stopped waiting; {goes_on}.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


@dataclass
class _Watch:
    cluster: Cluster
    run: str
    settings: FollowSettings
    link: str
    goes_on: str
    began: float = field(default_factory=time.monotonic)
    unanswered: int = 0
    told: dict[str, str] = field(default_factory=dict)

    def until_it_ends(self) -> Followed:
        state = "not known"
        while True:
            seen = self._look()
            if seen is not None:
                state = _state(seen)
                self._tell(seen, state)
                if state in _ENDS:
                    return self._ended(seen, state)
            self._pause(state)

    def _look(self) -> Mapping[str, Any] | None:
        """Return the run; nothing where the server doesn't answer this time."""
        try:
            seen = self.cluster.run(self.run)
        except ClusterUnreachableError as error:
            self.unanswered += 1
            if self.unanswered >= PATIENCE:
                self._give_up(error, f"{error} Asked {PATIENCE} times; {self.goes_on}.")
            self._say(f"no answer; asking again ({error})")
            return None
        except AutofocusError as error:
            self._give_up(error, f"{error} The waiting ends here; {self.goes_on}.")
        self.unanswered = 0
        return seen

    def _give_up(self, error: AutofocusError, sentence: str) -> NoReturn:
        raise type(error)(sentence) from None

    def _tell(self, seen: Mapping[str, Any], state: str) -> None:
        """Say what changed since the last look: the run's state, and each task's."""
        for name, states in {"run": state, **_by_task(_tasks(seen))}.items():
            if self.told.get(name) != states:
                self.told[name] = states
                self._say(f"{name}: {states}")

    def _say(self, line: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self.began), 60)
        print(f"{minutes:4d}:{seconds:02d}  {line}", file=sys.stderr, flush=True)

    def _pause(self, state: str) -> None:
        left = float("inf")
        if self.settings.timeout:
            left = self.settings.timeout - (time.monotonic() - self.began)
        if left <= 0:
            raise RunError(
                f"After {self.settings.timeout:g} seconds the run hasn't ended "
                f"(its state is {state}); {self.goes_on}."
            )
        time.sleep(min(self.settings.poll, left))

    def _ended(self, seen: Mapping[str, Any], state: str) -> Followed:
        if state == "SUCCEEDED":
            return Followed(self.link, time.monotonic() - self.began)
        raise RunError(f"The run {_ENDS[state]}{_why(seen, state)}: {self.link}")


_ENDS = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CANCELED": "was cancelled",
    "SKIPPED": "was skipped",
}


def _state(thing: Mapping[str, Any]) -> str:
    return str(thing.get("state") or "PENDING").upper()


def _tasks(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details = (run.get("run_details") or {}).get("task_details") or []
    return [task for task in details if isinstance(task, dict)]


def _name(task: Mapping[str, Any]) -> str:
    return str(task.get("display_name") or task.get("task_id") or "a task")


def _is_helper(task: Mapping[str, Any]) -> bool:
    """Tell whether a task is the server's own: the whole graph, or a task's preparation."""
    return _name(task) == "root" or _name(task).endswith("-driver")


def _by_task(tasks: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return the states of each task; a task in a loop has one for each turn."""
    states: dict[str, Counter[str]] = {}
    for task in tasks:
        if not _is_helper(task):
            states.setdefault(_name(task), Counter())[_state(task)] += 1
    return {name: _counted(counter) for name, counter in states.items()}


def _counted(states: "Counter[str]") -> str:
    if states.total() == 1:
        return next(iter(states))
    return ", ".join(f"{number} {state}" for state, number in sorted(states.items()))


def _why(run: Mapping[str, Any], state: str) -> str:
    """Return which tasks failed, and the server's words for it where it has any."""
    if state != "FAILED":
        return ""
    failed = _failed(_tasks(run))
    words = next(filter(None, map(_error, [*failed, run])), "")
    names = ", ".join(dict.fromkeys(map(_name, failed)))
    return (f" in {names}" if names else "") + (f" ({words})" if words else "")


def _failed(tasks: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the tasks that failed by themselves, and not because one within them did."""
    failed = [task for task in tasks if _state(task) == "FAILED"]
    parents = {task.get("parent_task_id") for task in failed}
    inner = [task for task in failed if task.get("task_id") not in parents]
    return _unless_empty([task for task in inner if not _is_helper(task)], inner)


def _unless_empty(
    first: list[Mapping[str, Any]], otherwise: list[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    return first or [task for task in otherwise if _name(task) != "root"]


def _error(thing: Mapping[str, Any]) -> str:
    return " ".join(str((thing.get("error") or {}).get("message") or "").split()).rstrip(".")


COMMAND = ModuleCommand(
    name="pipelines.following",
    summary="Follow a run on a cluster until it ends.",
    example="python -m pipelines.following --host https://kubeflow.example.org/pipeline --run ID",
    function=follow,
    arguments=(
        Argument("host", "the Kubeflow Pipelines server's address", Kind(str)),
        Argument("run", "the run's id, which its link ends in", Kind(str)),
    ),
    settings=FollowSettings,
)

if __name__ == "__main__":
    raise SystemExit(COMMAND.main())
