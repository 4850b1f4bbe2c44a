"""Finished stages started again, against `find` over the same files."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Comparison, Task, compare, has_lines, measure
from benchmarks.results import Note
from benchmarks.tiny import make_images, make_tables

ROW = "resume"
NOTE = Note(
    "`find` prints path, size and time of all inputs and outputs, and compares them with nothing. "
    "A third of its time is the goal. The images are tiny, and were brought to the finished state "
    "without decoding each of them; that state is what a stage leaves. `clean_detections` reads "
    "its tables, and no images: `find` over the images is only a measure of it."
)
IMAGES = 100_000
GOAL = 1 / 3
FACTS = ("-printf", "%p %s %T@ %l\n")


def _command(module: str, *words: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, words)]


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - find is everywhere
    """Measure finished stages."""
    images = make_images(folder / "in", IMAGES)
    detections, _ = make_tables(folder, IMAGES)
    small, clean, links = folder / "out", folder / "clean" / "clean.csv", folder / "links"
    clean.parent.mkdir()
    preprocess = ("preprocess_images", "--indir", images, "--outdir", small, "--trim-bottom", 0)
    join = (
        "clean_detections", "--detections", detections, "--image-dir", small,
        "--image-properties", small / "image_properties.csv", "--outpath", clean,
    )  # fmt: skip
    link = ("link_images_by_label", "--detections-path", clean, "--outdir", links)
    stages = [
        (preprocess, [images, small], small / "ledger.csv", IMAGES),
        (join, [small, clean.parent], clean, IMAGES),
        (link, [small, links], links / "links.csv", IMAGES),
    ]
    rows = []
    for words, folders, table, number in stages:
        measure(Task("quick", _command("benchmarks.quick", *words)))
        rows += _compare(words, folders, table, number)
    return rows


def _compare(
    words: Sequence[object], folders: Sequence[Path], table: Path, number: int
) -> list[Comparison]:
    ours = Task("autofocus", _command("autofocus", *words), check=has_lines(table, number + 1))
    paths = [str(folder) for folder in folders]
    find = Task("find", ["find", *paths, "(", "-type", "f", "-o", "-type", "l", ")", *FACTS])
    what = f"{words[0]} again, {number:,} images done"
    return compare(what, number, "images", ours, [find], by="cpu", goal=GOAL)
