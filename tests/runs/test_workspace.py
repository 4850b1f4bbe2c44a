"""Tests of a stage's hidden folder: its settings, its lock, its unfinished files."""

import subprocess
import sys
from pathlib import Path

import pytest

from autofocus.errors import OutputConflictError
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
