"""Tests of making something of each input: in order, resumable, with a ledger."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autofocus.runs.batches import Pending
from autofocus.runs.files import unfinished_path
from autofocus.runs.items import ItemRun, process
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Counts, Reason, Row, Status, read_ledger, rejected
from autofocus.runs.making import Items
from autofocus.runs.products import OutputFile, Product
from autofocus.runs.results import LateTable, Table
from autofocus.runs.workspace import Workspace

NAMES = [f"n{number:02}" for number in range(20)]


@dataclass
class Stage:
    """A stage that writes a number for each name, and remembers for which it was asked to."""

    root: Path
    names: Sequence[str] = tuple(NAMES)
    bad: Sequence[str] = ()
    jobs: int = 1
    slow: bool = False
    fail_at: str = ""
    done: list[str] = field(default_factory=list)

    def work(self, name: str) -> Outcome | Product:
        """Write one name."""
        if name == self.fail_at:
            raise MemoryError(name)
        self.done.append(name)
        if self.slow:
            time.sleep(0.02 / (1 + self.names.index(name)))
        if name in self.bad:
            return Outcome(rejected(name, Reason.TRUNCATED))
        unfinished = unfinished_path(self.root / name, self.root / ".unfinished")
        unfinished.write_text(name)
        outcome = Outcome(Row(name, output=name), {"letters": len(name)})
        return Product(outcome, (OutputFile(self.root / name, unfinished),))

    def is_whole(self, name: str, earlier: Outcome) -> bool:
        """Whatever was made of a name stands; the file is checked by itself."""
        assert earlier.row.input == name
        assert earlier.row.reason is None, "what was rejected can't be whole"
        return True

    def outputs(self, name: str) -> list[Path]:
        """Return where a name is written."""
        return [self.root / name]

    def run(self) -> Counts:
        """Do what is left."""
        table = Table(self.root / "table.csv", ("name", "letters"), _row)
        items = Items(
            self.names, name=str, work=self.work, is_whole=self.is_whole, outputs=self.outputs
        )
        with Workspace(self.root, "stage_x", {}) as workspace:
            ledger = self.root / "ledger.csv"
            return process(items, workspace, ledger, tables=[table], jobs=self.jobs)

    def rows(self) -> list[Row]:
        """Return the rows of the ledger."""
        return [row for _, row in read_ledger(self.root / "ledger.csv")]

    def files(self) -> dict[str, bytes]:
        """Return all that is visible."""
        return {path.name: path.read_bytes() for path in self.root.iterdir() if path.is_file()}


def _row(outcome: Outcome) -> list[Any]:
    return [outcome.row.input, outcome.extra["letters"]]


def test_rows_keep_the_order(tmp_path: Path) -> None:
    """Ledger and table are in the inputs' order, though several work at once."""
    stage = Stage(tmp_path, jobs=4, slow=True)
    stage.run()
    assert [row.input for row in stage.rows()] == NAMES
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()
    assert lines == ["name,letters", *(f"{name},3" for name in NAMES)]


def test_every_input_has_a_row(tmp_path: Path) -> None:
    """Rejected inputs stand in the ledger and the counts, but not in the table."""
    stage = Stage(tmp_path, bad=NAMES[3:5])
    counts = stage.run()
    assert (counts.inputs, counts.ok, counts.rejected) == (20, 18, 2)
    assert [row.input for row in stage.rows() if row.status is Status.REJECTED] == NAMES[3:5]
    table = (tmp_path / "table.csv").read_text(encoding="utf-8")
    assert len(table.splitlines()) == 19
    assert NAMES[3] not in table


def test_a_late_table_is_made_of_all_outcomes(tmp_path: Path) -> None:
    """A row may depend on inputs that come later, and rejected ones have theirs as well."""

    def rows(outcomes: Callable[[], Iterator[Outcome]]) -> Iterator[list[Any]]:
        last = [outcome.row.input for outcome in outcomes()][-1]
        for outcome in outcomes():
            yield [outcome.row.input, outcome.row.status.value, last]

    stage = Stage(tmp_path, NAMES[:3], bad=NAMES[1:2])
    table = LateTable(tmp_path / "late.csv", ("name", "status", "last"), rows)
    items = Items(stage.names, name=str, work=stage.work, is_whole=stage.is_whole)
    for status in ("ok", "reused"):
        with Workspace(tmp_path, "stage_x", {}) as workspace:
            process(items, workspace, tmp_path / "ledger.csv", tables=[table], jobs=1)
        assert (tmp_path / "late.csv").read_text() == (
            f"name,status,last\nn00,{status},n02\nn01,rejected,n02\nn02,{status},n02\n"
        )


