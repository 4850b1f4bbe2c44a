"""Tests of how far marks are trusted after the machine has gone down."""

import os
import time
from pathlib import Path

import pytest

from autofocus.runs import marks, trust
from autofocus.runs.trust import DOUBTED_S
from autofocus.runs.workspace import Workspace

OLD_NS = time.time_ns() - 2 * DOUBTED_S * 10**9


def zero(path: Path) -> None:
    """Replace the content, but neither size nor time, as a power cut may."""
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def run(folder: Path, *, fail: bool = False) -> bool:
    """Run a stage that made `a.csv`, and tell whether it finds it intact."""
    with Workspace(folder, "stage_x", {}) as workspace:
        (workspace.folder / "finished.jsonl").touch()
        is_intact = bool(workspace.trust.check(folder / "a.csv", MARKS[folder]))
        if fail:
            raise InterruptedError
    return is_intact


MARKS: dict[Path, marks.Mark] = {}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in which a stage has written a file."""
    (tmp_path / "a.csv").write_text("content")
    MARKS[tmp_path] = marks.mark_of(tmp_path / "a.csv")
    assert run(tmp_path)
    zero(tmp_path / "a.csv")
    return tmp_path


def test_zeros_are_found_after_a_power_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros of the same size and time are found once the machine was started anew."""
    assert run(folder), "without a new start, size and time decide"
    monkeypatch.setattr(trust, "_boot_id", lambda: "another boot")
    with pytest.raises(InterruptedError):
        run(folder, fail=True)
    assert not run(folder), "a run that was interrupted has not checked everything"
    assert run(folder), "files are read once"


def test_old_files_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written long before the end of the last run was on the disk by then."""
    os.utime(folder / "a.csv", ns=(OLD_NS, OLD_NS))
    MARKS[folder] = {**MARKS[folder], "modified_ns": OLD_NS}
    monkeypatch.setattr(trust, "_boot_id", lambda: "another boot")
    assert run(folder)
