"""The head, and how its regularisation is chosen, against a plain grid search."""

import csv
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus import __version__
from autofocus.demo.make_sample import SampleSettings, make_sample
from autofocus.features.backbones import load_backbone
from autofocus.features.choices import DEFAULT_BACKBONE
from autofocus.features.pixels import to_batch, to_pixels
from autofocus.images.reading import read_image
from autofocus.preprocess_images import preprocess_images
from autofocus.training.fitting import FitResult, HeadSettings, fit
from autofocus.training.samples import Samples
from autofocus.training.selection import TrainingSet, choose
from benchmarks.head_size import FEATURES, make_vectors
from benchmarks.measure import machine, publish

SEQUENCES, INNER_FOLDS = 168, 3
# As many as a season's images.
IMAGES, RANDOM_SETS = 8_000, 1
SIZES = (("8000",), ("8000", "--multilabel"), ("50000",))
# With more, numpy's and scipy's threads hinder each other, and it takes many times as long.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
GRID = 10
PEER = Path(__file__).parent / "peers" / "sklearn_head.py"


@dataclass(frozen=True)
class Table:
    """Images to train and test on.

    Attributes:
        features: shape (N, D).
        classes: the number of each image's class, shape (N,).
        groups: where each was taken, shape (N,).
    """

    features: NDArray[np.float32]
    classes: NDArray[np.int64]
    groups: NDArray[np.str_]

    def samples(self, rows: NDArray[np.bool_]) -> Samples:
        """Return some of the images as a head sees them."""
        targets = np.eye(int(self.classes.max()) + 1, dtype=np.float32)[self.classes[rows]]
        return Samples(self.features[rows], targets, np.ones(len(targets), np.float32))


# Which images are for training, for validation and for the test.
Split = tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]


@dataclass(frozen=True)
class HeadComparison:
    """How many test images each got right, and how long it took.

    Attributes:
        what: on which features.
        tested: how many images were tested.
        ours: share of right predictions, 0 to 1.
        by_accuracy: scikit-learn's, its C chosen by the accuracy on validation.
        by_cross_entropy: its C chosen by the cross-entropy there.
        best: its largest on the test itself, with the same strength for all splits; nobody could
            have chosen it.
        our_seconds: of the whole search.
        their_seconds: of the whole grid.
    """

    what: str
    tested: int
    ours: float
    by_accuracy: float
    by_cross_entropy: float
    best: float
    our_seconds: float
    their_seconds: float

    def row(self) -> str:
        """Return the comparison as a row of a Markdown table."""
        apart = 100 * (self.ours - max(self.by_accuracy, self.by_cross_entropy))
        return (
            f"| {self.what} | {self.ours:.1%} | {self.by_accuracy:.1%} "
            f"| {self.by_cross_entropy:.1%} | {self.best:.1%} | **{apart:+.1f}** "
            f"| {self.their_seconds / self.our_seconds:.1f} |"
        )


HEADER = (
    "| features | Autofocus | scikit-learn, C by accuracy | C by cross-entropy "
    "| best C on the test | points ahead of the better | times as fast |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)


def table(comparisons: Sequence[HeadComparison]) -> str:
    """Return comparisons as a Markdown table."""
    return "\n".join([HEADER, *(comparison.row() for comparison in comparisons)])


def run(folder: Path) -> list[HeadComparison]:
    """Measure on the synthetic sample, each site tested in turn, and on random numbers."""
    sample = sample_features(folder)
    sites = sorted(set(sample.groups.tolist()))
    what = f"efficientnet-lite0 of {len(sample.classes)} synthetic images, new sites"
    comparisons = [compare(what, sample, list(_by_site(sample, sites)), folder / "sample data")]
    for seed in range(RANDOM_SETS):
        random = random_features(seed)
        what = f"{IMAGES:,} random vectors of {FEATURES:,}, seed {seed}"
        splits = [_in_order(len(random.classes))]
        comparisons.append(compare(what, random, splits, folder / f"random {seed}"))
    return comparisons


def sample_features(folder: Path) -> Table:
    """Make the sample, and compute the feature vectors of its images with one label."""
    made = make_sample(folder / "sample", SampleSettings(sequences=SEQUENCES))
    prepared = folder / "prepared"
    preprocess_images(made.bucket, prepared)
    with made.truth.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["labels"] and "|" not in row["labels"]]
    places = [prepared / Path(row["filepath"]).relative_to(made.bucket.name) for row in rows]
    kept = [(row, place) for row, place in zip(rows, places, strict=True) if place.is_file()]
    labels = np.unique([row["labels"] for row, _ in kept], return_inverse=True)[1]
    groups = np.array([row["site"] for row, _ in kept])
    return Table(_features([place for _, place in kept]), labels.astype(np.int64), groups)


def _features(places: Sequence[Path]) -> NDArray[np.float32]:
    backbone = load_backbone(DEFAULT_BACKBONE)
    batches = []
    for start in range(0, len(places), 32):
        pixels = [
            to_pixels(read_image(place).image, backbone.image_size)
            for place in places[start : start + 32]
        ]
        batches.append(backbone.features(to_batch(pixels)))
    return np.concatenate(batches)


def random_features(seed: int) -> Table:
    """Make feature vectors of classes that overlap, some of them rare."""
    features, classes = make_vectors(IMAGES, seed)
    return Table(features, classes, np.array([""] * IMAGES))


