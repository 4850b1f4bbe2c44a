"""clean_detections against a join with pandas and a plain loop."""

import shutil
import sys
from pathlib import Path

from autofocus.tables.columns import DETECTIONS, PROPERTIES
from benchmarks.measure import Comparison, Task, compare, has_lines
from benchmarks.results import Note

ROW = "clean"
NOTE = Note(
    "pandas and the loop join without rules, ledger, checks, or a way to go on after a stop; "
    "dates in one form, paths in one spelling.",
    "Of the CPU seconds, about 37 % read and check both tables, 17 % write and digest a ledger of "
    "178 MB, which the peers don't have, and 12 % import polars and numpy.",
)
ROWS, IMAGES = 1_000_000, 600_000
LABELS = ("raccoon", "empty", "deer", "coyote")
PEERS = Path(__file__).parent / "peers"


def make_tables(folder: Path, rows: int, images: int | None = None) -> tuple[Path, Path]:
    """Make a table of detections and one of properties.

    Args:
        folder: the folder to make.
        rows: how many detections.
        images: how many images, at most as many; those beyond are second detections. By default
            there is one image per detection.
    """
    images = images or rows
    (folder / "images").mkdir(parents=True)
    detections = folder / "detections.csv"
    properties = folder / "images" / "image_properties.csv"
    with detections.open("w", encoding="utf-8") as file:
        file.write(",".join(DETECTIONS) + "\n")
        for row in range(rows):
            number, label = row % images, LABELS[(row + row // images) % len(LABELS)]
            folder_name = f"Z:\\TrailCamPhotos\\images_2016\\DPT-S{number % 300:03}\\"
            day = f"{1 + number % 28:02d}-Jul-16"
            file.write(f"{day},{folder_name},I{number:07d}.JPG,{label}\n")
    places = [f"images_2016/DPT-S{number % 300:03}/I{number:07d}.JPG" for number in range(images)]
    with properties.open("w", encoding="utf-8") as file:
        file.write(",".join(PROPERTIES) + "\n")
        for number in sorted(range(images), key=places.__getitem__):
            facts = f"2016-07-{1 + number % 28:02d},12:00:00,0,99.00,DateTime,9,9,A,B"
            file.write(f"{places[number]},{facts}\n")
    return detections, properties


def _autofocus(*words: object) -> list[str]:
    return [sys.executable, "-m", "autofocus", *map(str, words)]


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of our environment
    """Measure cleaning."""
    detections, properties = make_tables(folder, ROWS, IMAGES)
    out = folder / "out"

    def fresh() -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()

    ours = _autofocus(
        "clean_detections", "--detections", detections, "--image-dir", properties.parent,
        "--image-properties", properties, "--outpath", out / "clean.csv",
    )  # fmt: skip
    check = has_lines(out / "peer.csv", IMAGES + 1)
    words = [str(detections), str(properties), str(out / "peer.csv")]
    loops = [
        Task(name, [sys.executable, str(PEERS / script), *words], fresh, check=check)
        for name, script in (
            ("pandas, no ledger", "pandas_clean.py"),
            ("Python, row by row, no ledger", "rows_clean.py"),
        )
    ]
    what = f"clean {ROWS:,} detections of {IMAGES:,} images"
    task = Task("autofocus", ours, fresh, check=has_lines(out / "clean.csv", IMAGES + 1))
    return compare(what, ROWS, "rows", task, loops, by="cpu", goal=4.0)
