"""link_images_by_label against plain loops."""

import sys
from collections.abc import Callable
from pathlib import Path

from autofocus.labels.folders import link_name
from benchmarks.measure import Comparison, Measurement, Task, has_files, measure_in_turn
from benchmarks.results import Note

ROW = "link"
NOTE = Note(
    "The bare loop makes the same links from a list of names and targets that was written before: "
    "it reads no labels, looks for no image, writes no table, and can't go on after a stop. "
    "Nearly all of its time is the kernel's. The loop row by row links without rules, ledger or "
    "checks. Each run writes to a new folder: for some time after files were deleted, ext4 makes "
    "new ones many times more slowly.",
    "The floor is Python's: beside the kernel's work for a link, which is the bare loop's whole "
    "time, about 25 microseconds per image go into its name, target and row (10), its line in the "
    "journal (5), its rows in two tables and its block for the next run (5), the order of "
    "recording before making (3) and reading the table (2); a third of a second is the start.",
)
LINKS, FEW = 100_000, 10_000
LABELS = ("coyote", "deer", "empty", "raccoon")
LOCATIONS = 50
RUNS = 3
PEERS = Path(__file__).parent / "peers"
# What is allowed: CPU seconds as a multiple of those of the bare loop, and memory (MB) that ten
# times as many images take.
MOST_CPU, MOST_MEMORY = 2.5, 50


def make_inputs(folder: Path, number: int) -> tuple[Path, Path]:
    """Make images, their table of labels, and the list of links and targets for the bare loop."""
    folder.mkdir()
    table, pairs = folder / "table.csv", folder / "pairs.txt"
    names = sorted(f"s{number % LOCATIONS}/{number:07d}.JPG" for number in range(number))
    with table.open("w", encoding="utf-8") as rows, pairs.open("w", encoding="utf-8") as lines:
        rows.write(",".join(["filepath", *(f"contains_{label}" for label in LABELS)]) + "\n")
        for at, name in enumerate(names):
            image = folder / name
            image.parent.mkdir(exist_ok=True)
            image.touch()
            label = at % len(LABELS)
            rows.write(
                ",".join([name, *(str(int(label == n)) for n in range(len(LABELS)))]) + "\n"
            )
            lines.write(f"{LABELS[label]}/{link_name(name)}\t../../{name}\n")
    return table, pairs


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of our environment
    """Measure linking: CPU seconds against both loops, and the memory of more images."""
    table, pairs = make_inputs(folder / "many", LINKS)
    few, _ = make_inputs(folder / "few", FEW)
    script = [sys.executable, str(PEERS / "bare_symlink.py"), str(pairs)]
    rows = [sys.executable, str(PEERS / "rows_link.py"), str(table)]
    ours, bare, plain, small = tasks = [
        _task("autofocus", _autofocus(table), table.parent, LINKS),
        _task("bare os.symlink", script, table.parent, LINKS),
        _task("Python, row by row, no ledger", rows, table.parent, LINKS),
        _task(f"itself, {FEW:,} images", _autofocus(few), few.parent, FEW),
    ]
    what = f"link {LINKS:,} images"
    measured = measure_in_turn(what, tasks, RUNS)
    mine = measured[ours.name]

    def against(peer: Task) -> tuple[str, tuple[Measurement, ...]]:
        return peer.name, measured[peer.name]

    return [
        Comparison(what, LINKS, "links", mine, *against(bare), "cpu", 1 / MOST_CPU),
        Comparison(what, LINKS, "links", mine, *against(plain), "cpu"),
        Comparison(
            f"{what}, memory", LINKS, "links", mine, *against(small), "peak", 1, MOST_MEMORY, FEW
        ),
    ]


def _autofocus(table: Path) -> list[str]:
    words = ["-m", "autofocus", "link_images_by_label", "--detections-path", str(table)]
    return [sys.executable, *words, "--outdir"]


def _task(name: str, command: list[str], folder: Path, number: int) -> Task:
    """Return a task whose command gets an output folder as its last word, a new one each time."""
    out = folder / f"out {name}"
    fresh = _put_aside(out)
    return Task(name, [*command, str(out)], fresh, check=has_files(out, "*.JPG", number))


def _put_aside(out: Path) -> Callable[[], None]:
    """Return what makes place for an output folder without deleting an earlier one."""

    def fresh() -> None:
        if out.exists():
            out.rename(out.with_name(f"{out.name} {sum(1 for _ in out.parent.iterdir())}"))

    return fresh