def _by_site(sample: Table, sites: Sequence[str]) -> Iterator[Split]:
    """Test each site twice; the two after it, then the two before it, are for validation."""
    for number, site in enumerate(sites):
        for steps in ((1, 2), (-1, -2)):
            others = [sites[(number + step) % len(sites)] for step in steps]
            test, validation = sample.groups == site, np.isin(sample.groups, others)
            yield ~test & ~validation, validation, test


def _in_order(number: int) -> Split:
    """Train on the first 70 %, validate on 15 %, test on the last 15 %."""
    place = np.arange(number) / number
    return place < 0.7, (place >= 0.7) & (place < 0.85), place >= 0.85  # noqa: PLR2004 - shares


def compare(what: str, table: Table, splits: Sequence[Split], folder: Path) -> HeadComparison:
    """Train on the same splits, and count the right predictions."""
    truth = np.concatenate([table.classes[test] for *_, test in splits])
    start, answers = time.perf_counter(), []
    for training, _, test in splits:
        fitted = _fit(table, training)
        answers.append(fitted.head.logits(table.features[test]).argmax(axis=1))
    seconds = time.perf_counter() - start
    theirs = _peer(table, splits, folder)

    def right(chosen: Sequence[Any]) -> float:
        return float((np.concatenate([np.array(one) for one in chosen]) == truth).mean())

    number = theirs[0]["strengths"]
    return HeadComparison(
        what,
        len(truth),
        right(answers),
        right([one["by_accuracy"] for one in theirs]),
        right([one["by_cross_entropy"] for one in theirs]),
        max(right([one["each"][place] for one in theirs]) for place in range(number)),
        seconds,
        sum(one["seconds"] for one in theirs),
    )


def _fit(table: Table, training: NDArray[np.bool_]) -> FitResult:
    """Train on images, the strength chosen on groups of them, or on single ones if all are one."""
    samples, settings = table.samples(training), HeadSettings()
    groups = np.unique(table.groups[training], return_inverse=True)[1]
    units = groups if groups.any() else np.arange(len(samples))
    chosen = choose(TrainingSet.of_images(samples), units % INNER_FOLDS, settings, "image")
    return fit(samples, chosen.strength, settings)


def _peer(table: Table, splits: Sequence[Split], folder: Path) -> list[dict[str, Any]]:
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {"splits": len(splits)}
    for number, split in enumerate(splits):
        for part, rows in zip(("training", "validation", "test"), split, strict=True):
            arrays[f"{part}_{number}"] = table.features[rows]
            arrays[f"{part}_classes_{number}"] = table.classes[rows]
    data, answers = folder / "data.npz", folder / "answers.json"
    np.savez(data, **arrays)
    command = [sys.executable, str(PEER), str(data), str(answers)]
    subprocess.run(command, check=True, env={**os.environ, **ONE_THREAD})
    found: list[dict[str, Any]] = json.loads(answers.read_text(encoding="utf-8"))
    return found


SIZE_HEADER = (
    "| vectors of 1,280 numbers | accuracy | strengths tried | processor time (s) |\n"
    "|---|---:|---:|---:|"
)


def sizes() -> str:
    """Measure training at several sizes, each in a process of its own; return a table."""
    rows = [SIZE_HEADER]
    for arguments in SIZES:
        command = [sys.executable, "-m", "benchmarks.head_size", *arguments]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        row = json.loads(output)
        labels = ", several labels per image" if row["multilabel"] else ""
        rows.append(
            f"| {row['vectors']:,}{labels} | {row['accuracy']:.2%} | {row['strengths']} "
            f"| {row['processor_s']:.0f} |"
        )
    return "\n".join(rows)


TEXT = """# The head, and how its regularisation is chosen

The head is a logistic regression. Its regularisation is chosen on a path of strengths that stops
early, by groups of the training images that are held out in turn. The peer
is a loop over a grid of {strengths} strengths with `LogisticRegression` and `StandardScaler`, as
one would write it, which is chosen on validation images. The table has the shares of right
predictions on the test images, on {machine}, Python {python}, Autofocus {version}; with balanced
class weights and the same training images, scikit-learn with one thread, with which it is fastest
here, Autofocus with one per core. `python -m benchmarks.head` gives this page anew.

{table}

The best C on the test is what nobody could have chosen. Above 1, the last column says that the
whole search took Autofocus less time.

## Size

Training on 85 % of the vectors, the whole path of strengths: `python -m benchmarks.head_size
50000`. The processor time grows with the load of the machine, so that it is
good for comparisons only.

{sizes}

## Solver

The loss is the one of scikit-learn's `LogisticRegression`, and so is its minimum: [the row
`head`](RESULTS.md) measures both, and checks that the losses are the same. L-BFGS scaled by the
curvature along the principal axes of a sample needs fewer passes over the features, each in single
precision with sums in double, and no standardised copy of them.
"""


def measure(folder: Path) -> str:
    """Measure, and return the text."""
    os.environ |= ONE_THREAD
    return TEXT.format(
        machine=machine(),
        python=platform.python_version(),
        version=__version__,
        strengths=GRID,
        table=table(run(folder)),
        sizes=sizes(),
    )


if __name__ == "__main__":
    raise SystemExit(publish("HEAD.md", measure))
