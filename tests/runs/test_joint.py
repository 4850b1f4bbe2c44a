"""Tests of stages that make their outputs from all inputs together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from autofocus.errors import OutputConflictError
from autofocus.runs.joint import JointOutcome, make_jointly
from autofocus.runs.journal import same_run
from autofocus.runs.ledger import Reason, Row, Status, read_ledger, rejected
from autofocus.runs.workspace import Workspace

ROWS = (Row("a", output="out.csv"), rejected("b", Reason.DUPLICATE, "of a"))


class Stage:
    """A stage that writes one file, and counts how often."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.output, self.ledger = root / "out.csv", root / "out.ledger.csv"
        self.number = 0

    def make(self, unfinished: Mapping[Path, Path]) -> JointOutcome:
        """Write the file."""
        self.number += 1
        unfinished[self.output].write_text("content")
        return JointOutcome(ROWS, ("a note",))

    def run(self, inputs: Any = "digest") -> tuple[str, tuple[str, ...]]:
        """Run once, and return the counts and the notes."""
        with Workspace(self.root, "stage_x", {}, output="out.csv") as workspace:
            counts, notes = make_jointly(workspace, self.ledger, [self.output], self.make, inputs)
        return str(counts), notes

    def statuses(self) -> list[Status]:
        """Return the statuses in the ledger."""
        return [row.status for _, row in read_ledger(self.ledger)]


def test_outputs_and_ledger_are_written(tmp_path: Path) -> None:
    """The first run writes the output and a row for every input."""
    stage = Stage(tmp_path)
    counts, notes = stage.run()
    assert counts == "2 inputs = 1 ok + 0 reused + 1 rejected (duplicate 1)"
    assert notes == ("a note",)
    assert stage.output.read_text() == "content"
    assert [row for _, row in read_ledger(stage.ledger)] == list(ROWS)


def test_the_same_inputs_are_reused(tmp_path: Path) -> None:
    """The second run makes nothing, and its ledger and counts say `reused`."""
    stage = Stage(tmp_path)
    stage.run()
    before = stage.output.stat().st_ino
    counts, notes = stage.run()
    assert counts == "2 inputs = 0 ok + 1 reused + 1 rejected (duplicate 1)"
    assert (stage.number, notes, stage.output.stat().st_ino) == (1, ("a note",), before)
    assert stage.statuses() == [Status.REUSED, Status.REJECTED]


def test_a_ledger_that_says_reused_is_not_written_again(tmp_path: Path) -> None:
    """The third run leaves the ledger as it is, with the same counts; an edited one it doesn't."""
    stage = Stage(tmp_path)
    ends = [stage.run() for _ in range(2)]
    before, content = stage.ledger.stat().st_ino, stage.ledger.read_bytes()
    assert stage.run() == ends[1]
    assert stage.ledger.stat().st_ino == before
    stage.ledger.write_bytes(content.replace(b"reused", b"ok"))
    assert stage.run() == ends[1]
    assert stage.ledger.read_bytes() == content


def test_a_run_that_goes_on_keeps_its_ledger(tmp_path: Path) -> None:
    """Within the same run of several stages, what was ok stays ok."""
    stage = Stage(tmp_path)
    stage.run()
    with same_run():
        stage.run()
    assert (stage.number, stage.statuses()) == (1, [Status.OK, Status.REJECTED])


@pytest.mark.parametrize("change", ["inputs", "output", "ledger", "no ledger", "always anew"])
def test_other_inputs_and_damage_make_the_outputs_anew(tmp_path: Path, change: str) -> None:
    """Another digest, a damaged output or a damaged ledger is noticed."""
    stage = Stage(tmp_path)
    inputs = None if change == "always anew" else "digest"
    stage.run(inputs)
    if change == "output":
        stage.output.write_text("CONTENT")
    elif change == "ledger":
        stage.ledger.write_bytes(b"")
    elif change == "no ledger":
        stage.ledger.unlink()
    stage.run("another" if change == "inputs" else inputs)
    assert (stage.number, stage.output.read_text()) == (2, "content")
    assert stage.statuses() == [Status.OK, Status.REJECTED]


@pytest.mark.parametrize("name", ["out.csv", "out.ledger.csv"])
def test_a_file_of_another_origin_is_not_overwritten(tmp_path: Path, name: str) -> None:
    """Where a file stands that the stage did not write, it fails before it makes anything."""
    stage = Stage(tmp_path)
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputConflictError, match=f"{name} already exists and was not written by"):
        stage.run()
    assert stage.number == 0
    assert (tmp_path / name).read_text() == "mine"
    (tmp_path / name).unlink()
    stage.run()
    assert stage.number == 1


def test_a_failure_leaves_the_earlier_output(tmp_path: Path) -> None:
    """A run that fails while it makes its outputs changes none."""
    stage = Stage(tmp_path)
    stage.run()

    def fail(_: Mapping[Path, Path]) -> JointOutcome:
        raise ValueError("wrong")

    with (
        pytest.raises(ValueError, match="wrong"),
        Workspace(tmp_path, "stage_x", {}, output="out.csv") as workspace,
    ):
        make_jointly(workspace, stage.ledger, [stage.output], fail, "another")
    assert stage.output.read_text() == "content"
    assert stage.statuses() == [Status.OK, Status.REJECTED]
