"""Following a run on a cluster until it ends."""

import functools
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autofocus import interrupts
from autofocus.errors import AutofocusError, ClusterUnreachableError, RunError
from autofocus.options.settings import option, require, require_not_negative
from pipelines.cluster import Cluster
from pipelines.display import Display, open_display
from pipelines.logs import read_sentence
from pipelines.problems import Problems
from pipelines.snapshot import PENDING, SUCCEEDED, Snapshot, take_snapshot

FAILURES_NAMED = 4
# Between two requests to a server that doesn't respond: at first, and at most.
BACKOFF_S, LONGEST_BACKOFF_S = 1.0, 30.0


@dataclass(frozen=True)
class FollowSettings:
    """How to reach the server and to follow a run."""

    timeout: float = option(
        0.0, "seconds after which following fails; the run continues (0: no limit)", metavar="S"
    )
    poll: float = option(10.0, "seconds between two requests for the run's state", metavar="S")
    patience: float = option(
        300.0, "seconds to keep retrying while the server does not respond", metavar="S"
    )
    ca_cert: Path | None = option(
        None, "certificates to trust; by default $SSL_CERT_FILE", metavar="FILE"
    )
    allow_http: bool = option(False, "send the token over plain http to a server that has no TLS")

    def __post_init__(self) -> None:
        require_not_negative(self, "timeout", "patience")
        require(self.poll > 0, f"poll must be above 0, but is {self.poll}.")


def command_line(host: str, settings: FollowSettings) -> str:
    """Return the beginning of a command for a run on a server."""
    ca_cert = "" if settings.ca_cert is None else f" --ca-cert {settings.ca_cert}"
    allow_http = " --allow-http" if settings.allow_http else ""
    return f"python -m pipelines.submit --host {host}{ca_cert}{allow_http}"


def follow_run(cluster: Cluster, run: str, settings: FollowSettings) -> str:
    """Wait for a run's end and show its progress on standard error.

    Ctrl-C ends the waiting, not the run.

    Args:
        cluster: the server.
        run: the run's id.
        settings: how to follow it.

    Returns:
        A sentence that says that the run succeeded.

    Raises:
        RunError: the run failed, was cancelled, or didn't end in time.
        ClusterError: the server can't be used.
    """
    again = command_line(cluster.host, settings)
    advice = (
        f"the run continues at {cluster.link('runs', run)} (follow it again: {again} "
        f"--follow {run}; end it: {again} --cancel {run})"
    )
    with interrupts.unwinding(f"stopped following; {advice}."), open_display() as display:
        problems = Problems(functools.partial(read_sentence, cluster, run))
        return _Watch(cluster, run, settings, advice, display, problems).until_it_ends()


@dataclass
class Outage:
    """A time in which the server doesn't respond; `longest` limits the last wait (s)."""

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
    advice: str
    display: Display
    problems: Problems
    began: float = field(default_factory=time.monotonic)
    state: str = "not known"
    outage: Outage | None = None
    has_workflow: bool = False
    noted: bool = False

    def until_it_ends(self) -> str:
        while True:
            if (snapshot := self._look()) is not None:
                self.state = snapshot.state
                if snapshot.has_ended:
                    self.problems.read_again()
                self.display.show(snapshot, self.problems.find(snapshot))
                if snapshot.has_ended:
                    return self._end(snapshot)
            self._pause()

    def _look(self) -> Snapshot | None:
        """Return the run at this moment; None while the server doesn't respond."""
        try:
            snapshot = self._snapshot(self.cluster.run(self.run))
        except ClusterUnreachableError as error:
            self._note_outage(error)
            return None
        except AutofocusError as error:
            raise type(error)(f"{error} Following ends here; {self.advice}.") from None
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
        if snapshot.workflow is not None:
            self.has_workflow = True
        elif snapshot.state != PENDING:
            self._note_no_stages("the server has no workflow of it")
        return snapshot

    def _note_no_stages(self, reason: str) -> None:
        if not self.noted:
            self.noted = True
            self.display.note(f"only the run's state is shown, not its stages: {reason}")

    def _note_outage(self, error: ClusterUnreachableError) -> None:
        patience = f"{self.settings.patience:g} s"
        if self.outage is None:
            self.outage = Outage()
            self.display.note(f"the server doesn't respond, retrying for {patience}: {error}")
        if self.outage.seconds >= self.settings.patience:
            sentence = f"{error} It was retried for {patience}; {self.advice}."
            raise type(error)(sentence) from None

    def _pause(self) -> None:
        pause, limit = self.settings.poll, self.settings.timeout
        if self.outage is not None:
            remaining = max(self.settings.patience - self.outage.seconds, 0)
            pause = min(self.outage.backoff(), remaining)
        if limit:
            remaining = limit - (time.monotonic() - self.began)
            if remaining <= 0:
                raise RunError(
                    f"After {limit:g} seconds the run hasn't ended "
                    f"(its state is {self.state}); {self.advice}."
                )
            pause = min(pause, remaining)
        time.sleep(pause)

    def _end(self, snapshot: Snapshot) -> str:
        link = self.cluster.link("runs", self.run)
        if snapshot.state == SUCCEEDED:
            return f"The run succeeded: {link}"
        clauses = [f"{one.tasks}: {one.reason}" for one in self.problems.failures(snapshot)]
        if len(clauses) > FAILURES_NAMED:
            clauses[FAILURES_NAMED:] = [f"{len(clauses) - FAILURES_NAMED} more failures"]
        reason = "; ".join(clauses) or snapshot.error
        raise RunError(f"The run {snapshot.phrase}{f': {reason}' if reason else ''}; see {link}")
