"""Tests of a stage's hidden folder: its settings, its lock, its unfinished files."""

import subprocess
import sys
from pathlib import Path

import pytest

from autofocus.errors import OutputConflictError
from autofocus.runs.ledger import LedgerWriter, Row
from autofocus.runs.workspace import Workspace

HOLD = """
import sys
from pathlib import Path
from autofocus.runs.workspace import Workspace
with Workspace(Path(sys.argv[1]), "stage_x", {}):
    print("locked", flush=True)
    sys.stdin.read()
"""


def begin(root: Path, **settings: object) -> None:
    with Workspace(root, "stage_x", settings):
        pass


def test_same_settings_go_on(tmp_path: Path) -> None:
    """An output may be gone on with by the same settings, tuples or lists alike."""
    begin(tmp_path / "o", trim=3, names=["a", "b"], share=1)
    begin(tmp_path / "o", names=("a", "b"), trim=3, share=1.0)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"trim": 4, "side": 256}, "trim = 3, and now it is 4"),
        ({"trim": 3}, "side = 256, and now it is null"),
        ({"trim": 3, "side": 256, "new": "x"}, 'new = null, and now it is "x"'),
    ],
)
def test_other_settings_are_refused(tmp_path: Path, other: dict[str, object], words: str) -> None:
    """Other settings are refused with the key, both values, and what to do."""
    begin(tmp_path / "o", trim=3, side=256)
    with pytest.raises(OutputConflictError) as caught:
        begin(tmp_path / "o", **other)
    assert f"was begun by stage_x with {words}: choose another output" in str(caught.value)
    assert f"or delete {tmp_path / 'o' / '.autofocus' / 'stage_x'}" in str(caught.value)


def test_a_new_option_that_is_unset_changes_nothing(tmp_path: Path) -> None:
    """An output of a version without an option goes on while the option is unset, and not else."""
    with Workspace(tmp_path, "stage", {"old": 1}) as workspace:
        workspace.claim([tmp_path / "made"], tmp_path / "ledger.csv")
        (tmp_path / "made").touch()
    with pytest.raises(OutputConflictError, match="new"):
        Workspace(tmp_path, "stage", {"old": 1, "new": 2.0}).__enter__()
    with Workspace(tmp_path, "stage", {"old": 1, "new": 0.0}):
        pass


def test_refused_settings_change_nothing(tmp_path: Path) -> None:
    """A refused start leaves the output as it was: its own settings go on."""
    begin(tmp_path / "o", trim=3)
    with pytest.raises(OutputConflictError):
        begin(tmp_path / "o", trim=4)
    begin(tmp_path / "o", trim=3)


def test_broken_memory_is_refused(tmp_path: Path) -> None:
    """Settings that can't be read are refused by their path, and never taken for the same."""
    begin(tmp_path / "o", trim=3)
    (tmp_path / "o" / ".autofocus" / "stage_x" / "settings.json").write_bytes(b"\0\0\0")
    with pytest.raises(OutputConflictError, match=r"settings\.json can't be read"):
        begin(tmp_path / "o", trim=3)


