"""Killing a stage with SIGKILL in its middle, and starting it again.

    check_killed_runs(
        lambda out: [sys.executable, "-m", "autofocus", "preprocess_images", ...],
        tmp_path,
        noted("preprocess_images"),
        [(1,), (5, 12)],
    )

runs the command unstopped, then for each of the given rows of points anew: killed as soon as so
many outcomes are noted, once for each point in the row, and at last left to end. After each kill
there must be something done and no ledger, so that the kill was in the middle; at the end all
visible bytes must be those of the unstopped run.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

HIDDEN = ".autofocus"
LEDGER = "ledger.csv"
TIMEOUT_S = 120.0

# Makes a stage's command line for an output folder.
MakeCommand = Callable[[Path], Sequence[str | Path]]
# Tells from the output folder how far the stage is.
Measure = Callable[[Path], int]


def tree(folder: Path) -> dict[str, str]:
    """Return what is visible below a folder: a digest for each file, the target for each link.

    Args:
        folder: where to look; all that stages keep in hidden folders is left out.

    Returns:
        Digests (SHA-256) and targets by path relative to the folder, in order.
    """
    seen = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != HIDDEN]
        for path in (Path(place, name) for name in (*folders, *names)):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink():
                seen[name] = f"-> {path.readlink()}"
            elif path.is_file():
                seen[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return dict(sorted(seen.items()))


def noted(stage: str) -> Measure:
    """Return a measure: for how many inputs the journals of interrupted starts hold an outcome.

    Args:
        stage: the name of the stage's hidden folder; the folder is looked for at any depth.
    """

    def measure(out: Path) -> int:
        # Folders come and go meanwhile.
        with contextlib.suppress(FileNotFoundError):
            journals = out.glob(f"**/{HIDDEN}/{stage}/journal*.jsonl")
            return len({name for journal in journals for name in _inputs(journal)})
        return 0

    return measure


def written(pattern: str) -> Measure:
    """Return a measure: how many files below the output folder match, such as ``**/*.JPG``."""

    def measure(out: Path) -> int:
        with contextlib.suppress(FileNotFoundError):
            paths = (path.relative_to(out) for path in out.glob(pattern))
            return sum(HIDDEN not in path.parts for path in paths)
        return 0

    return measure


def _inputs(journal: Path) -> Iterable[str]:
    """Yield the inputs of all whole lines; the journal may be written, or go, meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        for line in journal.read_bytes().splitlines():
            with contextlib.suppress(ValueError):
                yield json.loads(line)[0]


def kill_when(command: Sequence[str | Path], is_time: Callable[[], bool]) -> None:
    """Start a command, and kill it with all that it started as soon as it is time.

    Raises:
        AssertionError: it ended by itself, or it took too long.
    """
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stderr is not None
        try:
            _wait_until(is_time, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        said = process.stderr.read().decode()
    assert process.returncode == -signal.SIGKILL, f"it ended before it could be killed: {said}"


def _wait_until(is_time: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while process.poll() is None and not is_time():
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.001)


def finish(command: Sequence[str | Path]) -> str:
    """Run a command to its end, which must be a good one, and return what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def has_ledger(out: Path) -> bool:
    """Tell whether a ledger, `ledger.csv` or `<name>.ledger.csv`, stands below the folder."""
    return any(HIDDEN not in path.relative_to(out).parts for path in out.glob(f"**/*{LEDGER}"))


def check_killed_runs(
    command: MakeCommand, place: Path, measure: Measure, rows: Sequence[Sequence[int]]
) -> None:
    """Check that runs killed in their middle end with the bytes of one that was never stopped.

    Args:
        command: makes the command line for an output folder.
        place: an empty folder; the outputs are made in folders of one name below it, so that
            relative paths in them come out the same.
        measure: tells how far a run is; see `noted` and `written`.
        rows: for each run, when it is killed: as soon as the measure is so large.

    Raises:
        AssertionError: bytes differ, or a kill was not in the middle.
    """
    unstopped = place / "unstopped" / "out"
    unstopped.parent.mkdir()
    finish(command(unstopped))
    assert has_ledger(unstopped)
    for number, points in enumerate(rows):
        stopped = place / f"stopped{number}" / "out"
        stopped.parent.mkdir()
        _kill_at(command(stopped), stopped, measure, points)
        finish(command(stopped))
        assert tree(stopped) == tree(unstopped), f"killed at {points}"


def _kill_at(
    command: Sequence[str | Path], out: Path, measure: Measure, points: Sequence[int]
) -> None:
    for point in points:
        kill_when(command, lambda point=point: measure(out) >= point)  # type: ignore[misc]
        assert measure(out) >= max(point, 1), "it was killed before anything was done"
        assert not has_ledger(out), "it was killed when all was done"
