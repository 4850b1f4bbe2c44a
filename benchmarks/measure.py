"""Measuring commands in pairs, so that a machine's changing speed touches both alike."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Task:
    """A command to measure.

    Attributes:
        name: what it is called in the results.
        command: the command line.
        prepare: is called before each run, and not measured.
        environment: variables beside this process's own.
    """

    name: str
    command: Sequence[str]
    prepare: Callable[[], None] = lambda: None
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Comparison:
    """A command against a peer.

    Attributes:
        what: what both did.
        units: how many units of work that was.
        unit: what a unit is.
        ours: the seconds of each of our runs.
        peer: the peer's name.
        theirs: the seconds of each of its runs, in the same order.
    """

    what: str
    units: int
    unit: str
    ours: tuple[float, ...]
    peer: str
    theirs: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """How many times as long the peer took, pair by pair."""
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    def row(self) -> str:
        """Return the comparison as a row of a Markdown table."""
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        low, middle, high = min(self.ratios), statistics.median(self.ratios), max(self.ratios)
        return (
            f"| {self.what} | {self.units / ours:,.0f} {self.unit}/s | {self.peer} "
            f"| {self.units / theirs:,.0f} {self.unit}/s | **{middle:.2f}** "
            f"({low:.2f} to {high:.2f}) |"
        )


def compare(
    what: str, units: int, unit: str, ours: Task, peers: Sequence[Task], runs: int = 3
) -> list[Comparison]:
    """Run our command and its peers in turn, after one round that isn't counted.

    Raises:
        subprocess.CalledProcessError: a command failed.
    """
    tasks = [ours, *peers]
    seconds: dict[str, list[float]] = {task.name: [] for task in tasks}
    for number in range(runs + 1):
        for task in tasks:
            took = _time(task)
            if number:
                seconds[task.name].append(took)
            print(f"{what}: {task.name} {took:.2f} s", flush=True)
    mine = tuple(seconds[ours.name])
    return [
        Comparison(what, units, unit, mine, peer.name, tuple(seconds[peer.name])) for peer in peers
    ]


def _time(task: Task) -> float:
    task.prepare()
    environment = {**os.environ, **dict(task.environment)}
    start = time.perf_counter()
    subprocess.run(
        task.command,
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


HEADER = (
    "| what | Autofocus | peer | peer's speed | times as fast (median, range) |\n"
    "|---|---:|---|---:|---:|"
)


def table(comparisons: Sequence[Comparison]) -> str:
    """Return comparisons as a Markdown table."""
    return "\n".join([HEADER, *(comparison.row() for comparison in comparisons)])


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
