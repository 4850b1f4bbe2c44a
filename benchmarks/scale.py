"""Whether time per input and memory stay the same from 10,000 inputs to many more."""

import sys
from pathlib import Path

from benchmarks.measure import Comparison, Measurement, Task, measure
from benchmarks.results import Note
from benchmarks.tiny import make_images, make_labels, make_tables

ROW = "scale"
NOTE = Note(
    "Many inputs against few, of what a stage does besides pixels and networks: images are tiny "
    "and decoded once, scores are made up, nobody waits for the disk, and the start of the "
    "interpreter is not counted. The goal is the same time per input within 10 %, and memory "
    "within 50 MB. Images are names of few files.",
    "Names are packed: two to three bytes for each. Beside them, predict holds numbers of four to "
    "eight bytes per image (time, location, sequence, event) and the votes of a third of a "
    "million sequences, link_images_by_label numbers per row, a byte per label and image, and a "
    "part of the table. clean_detections holds both tables: to join them in less takes an index "
    "on the disk, which costs CPU seconds.",
)
STAGES = ("preprocess_images", "clean_detections", "link_images_by_label", "predict")
FEW, MANY = 10_000, 1_000_000
GOAL, MARGIN_MB = 0.9, 50.0


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of our environment
    """Measure stages at both numbers."""
    few, many = _measure(folder, FEW), _measure(folder, MANY)
    rows = []
    for stage in STAGES:
        what = f"{stage}, {MANY:,} inputs against {FEW:,}"
        given = (what, MANY, "inputs", (many[stage],), f"{FEW:,} inputs", (few[stage],))
        rows += [
            Comparison(*given, by="cpu", goal=GOAL, peer_units=FEW),
            Comparison(*given, by="peak", margin=MARGIN_MB, peer_units=FEW),
        ]
    return rows


def _measure(folder: Path, number: int) -> dict[str, Measurement]:
    """Measure each stage with so many inputs."""
    inputs = folder / str(number)
    make_tables(inputs, number)
    make_labels(inputs, number)
    make_images(inputs / "images", number)
    took = {}
    for stage in STAGES:
        command = [sys.executable, "-m", "benchmarks.many", stage, str(inputs), str(number)]
        took[stage] = measure(Task(f"{stage}, {number:,} inputs", command, reports=True))
        print(f"{stage}, {number:,} inputs: {took[stage]}", file=sys.stderr, flush=True)
    return took
