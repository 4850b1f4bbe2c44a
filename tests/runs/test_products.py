"""Tests of a stage's files: it never overwrites or removes another's, and notices damage."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.errors import OutputConflictError
from autofocus.runs.files import unfinished_path
from autofocus.runs.items import ItemRun
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Counts, Reason, Row, Status, read_ledger, rejected
from autofocus.runs.making import Items
from autofocus.runs.products import OutputFile, Product
from autofocus.runs.results import Table
from autofocus.runs.workspace import Workspace

TABLES = ("ledger.csv", "table.csv")


class Stage:
    """A stage that writes each input's content into the files that it names.

    Args:
        root: the output folder.
        inputs: for each input the paths to write, or None if it is to be rejected.
        aside: where to move files of inputs that are gone.
    """

    def __init__(
        self, root: Path, inputs: Mapping[str, Collection[str] | None], aside: Path | None = None
    ) -> None:
        self.root, self.inputs, self.aside = root, inputs, aside
        self.done: list[str] = []
        self.notes: tuple[str, ...] = ()
        self.fail_at = ""

    def run(self) -> Counts:
        """Do what is left."""
        table = Table(self.root / "table.csv", ["input"], lambda outcome: [outcome.row.input])
        items = Items(
            sorted(self.inputs),
            name=str,
            work=self._work,
            is_whole=lambda *_: True,
            outputs=lambda name: [self.root / path for path in self.inputs[name] or ()],
        )
        with Workspace(self.root, "stage_x", {}) as workspace:
            ledger = self.root / "ledger.csv"
            with ItemRun(workspace, ledger, [table], self.aside) as run:
                counts = run.complete(items, jobs=2)
        self.notes = run.notes
        return counts

    def _work(self, name: str) -> Outcome | Product:
        if name == self.fail_at:
            raise MemoryError(name)
        self.done.append(name)
        paths = self.inputs[name]
        if paths is None:
            return Outcome(rejected(name, Reason.TRUNCATED))
        made = []
        for path in paths:
            unfinished = unfinished_path(self.root / path, self.root / ".autofocus" / "unfinished")
            unfinished.write_text(f"{name} in {path}")
            made.append(OutputFile(self.root / path, unfinished))
        return Product(Outcome(Row(name)), tuple(made))


def content(root: Path) -> dict[str, bytes]:
    """Return all visible files."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".autofocus" not in path.parts
    }


def outputs(root: Path) -> dict[str, str]:
    """Return all visible files but the tables."""
    return {name: b.decode() for name, b in content(root).items() if name not in TABLES}


def expected(inputs: Mapping[str, Collection[str] | None]) -> dict[str, str]:
    return {path: f"{name} in {path}" for name, paths in inputs.items() for path in paths or ()}


ALL = {"a": ["x/a", "y/a"], "b": ["x/b"], "c": ["z/c"], "d": None}


@pytest.mark.parametrize("damage", [b"", b"a in x/", b"\0" * 8, b"A IN X/A", None])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: bytes | None) -> None:
    """A file that is empty, cut off, zeroed, replaced or missing is not reused."""
    Stage(tmp_path, ALL).run()
    (tmp_path / "x" / "a").unlink()
    if damage is not None:
        (tmp_path / "x" / "a").write_bytes(damage)
    again = Stage(tmp_path, ALL)
    again.run()
    assert sorted(again.done) == ["a", "d"]
    assert outputs(tmp_path) == expected(ALL)


def test_a_copied_folder_is_reused(tmp_path: Path) -> None:
    """Files that only have other times are reused, and from then on without being read."""
    Stage(tmp_path / "one", ALL).run()
    shutil.copytree(tmp_path / "one", tmp_path / "two", copy_function=shutil.copyfile)
    again = Stage(tmp_path / "two", ALL)
    assert again.run().reused == 3
    assert again.done == ["d"]


def test_files_of_vanished_inputs_are_removed(tmp_path: Path) -> None:
    """They go with the folders that they leave empty, and this is said."""
    Stage(tmp_path, ALL).run()
    (tmp_path / "empty").mkdir()
    fewer = {"b": ["x/b"]}
    again = Stage(tmp_path, fewer)
    again.run()
    assert outputs(tmp_path) == expected(fewer)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {
        ".autofocus",
        "empty",
        "x",
    }
    assert again.notes == ("files whose inputs are gone, removed: 3",)


