"""Following a run on a cluster until it ends."""

import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from autofocus.errors import AutofocusError
from autofocus.options.settings import option, require, require_not_negative
from pipelines.client import Cluster
from pipelines.connection import ClusterUnreachableError
from pipelines.display import Display, open_display
from pipelines.logs import read_sentence
from pipelines.remarks import Remarks
from pipelines.snapshot import PENDING, SUCCEEDED, Snapshot, take_snapshot

INTERRUPTED = 130
FAILURES_NAMED = 4
# Between two requests to a server that doesn't respond: at first, and at most.
BACKOFF_S, LONGEST_BACKOFF_S = 1.0, 30.0


class RunError(AutofocusError, RuntimeError):
    """A run failed, was cancelled, or didn't end in time."""


@dataclass(frozen=True)
class FollowSettings:
    """How to follow a run."""

    timeout: float = option(
        0.0, "seconds after which following fails; the run continues (0: no limit)", metavar="S"
    )
    poll: float = option(10.0, "seconds between two requests for the run's state", metavar="S")
    patience: float = option(
        300.0, "seconds to keep retrying while the server does not answer", metavar="S"
    )
    ca_cert: Path | None = option(
        None, "certificates to trust; by default $SSL_CERT_FILE", metavar="FILE"
    )

    def __post_init__(self) -> None:
        require_not_negative(self, "timeout", "patience")
        require(self.poll > 0, f"poll must be above 0, but is {self.poll}.")


@dataclass(frozen=True)
class RunSucceeded:
    """The end of a run that succeeded.

    Attributes:
        link: the run's page.
        seconds: how long it was followed.
    """

    link: str
    seconds: float

    def __str__(self) -> str:
        """Return one sentence."""
        return f"The run succeeded: {self.link}"


def wait(cluster: Cluster, run: str, settings: FollowSettings) -> RunSucceeded:
    """Wait for a run's end and show its progress on standard error.

    Ctrl-C ends the waiting, not the run.

    Args:
        cluster: the server.
        run: the run's id.
        settings: how to follow it.

    Raises:
        RunError: the run failed, was cancelled, or didn't end in time.
        ClusterError: the server can't be used.
    """
    link = cluster.link("runs", run)
    again = f"python -m pipelines.submit --host {cluster.host}"
    if settings.ca_cert is not None:
        again += f" --ca-cert {settings.ca_cert}"
    way_on = (
        f"the run continues at {link} (follow it again: {again} --follow {run}; "
        f"end it: {again} --cancel {run})"
    )
    try:
        with open_display() as display:
            return _Watch(cluster, run, settings, link, way_on, display).until_it_ends()
    except KeyboardInterrupt:
        print(f"autofocus: stopped following; {way_on}.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


@dataclass
class Outage:
    """A time in which the server doesn't respond.

    Attributes:
        began: when it began, by `time.monotonic`.
        longest: the longest that the last wait could have been (s).
    """

    began: float = field(default_factory=time.monotonic)
    longest: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it has lasted (s)."""
        return time.monotonic() - self.began

    def backoff(self) -> float:
        """Return how long to wait before the next attempt; many clients don't wait alike."""
        self.longest = min(2 * self.longest, LONGEST_BACKOFF_S) if self.longest else BACKOFF_S
        return self.longest * random.uniform(0.5, 1)  # noqa: S311 - no secret


@dataclass
class _Watch:
    cluster: Cluster
    run: str
    settings: FollowSettings
    link: str
    way_on: str
    display: Display
    began: float = field(default_factory=time.monotonic)
    state: str = "not known"
    outage: Outage | None = None
    has_workflow: bool = False
    noted: bool = False

    def __post_init__(self) -> None:
        self.remarks = Remarks(
            lambda workflow, pod: read_sentence(self.cluster, self.run, workflow, pod)
        )

    def until_it_ends(self) -> RunSucceeded:
        while True:
            snapshot = self._look()
            if snapshot is not None:
                self._show(snapshot)
                if snapshot.has_ended:
                    return self._end(snapshot)
            self._pause()

    def _look(self) -> Snapshot | None:
        """Return the run at this moment; None while the server doesn't respond."""
        try:
            run = self.cluster.run(self.run)
            snapshot = self._snapshot(run)
        except ClusterUnreachableError as error:
            self._note_outage(error)
            return None
        except AutofocusError as error:
            self._give_up(error, f"{error} Following ends here; {self.way_on}.")
        if self.outage is not None:
            self.display.note(f"the server is back after {self.outage.seconds:.0f} s")
            self.outage = None
        return snapshot

    def _snapshot(self, run: Mapping[str, Any]) -> Snapshot:
        """Return the run with its stages if the server has them; else its state alone."""
        try:
            snapshot = take_snapshot(run, self.cluster.workflow_manifest(self.run))
        except AutofocusError as error:
            # A server that had them before has them again when it is back.
            if self.has_workflow and isinstance(error, ClusterUnreachableError):
                raise
            self._note_no_stages(str(error))
            return take_snapshot(run)
        if snapshot.workflow is None and snapshot.state != PENDING:
            self._note_no_stages("the server has no workflow of it")
        self.has_workflow = self.has_workflow or snapshot.workflow is not None
        return snapshot

    def _note_no_stages(self, reason: str) -> None:
        if not self.noted:
            self.noted = True
            self.display.note(f"only the run's state is shown, not its stages: {reason}")

    def _note_outage(self, error: ClusterUnreachableError) -> None:
        patience = self.settings.patience
        if self.outage is None:
            self.outage = Outage()
            self.display.note(f"the server doesn't respond, retrying for {patience:g} s: {error}")
        if self.outage.seconds >= patience:
            self._give_up(error, f"{error} It was retried for {patience:g} s; {self.way_on}.")

    def _give_up(self, error: AutofocusError, sentence: str) -> NoReturn:
        raise type(error)(sentence) from None

    def _show(self, snapshot: Snapshot) -> None:
        self.state = snapshot.state
        if snapshot.has_ended:
            self.remarks.read_again()
        self.display.show(snapshot, self.remarks.find(snapshot))

    def _pause(self) -> None:
        pause, limit = self.settings.poll, self.settings.timeout
        if self.outage is not None:
            left = max(self.settings.patience - self.outage.seconds, 0)
            pause = min(self.outage.backoff(), left)
        if limit:
            left = limit - (time.monotonic() - self.began)
            if left <= 0:
                raise RunError(
                    f"After {limit:g} seconds the run hasn't ended "
                    f"(its state is {self.state}); {self.way_on}."
                )
            pause = min(pause, left)
        time.sleep(pause)

    def _end(self, snapshot: Snapshot) -> RunSucceeded:
        if snapshot.state == SUCCEEDED:
            return RunSucceeded(self.link, time.monotonic() - self.began)
        clauses = [f"{one.tasks}: {one.reason}" for one in self.remarks.failures(snapshot)]
        if len(clauses) > FAILURES_NAMED:
            clauses[FAILURES_NAMED:] = [f"{len(clauses) - FAILURES_NAMED} more failures"]
        reason = "; ".join(clauses) or snapshot.error
        end = f"The run {snapshot.phrase}" + (f": {reason}" if reason else "")
        raise RunError(f"{end}; see {self.link}")
