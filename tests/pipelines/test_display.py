"""Claims about how the progress of a run is shown."""

import io
import sys
from collections.abc import Iterator

import pytest
from rich.console import Console

from pipelines.display import Display, TableDisplay, open_display
from pipelines.problems import Problem
from pipelines.snapshot import Snapshot, take_snapshot
from tests.pipelines.submitting import run, without_times
from tests.pipelines.workflows import (
    CACHED,
    DONE,
    EXCLUDED,
    FAILED,
    OMITTED,
    RUNNING,
    START,
    workflow,
)

STARTED = {"created_at": f"{START:%Y-%m-%dT%H:%M:%SZ}"}
WAITS = [Problem("download", "waits", 'secret "keys" not found')]


def snapshots() -> Iterator[Snapshot]:
    """Return a run at several moments; at some, nothing has changed."""
    yield take_snapshot(run("PENDING", **STARTED))
    half = workflow({"download": {0: CACHED, 1: RUNNING}})
    yield from [take_snapshot(run("RUNNING", **STARTED), half)] * 3
    loop = {"download": {0: CACHED, 1: FAILED}, "preprocess": {0: DONE, 1: OMITTED}}
    end = workflow(loop, {"retrain": OMITTED})
    finished = {"finished_at": START.replace(hour=6, minute=9).isoformat()}
    yield take_snapshot(run("FAILED", **STARTED, **finished), end)


def test_lines_are_printed_for_changes_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Each state of run and stages is one line, and a problem isn't repeated."""
    with Display() as lines:
        for snapshot in snapshots():
            lines.show(snapshot, WAITS)
    assert without_times(capsys.readouterr().err) == [
        "run pending",
        'download waits: secret "keys" not found',
        "run running",
        "download 1/2 done (1 cached), 1 running",
        "run failed",
        "download 1/2 done (1 cached), 1 failed, took 0:30",
        "preprocess 1/2 done, 1 not started, took 0:30",
    ]


def test_a_line_begins_with_the_age_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The time is the run's, which may have been followed only lately."""
    *_, last = snapshots()
    with Display() as lines:
        lines.show(last, [])
    assert capsys.readouterr().err.startswith(" 1:03:00  run failed\n")


def test_a_run_that_is_ended_by_hand_was_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    """The server calls it failed where a task was being retried; its workflow knows better."""
    manifest = workflow({"download": {0: FAILED}}, terminated=True)
    with Display() as lines:
        lines.show(take_snapshot(run("FAILED"), manifest), [])
    assert "run was cancelled\n" in capsys.readouterr().err


def test_a_terminal_has_a_table() -> None:
    """A row for each stage with its counts and time, the problems below, and notes above."""
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    table = TableDisplay(console)
    with table:
        table.note("the server is back [after] 60 s")
        for snapshot in snapshots():
            table.show(snapshot, WAITS)
        plain = Console(file=io.StringIO(), width=100)
        plain.print(table.render())
    assert isinstance(plain.file, io.StringIO)
    rows = [line.split() for line in plain.file.getvalue().splitlines()]
    assert rows == [
        ["run", "failed,", "1:03:00"],
        ["stage", "done", "cached", "running", "pending", "being", "retried", "failed", "elapsed"],
        ["download", "1/2", "1", "1", "0:30"],
        ["preprocess", "1/2", "0:30"],
        ["retrain", "0/1"],
        ["download", "waits:", "secret", '"keys"', "not", "found"],
    ]
    assert isinstance(console.file, io.StringIO)
    assert "the server is back [after] 60 s" in console.file.getvalue()


@pytest.mark.parametrize(
    ("terminal", "term", "kind"),
    [(True, "xterm", TableDisplay), (True, "dumb", Display), (False, "xterm", Display)],
)
def test_only_a_terminal_that_can_has_a_table(
    terminal: bool, term: str, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a log, and on a terminal without cursor movements, there are lines."""
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert isinstance(open_display(), kind)


def trained() -> Snapshot:
    """Return a run that retrains and doesn't fine-tune."""
    then = {"retrain": DONE, "fine-tune": EXCLUDED}
    return take_snapshot(run("SUCCEEDED", **STARTED), workflow({"ingest": {0: DONE}}, then))


def test_a_task_whose_condition_does_not_hold_is_skipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is no task that hasn't started, and took no time; it has its component's name."""
    with Display() as lines:
        lines.show(trained(), [])
    printed = without_times(capsys.readouterr().err)
    assert "fine_tune skipped" in printed
    assert "retrain done, took 0:30" in printed


def test_the_table_shows_what_is_skipped() -> None:
    """In place of a number of tasks stands that it is skipped."""
    console = Console(file=io.StringIO(), width=120)
    table = TableDisplay(console)
    table.show(trained(), [])
    console.print(table.render())
    assert "fine_tune  skipped" in console.file.getvalue()  # type: ignore[attr-defined]
