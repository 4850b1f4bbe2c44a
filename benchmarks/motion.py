"""Accuracy with motion crops: `python -m benchmarks.motion` writes MOTION.md.

On a synthetic sample, cross-validated over its sites: the whole frame, the square around what
moved, and both, with photographs of two sizes; and what moved with each photograph weighted by how
much did, and its mirror image learned from as well.
"""

import platform
import time
from dataclasses import dataclass
from pathlib import Path

from autofocus import __version__
from autofocus.evaluation.metrics import Estimate, Evaluation
from autofocus.grouping.locations import LocationPattern
from autofocus.images.decoding import decode, open_image
from autofocus.motion.finding import MotionFinder
from autofocus.motion.tables import read_frames
from autofocus.retrain import retrain
from autofocus.retrain_settings import RetrainSettings
from benchmarks.labelled import draw, link
from benchmarks.measure import machine, publish

SEQUENCES, SITES, FOLDS = 120, 12, 6
SIDES = (256,)
WAYS = {
    "full": RetrainSettings(view="full", folds=FOLDS),
    "motion": RetrainSettings(view="motion", folds=FOLDS),
    "both": RetrainSettings(view="both", folds=FOLDS),
    "motion, weighted and mirrored": RetrainSettings(
        view="motion", folds=FOLDS, weight_by_motion=True, flip_left_right=True
    ),
}

TEXT = """# Accuracy with motion crops

A synthetic sample of {images} photographs at {sites} sites in {classes} classes, {folds}-fold
cross-validation over the sites, embedded backbone efficientnet-lite0, Autofocus {version} on
Python {python}. Synthetic photographs are easier than real ones: what counts is the difference
between rows. `python -m benchmarks.motion` gives this table anew.

| shorter side | what is looked at | by photograph | by sequence |
|---:|---|---:|---:|
{table}

Intervals are 95 %, over sites. Finding what moved took {milliseconds:.0f} ms a photograph
({side} pixels, one thread of {machine}, decoding aside).
"""


@dataclass(frozen=True)
class Row:
    """One way of looking, and how good it is.

    Attributes:
        side: the photographs' shorter side in pixels.
        way: what is looked at, and how it is learned from.
        figures: of the cross-validation, as in `metrics.json`.
    """

    side: int
    way: str
    metrics: Evaluation

    def __str__(self) -> str:
        """Return the row of a Markdown table."""
        sequence = self.metrics.sequence
        by_sequence = _share(sequence.accuracy) if sequence else ""
        return f"| {self.side} | {self.way} | {_share(self.metrics.accuracy)} | {by_sequence} |"


def _share(accuracy: Estimate) -> str:
    low, high = accuracy.interval or (0.0, 1.0)
    return f"{accuracy.value:.1%} ({low:.1%} to {high:.1%})"


def measure(folder: Path) -> str:
    """Measure, and return the text."""
    data = draw(folder / "sample", SEQUENCES, SITES)
    rows: list[Row] = []
    for side in SIDES:
        links = link(data, folder / str(side), side)
        rows += [_train(links, folder / str(side), side, way) for way in WAYS]
    metrics = rows[0].metrics
    return TEXT.format(
        images=metrics.images,
        sites=SITES,
        classes=len(metrics.per_class),
        folds=FOLDS,
        version=__version__,
        python=platform.python_version(),
        table="\n".join(map(str, rows)),
        milliseconds=1000 * _seconds(folder / str(SIDES[0]) / "preprocessed"),
        side=SIDES[0],
        machine=machine(),
    )


def _train(links: Path, folder: Path, side: int, way: str) -> Row:
    result = retrain(links, folder / f"model {way}", WAYS[way])
    folds = result.metrics.folds
    if folds is None:
        raise RuntimeError("There was no cross-validation.")
    print(f"{side} {way}: {folds.mean:.1%}", flush=True)
    return Row(side, way, folds.test)


def _seconds(folder: Path) -> float:
    """Return how long finding what moved takes, for one photograph."""
    frames = read_frames(folder / "image_properties.csv", LocationPattern())
    images = {}
    for frame in frames:
        with open_image(folder / frame.name) as photograph:
            images[frame.name] = decode(photograph)[0]
    finder = MotionFinder(frames, images.__getitem__)
    start = time.perf_counter()
    for frame in frames:
        finder.box(frame.name)
    return (time.perf_counter() - start) / len(frames)


if __name__ == "__main__":
    raise SystemExit(publish("MOTION.md", measure))