def test_files_that_an_input_no_longer_makes_are_removed(tmp_path: Path) -> None:
    """An input that makes another file, or is rejected now, leaves no earlier one."""
    Stage(tmp_path, ALL).run()
    (tmp_path / "y" / "a").write_text("damaged, so that it is made again")
    (tmp_path / "x" / "b").unlink()
    changed = {"a": ["x/a"], "b": None, "c": ["z/c"]}
    Stage(tmp_path, changed).run()
    assert outputs(tmp_path) == {**expected(changed), "y/a": "damaged, so that it is made again"}


def test_files_are_removed_after_an_interruption(tmp_path: Path) -> None:
    """Of inputs that vanish between a run that was stopped and the next, nothing is left."""
    stage = Stage(tmp_path, ALL)
    stage.fail_at = "c"
    with pytest.raises(MemoryError):
        stage.run()
    assert set(outputs(tmp_path)) == {"x/a", "y/a", "x/b"}
    Stage(tmp_path, {"b": ["x/b"], "c": ["z/c"]}).run()
    assert set(outputs(tmp_path)) == {"x/b", "z/c"}


def test_a_rejection_after_an_interruption_leaves_no_file(tmp_path: Path) -> None:
    """What a finished run made of an input is known, though an interrupted one rejected it."""
    Stage(tmp_path, ALL).run()
    (tmp_path / "x" / "a").unlink()
    stage = Stage(tmp_path, {**ALL, "a": None})
    stage.fail_at = "d"
    with pytest.raises(MemoryError):
        stage.run()
    Stage(tmp_path, {**ALL, "a": None}).run()
    assert set(outputs(tmp_path)) == {"x/b", "z/c"}


def test_files_of_vanished_inputs_may_be_set_aside(tmp_path: Path) -> None:
    """They keep their paths in the folder for them."""
    Stage(tmp_path / "o", ALL).run()
    Stage(tmp_path / "o", {"b": ["x/b"]}, tmp_path / "aside").run()
    assert set(outputs(tmp_path / "o")) == {"x/b"}
    assert set(content(tmp_path / "aside")) == {"x/a", "y/a", "z/c"}


def test_a_changed_file_of_a_vanished_input_stays(tmp_path: Path) -> None:
    """What somebody has put in the place of a file is theirs."""
    Stage(tmp_path, ALL).run()
    (tmp_path / "z" / "c").write_text("edited")
    again = Stage(tmp_path, {"b": ["x/b"]})
    again.run()
    assert outputs(tmp_path) == {"x/b": "b in x/b", "z/c": "edited"}
    expected_end = "as they have been changed or their folder is a link: 1, such as z/c"
    assert again.notes[1].endswith(expected_end)


def test_nothing_outside_the_folder_is_removed(tmp_path: Path) -> None:
    """A folder that was replaced by a link to another one is not followed."""
    Stage(tmp_path / "o", ALL).run()
    shutil.move(tmp_path / "o" / "z", tmp_path / "z")
    (tmp_path / "o" / "z").symlink_to(tmp_path / "z")
    Stage(tmp_path / "o", {"b": ["x/b"]}).run()
    assert (tmp_path / "z" / "c").read_text() == "c in z/c"


def test_without_a_memory_equal_files_are_taken_over(tmp_path: Path) -> None:
    """Where the memory was deleted, files of the same content keep their place and count as ok."""
    Stage(tmp_path, ALL).run()
    before = {name: (tmp_path / name).stat().st_ino for name in expected(ALL)}
    shutil.rmtree(tmp_path / ".autofocus")
    assert Stage(tmp_path, ALL).run().ok == 3
    assert {name: (tmp_path / name).stat().st_ino for name in expected(ALL)} == before
    assert Stage(tmp_path, ALL).run().reused == 3


