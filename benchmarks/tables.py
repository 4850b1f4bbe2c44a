"""clean_detections and link_images_by_label against plain loops."""

import shutil
import sys
from pathlib import Path

from autofocus.tables.columns import DETECTIONS, PROPERTIES
from benchmarks.measure import Comparison, Task, compare

ROWS = 1_000_000
LINKS = 20_000
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


def run(folder: Path) -> list[Comparison]:
    """Measure cleaning and linking."""
    return [*_run_clean(folder / "clean"), *_run_link(folder / "link")]


def _run_clean(folder: Path) -> list[Comparison]:
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
    )
    what = f"clean {ROWS:,} detections of {ROWS:,} photographs"
    return compare(what, ROWS, "rows", Task("autofocus", ours, fresh), [peer])


def _run_link(folder: Path) -> list[Comparison]:
    folder.mkdir()
    table, out = folder / "table.csv", folder / "out"
    with table.open("w", encoding="utf-8") as file:
        file.write("filepath," + ",".join(f"contains_{label}" for label in LABELS) + "\n")
        for number in range(LINKS):
            image = folder / f"s{number % 50}" / f"{number}.JPG"
            image.parent.mkdir(exist_ok=True)
            image.touch()
            flags = ",".join(str(int(number % len(LABELS) == place)) for place in range(4))
            file.write(f"s{number % 50}/{number}.JPG,{flags}\n")

    def fresh() -> None:
        shutil.rmtree(out, ignore_errors=True)

    ours = _autofocus("link_images_by_label", "--detections-path", table, "--outdir", out)
    script = [sys.executable, str(PEERS / "rows_link.py")]
    peer = Task("Python, row by row, no ledger", [*script, str(table), str(out)], fresh)
    what = f"link {LINKS:,} photographs"
    return compare(what, LINKS, "rows", Task("autofocus", ours, fresh), [peer])
