"""Measuring commands in pairs, so that a machine's changing speed touches both alike."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

LAUNCHER = Path(__file__).with_name("launcher.py")
RUNS = 3
MB = 1e6
# With compiled modules, as of an installed package: an empty value is that of a variable which is
# not set.
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
# Of what a failed command wrote, its end is told.
TAIL = 2000
By = Literal["wall", "cpu", "peak"]
UNITS: dict[By, str] = {"wall": "s", "cpu": "CPU s", "peak": "MB"}


class BenchmarkError(Exception):
    """A command failed, or did not do the work that is measured."""


def _nothing() -> None:
    """Prepare and check nothing."""


@dataclass(frozen=True)
class Task:
    """A command to measure.

    Attributes:
        name: what it is called in the results.
        command: the command line.
        prepare: is called before each run, and not measured.
        environment: variables beside this process's own.
        check: is called after each run, and not measured: raises `BenchmarkError` if the work was
            not done (see `has_files`).
        status: the exit status with which it ends.
        reports: the command measures its own work, without its start: the last line that it
            prints is a JSON object with `wall` and `cpu` (s).
    """

    name: str
    command: Sequence[str]
    prepare: Callable[[], None] = _nothing
    environment: tuple[tuple[str, str], ...] = ()
    check: Callable[[], None] = _nothing
    status: int = 0
    reports: bool = False


@dataclass(frozen=True)
class Measurement:
    """What one run of a command took.

    Attributes:
        wall: time (s).
        cpu: processor time (s) of the command and all its child processes.
        peak: the most memory (bytes) of the largest of these processes.
    """

    wall: float
    cpu: float
    peak: float

    def by(self, name: By) -> float:
        """Return one of the three, memory in MB."""
        return self.peak / MB if name == "peak" else float(getattr(self, name))


@dataclass(frozen=True)
class Comparison:
    """A command against a peer.

    Attributes:
        what: what both did.
        units: how many units of work that was.
        unit: what a unit is.
        ours: each of our runs.
        peer: the peer's name.
        theirs: each of its runs, in the same order.
        by: what is compared.
        goal: the least ratio, the peer's to ours.
        margin: what ours may take more than the peer (s, or MB), instead of a ratio.
        peer_units: the peer's units of work, if they are not ours.
    """

    what: str
    units: int
    unit: str
    ours: tuple[Measurement, ...]
    peer: str
    theirs: tuple[Measurement, ...]
    by: By = "wall"
    goal: float = 1.25
    margin: float | None = None
    peer_units: int | None = None

    @property
    def ratios(self) -> list[float]:
        """How many times as much the peer took per unit, pair by pair; or how much less."""
        pairs = [
            (a.by(self.by), b.by(self.by)) for a, b in zip(self.ours, self.theirs, strict=True)
        ]
        if self.margin is not None:
            return [ours - theirs for ours, theirs in pairs]
        scale = self.units / (self.peer_units or self.units)
        return [scale * theirs / max(ours, 1e-9) for ours, theirs in pairs]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio <= self.margin if self.margin is not None else self.ratio >= self.goal


def has_files(folder: Path, pattern: str, number: int) -> Callable[[], None]:
    """Return a check that so many files, or links, below a folder match a pattern."""

    def check() -> None:
        found = sum(1 for path in folder.rglob(pattern) if path.is_symlink() or path.is_file())
        if found != number:
            raise BenchmarkError(f"There are {found} of {number} files {pattern} in {folder}.")

    return check


def has_lines(path: Path, number: int) -> Callable[[], None]:
    """Return a check that a file has so many lines."""

    def check() -> None:
        with path.open("rb") as file:
            found = sum(1 for _ in file)
        if found != number:
            raise BenchmarkError(f"There are {found} of {number} lines in {path}.")

    return check


def measure(task: Task) -> Measurement:
    """Run a command once, and return what it took.

    Raises:
        BenchmarkError: it failed, or did not do its work.
    """
    task.prepare()
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "took.json"
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(LAUNCHER), str(result), *task.command],
            check=False,
            env=os.environ | COMPILED | dict(task.environment),
            capture_output=True,
            text=True,
        )
        if done.returncode != task.status:
            said = (done.stderr or done.stdout).strip()[-TAIL:]
            raise BenchmarkError(f"{task.name} ended with status {done.returncode}: {said}")
        took = json.loads(result.read_text(encoding="utf-8"))
    if task.reports:
        took |= json.loads(done.stdout.strip().splitlines()[-1])
    task.check()
    return Measurement(took["wall"], took["cpu"], took["peak"])


def measure_in_turn(
    what: str, tasks: Sequence[Task], runs: int = RUNS
) -> dict[str, tuple[Measurement, ...]]:
    """Run commands in turn (A B A B ...), after one round that isn't counted.

    Returns:
        What each run took, by the name of the task.

    Raises:
        BenchmarkError: a command failed, or did not do its work.
    """
    measured: dict[str, list[Measurement]] = {task.name: [] for task in tasks}
    for number in range(runs + 1):
        for task in tasks:
            took = measure(task)
            if number:
                measured[task.name].append(took)
            print(
                f"{what}: {task.name} {took.wall:.2f} s, {took.cpu:.2f} CPU s, "
                f"{took.peak / MB:.0f} MB",
                file=sys.stderr,
                flush=True,
            )
    return {name: tuple(runs_) for name, runs_ in measured.items()}


def compare(
    what: str,
    units: int,
    unit: str,
    ours: Task,
    peers: Sequence[Task],
    runs: int = RUNS,
    by: By = "wall",
    goal: float = 1.25,
    margin: float | None = None,
) -> list[Comparison]:
    """Run our command and its peers in turn, after one round that isn't counted.

    Args:
        what: what all of them do.
        units: how many units of work that is.
        unit: what a unit is, in the plural.
        ours: our command.
        peers: those that it is compared with.
        runs: how often each is run and counted.
        by: what is compared.
        goal: the least ratio, the peer's to ours. Of peers with other goals, replace it in what is
            returned (`dataclasses.replace`).
        margin: what ours may take more than the peer (s, or MB), instead of a ratio.

    Returns:
        A comparison per peer.

    Raises:
        BenchmarkError: a command failed, or did not do its work.
    """
    measured = measure_in_turn(what, [ours, *peers], runs)
    mine = measured[ours.name]
    return [
        Comparison(what, units, unit, mine, peer.name, measured[peer.name], by, goal, margin)
        for peer in peers
    ]


def machine() -> str:
    """Return what the machine is, in a line."""
    processor = "an unknown processor"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            processor = line.split(":")[1].strip()
            break
    return f"{os.cpu_count()} cores of {processor}"


def kept_folder() -> Path | None:
    """Return the folder that the command line names; None if it names none."""
    return Path(sys.argv[1]) if len(sys.argv) > 1 else None


def publish(name: str, measure: Callable[[Path], str], kept: Path | None = None) -> int:
    """Measure in a folder of its own, in which MLflow's store is, too, and write what came out.

    Args:
        name: of the file beside the benchmarks.
        measure: returns the text.
        kept: a folder to measure in, which is kept for the next time; None for one that is not.

    Returns:
        The exit status.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        text = measure(kept or Path(folder))
    (Path(__file__).parent / name).write_text(text, encoding="utf-8")
    print(text)
    return 0


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON can hold it."""
    return {
        **vars(comparison),
        "ours": [vars(took) for took in comparison.ours],
        "theirs": [vars(took) for took in comparison.theirs],
    }


def from_json(given: dict[str, Any]) -> Comparison:
    """Return the comparison that `as_json` gave."""
    runs = {
        name: tuple(Measurement(**took) for took in given[name]) for name in ("ours", "theirs")
    }
    return Comparison(**(given | runs))
