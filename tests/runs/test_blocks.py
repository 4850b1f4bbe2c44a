"""Tests of taking over blocks of inputs: the results are those of handling each input."""

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autofocus.runs import files
from autofocus.runs.blocks import RECORD_NAME, Fingerprints
from autofocus.runs.items import ItemRun
from autofocus.runs.journal import Outcome, same_run
from autofocus.runs.ledger import Counts, Reason, Row, rejected
from autofocus.runs.making import Items
from autofocus.runs.products import OutputFile, Product
from autofocus.runs.results import RowsTable, Table
from autofocus.runs.workspace import Workspace

# Names that a journal and a table must escape.
NAMES = [f"a/n{number:02}" for number in range(12)] + ['b"\n,ok,', "b\\", "c é", "d"]
MEMORY = Path(".autofocus") / "stage_x"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of three inputs show what those of a thousand do."""
    monkeypatch.setattr("autofocus.runs.results.SIZE", 3)
    # No power is cut here.
    monkeypatch.setattr("os.fsync", lambda _: None)


@dataclass
class Stage:
    """A stage that copies files, or links to them; what begins with `bad` is rejected."""

    folder: Path
    links: bool = False
    fail_at: str = ""
    version: int = 1
    work_done: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()

    @property
    def indir(self) -> Path:
        return self.folder / "in"

    @property
    def root(self) -> Path:
        return self.folder / "out"

    def set(self, name: str, text: str, time: int = 1) -> None:
        """Write an input with a time of its own."""
        path = self.indir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (time, time))

    def _work(self, name: str) -> Outcome | Product:
        if name == self.fail_at:
            raise MemoryError(name)
        self.work_done.append(name)
        path = self.indir / name
        if path.read_text().startswith("bad"):
            return Outcome(rejected(name, Reason.TRUNCATED, "bad"))
        unfinished = files.unfinished_path(self.root / name, self.root / MEMORY / "tmp")
        if self.links:
            unfinished.symlink_to(path)
        else:
            unfinished.write_text(path.read_text())
            os.utime(unfinished, (2, 2))
        extra = {"original": files.stamp(path), "text": path.read_text()}
        return Product(
            Outcome(Row(name, output=name), extra), (OutputFile(self.root / name, unfinished),)
        )

    def _is_whole(self, name: str, earlier: Outcome) -> bool:
        self.asked.append(name)
        return files.is_unchanged(self.indir / name, earlier.extra["original"])

    def run(self) -> Counts:
        """Do what is left."""
        names = sorted(
            str(p.relative_to(self.indir)) for p in self.indir.rglob("*") if p.is_file()
        )
        items = Items(
            names,
            name=str,
            work=self._work,
            is_whole=self._is_whole,
            outputs=lambda name: [self.root / name],
            fingerprints=Fingerprints(
                self.version,
                lambda name: files.stamp_text(f"{self.indir}/{name}"),
                lambda outcome: "{bytes} {modified_ns}".format(**outcome.extra["original"]),
                lambda outcome: outcome.extra.get("text", "rejected")[:1],
            ),
        )
        tables = (
            Table(self.root / "table.csv", ("name", "text"), _row),
            RowsTable(self.root / "long.csv", ("name", "letter"), _letters),
        )
        with (
            Workspace(self.root, "stage_x", {}) as workspace,
            ItemRun(workspace, self.root / "ledger.csv", tables) as run,
        ):
            counts = run.complete(items, 2)
            self.tally, self.notes = run.tally, run.notes
        return counts

    def tree(self) -> dict[str, bytes | str]:
        """Return all that is in the output folder but the record of blocks."""
        paths = (path for path in self.root.rglob("*") if path.is_symlink() or path.is_file())
        return {
            str(path.relative_to(self.root)): str(path.readlink())
            if path.is_symlink()
            else path.read_bytes()
            for path in paths
            if path.name != RECORD_NAME
        }


def _row(outcome: Outcome) -> list[str]:
    return [outcome.row.input, outcome.extra["text"]]


def _letters(outcome: Outcome) -> Iterator[list[str]]:
    return ([outcome.row.input, letter] for letter in outcome.extra["text"])


def _make(folder: Path, *, links: bool = False) -> Stage:
    stage = Stage(folder, links)
    for name in NAMES:
        stage.set(name, "bad" if name.endswith("05") else f"of {name}")
    stage.root.mkdir(parents=True)
    stage.run()
    return stage


def _edit(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


def _damage(stage: Stage) -> None:
    path = stage.root / NAMES[4]
    path.unlink()
    path.write_text("x")


def _fail(stage: Stage) -> None:
    """Stop a run that has done a part of what was changed."""
    stage.set(NAMES[1], "second", 7)
    stage.set(NAMES[8], "second", 7)
    with suppress(MemoryError):
        Stage(stage.folder, stage.links, fail_at=NAMES[8]).run()


def _restore(stage: Stage) -> None:
    """Stop a run in between, and bring back what was there before it."""
    before = stage.root.parent / "before"
    shutil.copytree(stage.root, before, symlinks=True)
    _fail(stage)
    for name in (NAMES[1], NAMES[8]):
        stage.set(name, f"of {name}")
        (stage.root / name).unlink()
        shutil.copy2(before / name, stage.root / name, follow_symlinks=False)


def _link_folder(stage: Stage) -> None:
    """Put a link in the place of a folder, all of whose inputs are in blocks."""
    (stage.indir / NAMES[5]).unlink()
    (stage.root / "a").rename(stage.folder / "moved")
    (stage.root / "a").symlink_to(stage.folder / "moved")


CHANGES: dict[str, Callable[[Stage], object]] = {
    "nothing": lambda _: None,
    "input changed": lambda stage: stage.set(NAMES[4], "other", 3),
    "input of the same size": lambda stage: stage.set(NAMES[4], "OF " + NAMES[4], 4),
    "input first": lambda stage: stage.set("a/_", "new"),
    "input in between": lambda stage: stage.set("a/n03b", "new"),
    "input last": lambda stage: stage.set("z", "new"),
    "first gone": lambda stage: (stage.indir / NAMES[0]).unlink(),
    "one gone": lambda stage: (stage.indir / NAMES[4]).unlink(),
    "last gone": lambda stage: (stage.indir / NAMES[-1]).unlink(),
    "folder gone": lambda stage: shutil.rmtree(stage.indir / "a"),
    "input bad": lambda stage: stage.set(NAMES[7], "bad", 3),
    "input good": lambda stage: stage.set(NAMES[5], "good", 3),
    "output gone": lambda stage: (stage.root / NAMES[4]).unlink(),
    "output damaged": _damage,
    "output touched": lambda stage: os.utime(stage.root / NAMES[4], (9, 9), follow_symlinks=False),
    "ledger edited": lambda stage: _edit(stage.root / "ledger.csv", b"a/n04", b"a/xxx"),
    "ledger gone": lambda stage: (stage.root / "ledger.csv").unlink(),
    "table edited": lambda stage: _edit(stage.root / "table.csv", b"of a/n04", b"by a/n04"),
    "table longer": lambda stage: _edit(stage.root / "table.csv", b"of a/n04", b"of old a/n04"),
    "table has a line more": lambda stage: _edit(
        stage.root / "table.csv", b"d,of d\n", b"d,of d\nx,y\n"
    ),
    "table gone": lambda stage: (stage.root / "table.csv").unlink(),
    "journal cut": lambda stage: os.truncate(stage.root / MEMORY / "finished.jsonl", 900),
    "stopped": _fail,
    "stopped and restored": _restore,
    "folder is a link": _link_folder,
}


@pytest.mark.parametrize(("links", "times"), [(False, 1), (False, 2), (True, 1)])
@pytest.mark.parametrize("change", CHANGES)
def test_results_are_those_without_blocks(
    tmp_path: Path, change: str, *, links: bool, times: int
) -> None:
    """Whatever was changed, a run with a record of blocks leaves what one without it does."""
    ends = []
    for has_record in (True, False):
        stage = _make(tmp_path / "x", links=links)
        for _ in range(times - 1):
            stage.run()
        CHANGES[change](stage)
        if not has_record:
            (stage.root / MEMORY / RECORD_NAME).unlink()
        again = Stage(stage.folder, links)
        try:
            end: object = again.run()
        except Exception as error:
            end = repr(error)
        # How much is done before an error, is a matter of threads.
        done = [] if isinstance(end, str) else sorted(again.work_done)
        ends.append((end, stage.tree(), done, again.tally, again.notes))
        shutil.rmtree(tmp_path / "x")
    assert ends[0] == ends[1]


def test_many_changes(tmp_path: Path) -> None:
    """After any changes, one after the other, a run leaves what one without a record does."""
    chance = random.Random(7)  # noqa: S311 - it need not be secret
    first, second = _make(tmp_path / "a"), _make(tmp_path / "b")
    for _ in range(25):
        name, action = chance.choice([*NAMES, "a/n03b", "z"]), chance.randrange(5)
        text, time = chance.choice(["new", "bad", "other"]), chance.randrange(3, 90)
        for stage in (first, second):
            if action < 3:
                stage.set(name, text, time)
            elif action == 3:
                (stage.indir / name).unlink(missing_ok=True)
            else:
                (stage.root / name).unlink(missing_ok=True)
        (second.root / MEMORY / RECORD_NAME).unlink()
        assert first.run() == second.run()
        assert first.tree() == second.tree()


def test_inputs_of_intact_blocks_are_not_asked_for(tmp_path: Path) -> None:
    """Only the inputs of the block that has changed, and rejected ones, are handled."""
    stage = _make(tmp_path)
    stage.set(NAMES[1], "other", 3)
    again = Stage(tmp_path)
    again.run()
    assert sorted(again.asked) == NAMES[0:3]
    assert sorted(again.work_done) == [NAMES[1], NAMES[5]]


def test_what_is_the_same_is_not_written_again(tmp_path: Path) -> None:
    """Files that would be the same stay as they are, and the ledger once it says `reused`."""
    stage = _make(tmp_path)
    (stage.indir / NAMES[5]).unlink()
    stage.run()
    memory = stage.root / MEMORY
    paths = [*stage.root.glob("*.csv"), memory / "finished.jsonl", memory / RECORD_NAME]
    before = [path.stat().st_ino for path in paths]
    stage.run()
    assert len(paths) == 5
    assert [path.stat().st_ino for path in paths] == before


def test_another_version_takes_no_blocks(tmp_path: Path) -> None:
    """Where outcomes depend on something else by now, every input is asked for."""
    _make(tmp_path)
    again = Stage(tmp_path, version=2)
    again.run()
    assert sorted(again.asked) == [name for name in NAMES if name != NAMES[5]]


@pytest.mark.parametrize("byte", range(0, 2000, 111))
def test_a_damaged_record_does_no_harm(tmp_path: Path, byte: int) -> None:
    """A record with another byte, wherever it is, leads to the same results."""
    stage, other = _make(tmp_path / "a"), _make(tmp_path / "b")
    path = stage.root / MEMORY / RECORD_NAME
    content = bytearray(path.read_bytes())
    content[byte % len(content)] ^= 1
    path.write_bytes(content)
    stage.run()
    other.run()
    assert stage.tree() == other.tree()


def test_an_edited_line_spoils_its_block_alone(tmp_path: Path) -> None:
    """Where a line of the journal was edited, the inputs of its block are done again."""
    stage = _make(tmp_path)
    tree = stage.tree()
    _edit(stage.root / MEMORY / "finished.jsonl", b"of a/n07", b"by a/n07")
    again = Stage(tmp_path)
    again.run()
    assert sorted(again.work_done) == [NAMES[5], *NAMES[7:9]]
    assert again.tree()["table.csv"] == tree["table.csv"]


def test_doubted_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart of the machine, files that may have lost their content are read."""
    stage = _make(tmp_path)
    path = stage.root / NAMES[4]
    time = path.stat().st_mtime_ns
    path.write_text("\0" * path.stat().st_size)
    os.utime(path, ns=(time, time))
    stage.run()
    assert "\0" in path.read_text()
    monkeypatch.setattr("autofocus.runs.trust.DOUBTED_S", 10**10)
    monkeypatch.setattr("autofocus.runs.trust._boot_id", lambda: "another")
    stage.run()
    assert path.read_text() == f"of {NAMES[4]}"


def test_a_run_of_several_stages_keeps_statuses(tmp_path: Path) -> None:
    """What the same run did before it was stopped stays `ok`, in blocks, too."""
    stage = _make(tmp_path)
    (stage.indir / NAMES[5]).unlink()
    with same_run():
        assert stage.run().ok == len(NAMES) - 1
    assert stage.run().reused == len(NAMES) - 1


class _StopError(BaseException):
    """A run is stopped."""


@pytest.mark.parametrize("step", range(9))
@pytest.mark.parametrize("change", ["nothing", "input changed", "one gone"])
def test_stopped_at_any_step_it_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, step: int
) -> None:
    """A second run that is stopped at any of its renames, and goes on, leaves the same bytes."""
    stopped, whole = _make(tmp_path / "a"), _make(tmp_path / "b")
    for stage in (stopped, whole):
        CHANGES[change](stage)
    replace, left = Path.replace, iter(range(step))

    def counted(path: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise _StopError
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", counted)
        with suppress(_StopError):
            stopped.run()
    first, second = stopped.run(), whole.run()
    assert first == second
    assert stopped.tree() == whole.tree()