def test_a_link_in_the_place_of_a_file_stays(tmp_path: Path) -> None:
    """What a file was replaced by is somebody's own if it is a link, and is not overwritten."""
    Stage(tmp_path, ALL).run()
    (tmp_path / "x" / "b").unlink()
    (tmp_path / "x" / "b").symlink_to("nowhere")
    with pytest.raises(OutputConflictError, match="b already exists"):
        Stage(tmp_path, ALL).run()
    assert (tmp_path / "x" / "b").is_symlink()


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    """The sentence names the file that stands in the way, not what would be below it."""
    (tmp_path / "x").write_text("mine")
    with pytest.raises(OutputConflictError, match=r"x already exists"):
        Stage(tmp_path, {"a": ["x/y/z/a"]}).run()
    assert (tmp_path / "x").read_text() == "mine"


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_another_file_ends_the_run_before_it_writes(tmp_path: Path, kind: str) -> None:
    """A place that is taken is named before anything else is made, and stays as it is."""
    taken = tmp_path / "z" / "c"
    taken.parent.mkdir()
    if kind == "file":
        taken.write_text("mine")
    elif kind == "folder":
        taken.mkdir()
    else:
        taken.symlink_to("nowhere")
    stage = Stage(tmp_path, ALL)
    with pytest.raises(OutputConflictError, match="c already exists and was not written by stage"):
        stage.run()
    assert stage.done == ([] if kind == "folder" else ["c"])
    assert set(content(tmp_path)) == ({"z/c"} if kind == "file" else set())


@pytest.mark.parametrize("name", TABLES)
def test_another_table_ends_the_run_before_it_writes(tmp_path: Path, name: str) -> None:
    """A table's place that is taken is named before anything is made."""
    (tmp_path / name).write_text("mine")
    stage = Stage(tmp_path, ALL)
    with pytest.raises(OutputConflictError, match=name):
        stage.run()
    assert (stage.done, content(tmp_path)) == ([], {name: b"mine"})


DIE = """
import os, sys
from pathlib import Path
from tests.runs.test_products import ALL, Stage

replace = Path.replace

def replace_and_die(path, target):
    replace(path, target)
    if Path(target).name == "b":
        os._exit(9)

Path.replace = replace_and_die
Stage(Path(sys.argv[1]), ALL).run()
"""


def test_a_file_is_known_before_it_stands(tmp_path: Path) -> None:
    """Killed as soon as a file is in its place, a run has recorded it: it goes with its input."""
    command = [sys.executable, "-c", DIE, str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 9, done.stderr
    assert "x/b" in outputs(tmp_path)
    Stage(tmp_path, {"c": ["z/c"]}).run()
    assert set(outputs(tmp_path)) == {"z/c"}


NAMES = st.sampled_from(
    ["x", "x/a", "x/c", "y/a", "z/c", "w/c", "other", "x/other", "x/a-0123456789.jpg", *TABLES]
)
SUBSETS = st.sets(st.sampled_from(sorted(ALL)))


@settings(max_examples=20)
@given(st.dictionaries(NAMES, st.binary(max_size=9), max_size=3), SUBSETS, SUBSETS, st.booleans())
def test_files_of_others_survive(
    foreign: dict[str, bytes], first: set[str], second: set[str], forget: bool
) -> None:
    """Whatever files there were stay, through any runs, whether these end well or not."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, data in list(foreign.items()):
            try:
                (root / name).parent.mkdir(exist_ok=True)
                (root / name).write_bytes(data)
            except OSError:  # a file in a folder's place, or the reverse
                del foreign[name]
        for subset in (first, first, second, set(ALL), set[str]()):
            try:
                Stage(root, {name: ALL[name] for name in subset}).run()
            except OutputConflictError as error:
                assert any(str(root / name) in str(error) for name in (*foreign, "x", "y"))  # noqa: PT017
            if forget:
                shutil.rmtree(root / ".autofocus", ignore_errors=True)
            seen = content(root)
            assert {name: seen.get(name) for name in foreign} == foreign


@settings(max_examples=20)
@given(st.lists(st.tuples(SUBSETS, st.sampled_from(["", *ALL])), max_size=4), SUBSETS)
def test_only_the_last_inputs_count(runs: list[tuple[set[str], str]], last: set[str]) -> None:
    """After runs over any inputs, stopped anywhere, the files are those of the last inputs."""
    with tempfile.TemporaryDirectory() as folder:
        root, alone = Path(folder) / "many", Path(folder) / "one"
        for subset, fail_at in runs:
            stage = Stage(root, {name: ALL[name] for name in subset})
            stage.fail_at = fail_at
            with contextlib.suppress(MemoryError):
                stage.run()
        inputs = {name: ALL[name] for name in last}
        Stage(root, inputs).run()
        Stage(alone, inputs).run()
        assert outputs(root) == outputs(alone) == expected(inputs)
        statuses = {row.status for _, row in read_ledger(root / "ledger.csv")}
        assert statuses <= {Status.OK, Status.REUSED, Status.REJECTED}