def test_nothing_is_published_before_the_end(tmp_path: Path) -> None:
    """A run that fails leaves neither ledger nor table, only what it did by itself."""
    with pytest.raises(MemoryError):
        Stage(tmp_path, fail_at=NAMES[7]).run()
    left = {path.name for path in tmp_path.iterdir()}
    assert left >= set(NAMES[:7])
    assert left <= {".autofocus", ".unfinished", *NAMES}


def test_interrupted_run_goes_on(tmp_path: Path) -> None:
    """Started again, a run does only what is left."""
    with pytest.raises(MemoryError):
        Stage(tmp_path, fail_at=NAMES[7]).run()
    again = Stage(tmp_path)
    again.run()
    assert again.done == NAMES[7:]


def test_interrupted_run_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """Interrupted twice and ended, a run leaves the bytes of one that was never interrupted."""
    unstopped = Stage(tmp_path / "a", bad=NAMES[2:12:4])
    stopped = Stage(tmp_path / "b", bad=NAMES[2:12:4])
    unstopped.root.mkdir()
    stopped.root.mkdir()
    unstopped.run()
    for name in (NAMES[1], NAMES[9]):
        stopped.fail_at = name
        with pytest.raises(MemoryError):
            stopped.run()
    stopped.fail_at = ""
    stopped.run()
    assert stopped.files() == unstopped.files()


def test_second_run_reuses(tmp_path: Path) -> None:
    """A run over a complete output does nothing, and its rows say `reused`."""
    Stage(tmp_path).run()
    again = Stage(tmp_path)
    counts = again.run()
    assert again.done == []
    assert (counts.ok, counts.reused) == (0, 20)
    assert {row.status for row in again.rows()} == {Status.REUSED}


def test_second_run_keeps_the_table(tmp_path: Path) -> None:
    """The table of a run that reuses all is the same as before."""
    Stage(tmp_path).run()
    before = (tmp_path / "table.csv").read_bytes()
    Stage(tmp_path).run()
    assert (tmp_path / "table.csv").read_bytes() == before


def test_what_is_not_whole_is_redone(tmp_path: Path) -> None:
    """An output that has gone is made again; all others are reused."""
    Stage(tmp_path).run()
    (tmp_path / NAMES[5]).unlink()
    again = Stage(tmp_path)
    again.run()
    assert again.done == [NAMES[5]]
    assert [row.input for row in again.rows() if row.status is Status.OK] == [NAMES[5]]


def test_what_is_not_whole_is_redone_after_an_interruption(tmp_path: Path) -> None:
    """An output of an interrupted start that has gone is made again, too."""
    with pytest.raises(MemoryError):
        Stage(tmp_path, fail_at=NAMES[7]).run()
    (tmp_path / NAMES[5]).unlink()
    again = Stage(tmp_path)
    again.run()
    assert again.done == [NAMES[5], *NAMES[7:]]


@pytest.mark.parametrize("fail_at", ["", NAMES[7]])
def test_rejected_input_is_tried_again(tmp_path: Path, fail_at: str) -> None:
    """What was rejected is tried again by the next start, whether that run ended or not."""
    first = Stage(tmp_path, bad=[NAMES[5]], fail_at=fail_at)
    if fail_at:
        with pytest.raises(MemoryError):
            first.run()
    else:
        first.run()
    again = Stage(tmp_path)
    counts = again.run()
    assert NAMES[5] in again.done
    assert counts.rejected == 0


def test_new_and_vanished_inputs(tmp_path: Path) -> None:
    """Inputs that have come are done, those that have gone have no row any more."""
    Stage(tmp_path, names=NAMES[:10]).run()
    again = Stage(tmp_path, names=NAMES[5:15])
    again.run()
    assert again.done == NAMES[10:15]
    assert [row.input for row in again.rows()] == NAMES[5:15]


