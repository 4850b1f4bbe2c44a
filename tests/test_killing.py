"""Tests of the helper that kills stages: it must not pass a stage that loses work."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.killing import check_killed_runs, has_ledger, kill_when, noted, tree, written

# Writes a file for each of ten inputs and a line in its journal, slowly, then the ledger. The
# files of a second start differ where `keep` isn't said.
STAGE = """
import json, sys, time
from pathlib import Path
out, keep, pause = Path(sys.argv[1]), sys.argv[2] == "keep", float(sys.argv[3])
hidden = out / ".autofocus" / "stage_x"
again = hidden.exists() and not keep
hidden.mkdir(parents=True, exist_ok=True)
with (hidden / "journal.new.jsonl").open("a") as journal:
    for number in range(10):
        (out / f"{number}.txt").write_text("again" if again else "first")
        print(json.dumps([str(number)]), file=journal, flush=True)
        time.sleep(pause)
(out / "ledger.csv").write_text("all")
"""


def stage(out: Path, way: str, pause: float = 0.02) -> Sequence[str | Path]:
    return [sys.executable, "-c", STAGE, out, way, str(pause)]


def test_good_stage_passes(tmp_path: Path) -> None:
    """A stage that writes the same bytes again passes, by either measure of how far it is."""
    for name, measure in (("a", noted("stage_x")), ("b", written("*.txt"))):
        (tmp_path / name).mkdir()
        check_killed_runs(lambda out: stage(out, "keep"), tmp_path / name, measure, [(1, 5)])


def test_stage_that_differs_is_caught(tmp_path: Path) -> None:
    """A stage that writes other bytes after a kill is caught."""
    with pytest.raises(AssertionError, match="killed at"):
        check_killed_runs(lambda out: stage(out, "change"), tmp_path, noted("stage_x"), [(3,)])


def test_kill_that_comes_too_late_is_caught(tmp_path: Path) -> None:
    """A stage that ends before it could be killed proves nothing, and that is said."""
    with pytest.raises(AssertionError, match="ended before it could be killed"):
        check_killed_runs(lambda out: stage(out, "keep", 0), tmp_path, noted("stage_x"), [(11,)])


def test_kill_reaches_the_children(tmp_path: Path) -> None:
    """What a killed command had started is killed with it."""
    late, started = tmp_path / "late", tmp_path / "started"
    child = f"import time; open({str(started)!r}, 'w'); time.sleep(0.3); open({str(late)!r}, 'w')"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    # Its end of the pipe stays open for as long as the child lives, so this waits for both.
    kill_when([sys.executable, "-c", parent], started.exists)
    assert not late.exists()


def test_tree_holds_what_is_visible(tmp_path: Path) -> None:
    """The tree holds digests of files and targets of links, and nothing of hidden folders."""
    (tmp_path / "a" / ".autofocus" / "x").mkdir(parents=True)
    (tmp_path / "a" / ".autofocus" / "ledger.csv").write_text("hidden")
    (tmp_path / "a" / "abc").write_bytes(b"abc")
    (tmp_path / "to_file").symlink_to("a/abc")
    (tmp_path / "to_folder").symlink_to("a")
    (tmp_path / "to_nowhere").symlink_to("../nowhere")
    assert tree(tmp_path) == {
        "a/abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "to_file": "-> a/abc",
        "to_folder": "-> a",
        "to_nowhere": "-> ../nowhere",
    }
    assert not has_ledger(tmp_path)
