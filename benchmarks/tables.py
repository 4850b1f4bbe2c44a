"""clean_detections against a plain loop."""

import shutil
import sys
from pathlib import Path

from autofocus.tables.columns import DETECTIONS, PROPERTIES
from benchmarks.measure import Comparison, Task, compare, has_lines
from benchmarks.results import Note

ROW = "clean"
NOTE = Note("The loop joins without rules, ledger, checks, or a way to go on after a stop.")
ROWS = 1_000_000
LABELS = ("raccoon", "empty", "deer", "coyote")
PEERS = Path(__file__).parent / "peers"


def make_tables(folder: Path, rows: int) -> tuple[Path, Path]:
    """Make a table of detections and one of properties, a row a photograph in each."""
    (folder / "images").mkdir(parents=True)
    detections = folder / "detections.csv"
    properties = folder / "images" / "image_properties.csv"
    with detections.open("w", encoding="utf-8") as file:
        file.write(",".join(DETECTIONS) + "\n")
        for number in range(rows):
            day, label = 1 + number % 28, LABELS[number % len(LABELS)]
            file.write(f"{day:02d}-Jul-16,Z:\\T\\s{number % 300}\\,I{number:07d}.JPG,{label}\n")
    with properties.open("w", encoding="utf-8") as file:
        file.write(",".join(PROPERTIES) + "\n")
        for number in range(rows):
            place = f"s{number % 300}/I{number:07d}.JPG"
            file.write(
                f"{place},2016-07-{1 + number % 28:02d},12:00:00,0,99.00,DateTime,9,9,A,B\n"
            )
    return detections, properties


def _autofocus(*words: object) -> list[str]:
    return [sys.executable, "-m", "autofocus", *map(str, words)]


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of our environment
    """Measure cleaning."""
    detections, properties = make_tables(folder, ROWS)
    out = folder / "out"

    def fresh() -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()

    ours = _autofocus(
        "clean_detections", "--detections", detections, "--image-dir", properties.parent,
        "--image-properties", properties, "--outpath", out / "clean.csv",
    )  # fmt: skip
    script = [sys.executable, str(PEERS / "rows_clean.py")]
    peer = Task(
        "Python, row by row, no ledger",
        [*script, str(detections), str(properties), str(out / "peer.csv")],
        fresh,
        check=has_lines(out / "peer.csv", ROWS + 1),
    )
    what = f"clean {ROWS:,} detections of {ROWS:,} photographs"
    task = Task("autofocus", ours, fresh, check=has_lines(out / "clean.csv", ROWS + 1))
    return compare(what, ROWS, "rows", task, [peer])