def test_interrupted_second_run_keeps_statuses(tmp_path: Path) -> None:
    """A second run that was interrupted ends with the ledger of one that was not."""
    ledgers = []
    for folder, fail_at in (("a", ""), ("b", NAMES[12])):
        root = tmp_path / folder
        root.mkdir()
        Stage(root, names=NAMES[:10]).run()
        if fail_at:
            with pytest.raises(MemoryError):
                Stage(root, fail_at=fail_at).run()
        Stage(root).run()
        ledgers.append((root / "ledger.csv").read_bytes())
    assert ledgers[0] == ledgers[1]
    assert ledgers[0].count(b",reused,") == ledgers[0].count(b",ok,") == 10


def test_account_is_not_final_before_publish(tmp_path: Path) -> None:
    """A stage that fails after the last outcome has no ledger, and nothing to do again."""
    stage = Stage(tmp_path)
    items = Items(NAMES, name=str, work=stage.work, is_whole=stage.is_whole)

    def fail_after_the_last() -> None:
        ledger = tmp_path / "ledger.csv"
        with Workspace(tmp_path, "stage_x", {}) as workspace, ItemRun(workspace, ledger) as run:
            assert len(list(run.outcomes(items, 1))) == 20
            raise MemoryError("after the last")

    with pytest.raises(MemoryError, match="after the last"):
        fail_after_the_last()
    assert not (tmp_path / "ledger.csv").exists()
    again = Stage(tmp_path)
    assert again.run().ok == 20
    assert again.done == []


def test_what_is_reused_is_not_noted_again(tmp_path: Path) -> None:
    """A start over a complete output adds nothing to the journal: it has done nothing."""
    stage = Stage(tmp_path)
    stage.run()
    items = Items(NAMES, name=str, work=stage.work, is_whole=stage.is_whole)
    with Workspace(tmp_path, "stage_x", {}) as workspace:
        with ItemRun(workspace, tmp_path / "ledger.csv") as run:
            assert len(list(run.outcomes(items, 1))) == 20
        journal = workspace.folder / "journal.new.jsonl"
        assert journal.read_text(encoding="utf-8") == ""


def batches(
    root: Path, batch: int, work: Callable[[str], Outcome | Pending], names: Sequence[str] = NAMES
) -> list[list[str]]:
    """Run a stage that works in batches, and return them."""
    seen: list[list[str]] = []

    def complete(payloads: Sequence[str]) -> list[Outcome]:
        seen.append(list(payloads))
        return [Outcome(Row(payload, detail=f"of {len(payloads)}")) for payload in payloads]

    items = Items(
        names, name=str, work=work, is_whole=lambda *_: True, complete=complete, batch=batch
    )
    with Workspace(root, "stage_x", {}) as workspace:
        process(items, workspace, root / "ledger.csv", jobs=2)
    return seen


def test_pending_inputs_are_completed_in_batches(tmp_path: Path) -> None:
    """Inputs left pending are completed so many at a time, the rest at the end, in order."""
    assert batches(tmp_path, 8, Pending) == [NAMES[:8], NAMES[8:16], NAMES[16:]]
    rows = [row for _, row in read_ledger(tmp_path / "ledger.csv")]
    assert [row.input for row in rows] == NAMES
    assert rows[-1].detail == "of 4"


def test_rejected_inputs_take_no_place_in_a_batch(tmp_path: Path) -> None:
    """Between pending inputs, rejected ones keep their place in the ledger, not in a batch."""

    def work(name: str) -> Outcome | Pending:
        return Outcome(rejected(name, Reason.TRUNCATED)) if name in NAMES[::2] else Pending(name)

    assert batches(tmp_path, 4, work) == [NAMES[1:8:2], NAMES[9:16:2], NAMES[17::2]]
    assert [row.input for _, row in read_ledger(tmp_path / "ledger.csv")] == NAMES


def test_the_next_batch_is_made_ready_meanwhile(tmp_path: Path) -> None:
    """While a batch is completed, threads work until the whole next one is there."""
    names = [f"n{number:03}" for number in range(120)]
    ready: list[str] = []

    def work(name: str) -> Pending:
        ready.append(name)
        return Pending(name)

    def complete(payloads: Sequence[str]) -> list[Outcome]:
        wanted = names[: names.index(payloads[-1]) + 1 + 40]
        deadline = time.monotonic() + 10
        while len(ready) < len(wanted):
            assert time.monotonic() < deadline, "threads wait for the batch"
            time.sleep(0.001)
        return [Outcome(Row(payload)) for payload in payloads]

    items = Items(names, str, work, lambda *_: True, complete=complete, batch=40)
    with Workspace(tmp_path, "stage_x", {}) as workspace:
        counts = process(items, workspace, tmp_path / "ledger.csv", jobs=1)
    assert counts.ok == 120