def test_second_run_is_locked_out(tmp_path: Path) -> None:
    """While one process is at work on an output, another is told so; then it may."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"locked\n"
        with pytest.raises(OutputConflictError, match=f"Another run is at work on {tmp_path}"):
            begin(tmp_path)
        first.kill()
    begin(tmp_path)


def test_lock_goes_with_a_refused_start(tmp_path: Path) -> None:
    """A start refused for its settings holds no lock, even while its error is looked at."""
    begin(tmp_path / "o", trim=3)
    with pytest.raises(OutputConflictError) as caught:
        begin(tmp_path / "o", trim=4)
    begin(tmp_path / "o", trim=3)
    assert "trim" in str(caught.value)


def test_unfinished_files_are_wiped(tmp_path: Path) -> None:
    """What a killed run left unfinished is gone when the next begins."""
    workspace = Workspace(tmp_path, "stage_x", {})
    workspace.scratch.mkdir(parents=True)
    (workspace.scratch / "half").write_text("half")
    with workspace:
        assert list(workspace.scratch.iterdir()) == []


def test_scratch_goes_at_the_end(tmp_path: Path) -> None:
    """A run that ends, well or not, leaves no folder of unfinished files."""
    workspace = Workspace(tmp_path, "stage_x", {})

    def stop_halfway() -> None:
        with workspace:
            (workspace.scratch / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_halfway()
    assert not workspace.scratch.exists()


def test_file_in_place_of_the_output(tmp_path: Path) -> None:
    """An output folder in whose place a file stands is refused in a sentence."""
    (tmp_path / "o").write_text("a file")
    with pytest.raises(OutputConflictError, match="a file stands in its place"):
        begin(tmp_path / "o")
    assert (tmp_path / "o").read_text() == "a file"


def test_outputs_in_one_folder_keep_apart(tmp_path: Path) -> None:
    """Two files written by one stage into one folder have their own settings and locks."""
    first = Workspace(tmp_path, "stage_x", {"n": 1}, output="a.csv")
    second = Workspace(tmp_path, "stage_x", {"n": 2}, output="b.csv")
    with first, second:
        assert first.scratch != second.scratch


def test_settings_that_made_nothing_do_not_bind(tmp_path: Path) -> None:
    """After an error before anything was done, other settings may be tried."""
    with pytest.raises(ValueError, match="wrong"), Workspace(tmp_path, "stage", {"strip": 2}):
        raise ValueError("wrong")
    with Workspace(tmp_path, "stage", {"strip": 1}):
        pass


def fail_after_a_note(folder: Path) -> None:
    with Workspace(folder, "stage", {"strip": 2}) as workspace:
        (workspace.folder / "journal.new.jsonl").write_text("a line")
        raise ValueError("wrong")


def test_settings_that_made_something_bind(tmp_path: Path) -> None:
    """After an error in the middle, what was done stays bound to its settings."""
    with pytest.raises(ValueError, match="wrong"):
        fail_after_a_note(tmp_path)
    other = Workspace(tmp_path, "stage", {"strip": 1})
    with pytest.raises(OutputConflictError, match="strip"), other:
        pass


def test_the_file_that_was_begun_is_named(tmp_path: Path) -> None:
    """Where several outputs share a folder, the sentence about other settings names the file."""
    with Workspace(tmp_path, "stage_x", {"n": 1}, output="a.csv"):
        (tmp_path / ".autofocus" / "stage_x.a.csv" / "finished.jsonl").write_text("a line")
    other = Workspace(tmp_path, "stage_x", {"n": 2}, output="a.csv")
    with (
        pytest.raises(OutputConflictError, match=r"a\.csv was begun by stage_x with n = 1"),
        other,
    ):
        pass


def begin_recipe(root: Path, recipe: int) -> None:
    with Workspace(root, "stage_x", {"trim": 3}, recipe=recipe):
        pass


def test_another_recipe_is_an_error(tmp_path: Path) -> None:
    """Outputs of two versions of a stage are not mixed."""
    begin_recipe(tmp_path, 1)
    with pytest.raises(OutputConflictError, match="written by another version of stage_x"):
        begin_recipe(tmp_path, 2)
    begin_recipe(tmp_path, 1)


def test_outputs_without_a_recipe_are_of_the_first(tmp_path: Path) -> None:
    """A folder begun before recipes were recorded goes on with recipe 1, and no other."""
    settings = tmp_path / ".autofocus" / "stage_x" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"trim": 3}')
    begin_recipe(tmp_path, 1)
    with pytest.raises(OutputConflictError, match="another version"):
        begin_recipe(tmp_path, 2)


def test_outputs_beside_an_earlier_memory_are_its_own(tmp_path: Path) -> None:
    """Tables of a run that an earlier version of the program left unfinished are gone on with."""
    settings = tmp_path / ".autofocus" / "stage_x" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text("{}")
    (tmp_path / "table.csv").write_text("of the earlier version")
    claim(tmp_path, "table.csv", "other.csv")
    (tmp_path / "new.csv").write_text("mine")
    with pytest.raises(OutputConflictError, match=r"new.csv already exists"):
        claim(tmp_path, "table.csv", "new.csv")


def forget(root: Path, number: int) -> None:
    """Run a stage that makes something, and that then asks for another setting."""
    with Workspace(root, "stage_x", {"number": number}) as workspace:
        (workspace.folder / "journal.new.jsonl").write_text("a line")
        workspace.forget()


def test_a_new_output_is_forgotten(tmp_path: Path) -> None:
    """An output that this run began may be begun anew with another setting."""
    forget(tmp_path, 1)
    forget(tmp_path, 2)


def test_an_earlier_output_is_not_forgotten(tmp_path: Path) -> None:
    """What an earlier run has finished stays known, with its settings."""
    with Workspace(tmp_path, "stage_x", {"number": 1}) as workspace:
        (workspace.folder / "finished.jsonl").write_text("a line")
    forget(tmp_path, 1)
    left = {path.name for path in (tmp_path / ".autofocus" / "stage_x").iterdir()}
    assert left == {"boot.json", "finished.jsonl", "lock", "settings.json"}
    with pytest.raises(OutputConflictError, match="number = 1, and now it is 2"):
        forget(tmp_path, 2)


def claim(root: Path, *names: str) -> None:
    with Workspace(root, "stage_x", {}) as workspace:
        workspace.claim([root / name for name in names], root / "ledger.csv")


def test_own_files_are_known(tmp_path: Path) -> None:
    """A file that the memory lists may be written again; any other is left alone."""
    claim(tmp_path, "own.csv")
    (tmp_path / "own.csv").write_text("own")
    (tmp_path / "foreign.csv").write_text("foreign")
    claim(tmp_path, "own.csv")
    with pytest.raises(OutputConflictError, match=r"foreign\.csv already exists and was not"):
        claim(tmp_path, "own.csv", "foreign.csv")


@pytest.mark.parametrize("kind", ["folder", "broken link"])
def test_what_is_no_file_is_not_overwritten_either(tmp_path: Path, kind: str) -> None:
    """A folder, or a link to nowhere, in the place of a table is a conflict."""
    if kind == "folder":
        (tmp_path / "table.csv").mkdir()
    else:
        (tmp_path / "table.csv").symlink_to("nowhere")
    with pytest.raises(OutputConflictError, match=r"table\.csv already exists"):
        claim(tmp_path, "table.csv")


@pytest.mark.parametrize(("stage", "is_own"), [("stage_x", True), ("stage_y", False)])
def test_without_a_memory_the_ledger_decides(tmp_path: Path, stage: str, *, is_own: bool) -> None:
    """Beside a ledger of this stage, and of no other, stand its own tables."""
    ledger = LedgerWriter(tmp_path / "ledger.csv", stage)
    ledger.write(Row("a"))
    ledger.close()
    (tmp_path / "table.csv").write_text("table")
    if is_own:
        claim(tmp_path, "table.csv", "ledger.csv")
        (tmp_path / "foreign.csv").write_text("foreign")
        with pytest.raises(OutputConflictError, match="foreign"):
            claim(tmp_path, "foreign.csv")
    else:
        with pytest.raises(OutputConflictError, match="table"):
            claim(tmp_path, "table.csv", "ledger.csv")


def test_only_own_files_are_removed(tmp_path: Path) -> None:
    """A file that the memory doesn't list stays."""
    claim(tmp_path, "own.csv")
    (tmp_path / "own.csv").write_text("own")
    (tmp_path / "foreign.csv").write_text("foreign")
    with Workspace(tmp_path, "stage_x", {}) as workspace:
        workspace.remove(tmp_path / "own.csv")
        workspace.remove(tmp_path / "foreign.csv")
    assert [path.name for path in tmp_path.glob("*.csv")] == ["foreign.csv"]


def fail_after_writing(root: Path) -> None:
    with Workspace(root, "stage_x", {}) as workspace:
        workspace.claim([root / "own.csv"], root / "ledger.csv")
        (root / "own.csv").write_text("own")
        raise ValueError("wrong")


def test_a_file_that_was_written_stays_known(tmp_path: Path) -> None:
    """A run that fails when it has written a file, and nothing else, finds it its own again."""
    for _ in range(2):
        with pytest.raises(ValueError, match="wrong"):
            fail_after_writing(tmp_path)