def test_one_pending_input_does_not_hold_back_all(tmp_path: Path) -> None:
    """Behind one pending input only so many outcomes wait: memory stays flat."""
    names = [f"n{number:03}" for number in range(300)]
    waited = []

    def work(name: str) -> Outcome | Pending:
        if name == names[0]:
            return Pending(name)
        waited.append(name)
        return Outcome(Row(name))

    def complete(payloads: Sequence[str]) -> list[Outcome]:
        assert len(waited) < 100
        return [Outcome(Row(payload)) for payload in payloads]

    items = Items(names, str, work, lambda *_: True, complete=complete, batch=4)
    with Workspace(tmp_path, "stage_x", {}) as workspace:
        counts = process(items, workspace, tmp_path / "ledger.csv", jobs=1)
    assert counts.ok == 300


def unsound(name: str) -> Outcome:
    """Fail for one name as a fault in a library would."""
    if name == "n03":
        raise IndexError("\x1b]0;bad\x07 pointer")
    return Outcome(Row(name))


def run_items(folder: Path, items: Items[str]) -> list[Row]:
    """Process the items, and return the rows of the ledger."""
    with Workspace(folder, "stage_x", {}) as workspace:
        process(items, workspace, folder / "ledger.csv", jobs=2)
    return [row for _, row in read_ledger(folder / "ledger.csv")]


@pytest.mark.parametrize("group", [1, 5])
def test_an_exception_is_the_row_of_its_input(tmp_path: Path, group: int) -> None:
    """Whatever a stage or library raises for one input becomes its row, and all others go on."""
    items = Items(NAMES, name=str, work=unsound, is_whole=lambda *_: True, group=group)
    rows = run_items(tmp_path, items)
    assert [row.input for row in rows if row.status is Status.OK] == [*NAMES[:3], *NAMES[4:]]
    detail = r"IndexError: \x1b]0;bad\x07 pointer"
    assert rows[3] == rejected("n03", Reason.UNEXPECTED, detail)


def test_a_bad_input_does_not_spoil_its_batch(tmp_path: Path) -> None:
    """An input that can't be completed in a batch is rejected, and its neighbours are not."""

    def complete(names: Sequence[str]) -> list[Outcome]:
        return [unsound(name) for name in names]

    items = Items(
        NAMES, name=str, work=Pending, is_whole=lambda *_: True, complete=complete, batch=8
    )
    rows = run_items(tmp_path, items)
    assert [row.input for row in rows if row.reason is not None] == ["n03"]
    assert len(rows) == len(NAMES)


@pytest.mark.parametrize("error", [OSError(28, "No space left"), MemoryError(), ImportError("x")])
def test_the_environment_ends_a_run(tmp_path: Path, error: Exception) -> None:
    """A full disk, too little memory and a missing package are no fault of an input."""

    def work(_: str) -> Outcome:
        raise error

    items = Items(NAMES, name=str, work=work, is_whole=lambda *_: True)
    with pytest.raises(type(error)):
        run_items(tmp_path, items)


def test_a_run_that_is_stopped_after_its_ledger_keeps_statuses(tmp_path: Path) -> None:
    """A stage that has more to do after its ledger goes on with the statuses in it."""
    items = Items(
        NAMES[:3], name=str, work=lambda name: Outcome(Row(name)), is_whole=lambda *_: True
    )

    def run(*, is_stopped: bool) -> set[Status]:
        with suppress(KeyboardInterrupt), Workspace(tmp_path, "stage_x", {}) as workspace:
            process(items, workspace, tmp_path / "ledger.csv", jobs=1)
            if is_stopped:
                raise KeyboardInterrupt
        return {row.status for _, row in read_ledger(tmp_path / "ledger.csv")}

    assert run(is_stopped=True) == {Status.OK}
    assert run(is_stopped=False) == {Status.OK}
    assert run(is_stopped=True) == {Status.REUSED}
    assert run(is_stopped=False) == {Status.REUSED}
