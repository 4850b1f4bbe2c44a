"""Labels saved by reviewing uncertain images first: `python -m benchmarks.active_learning`.

On a synthetic sample: a head is trained on few labelled images of some sites, then more of these
sites are labelled, either at random or in the order in which `autofocus export --decision review`
lists them, and the head is trained again. What counts is its accuracy at other sites.
"""

import platform
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autofocus import __version__
from autofocus.features.backbones import load_backbone
from autofocus.features.crop import Crop
from autofocus.features.pixels import to_batch
from autofocus.grouping.locations import LocationPattern
from autofocus.grouping.sequences import find_sequences
from autofocus.images.decoding import decode, open_image
from autofocus.model.head import Head
from autofocus.motion.finding import MotionFinder
from autofocus.motion.tables import read_frames
from autofocus.runs.csv_files import CsvReader
from autofocus.tables.columns import CONTAINS
from autofocus.training.logistic_regression import LogisticRegressions
from autofocus.training.samples import Samples
from benchmarks.labelled import draw, link
from benchmarks.measure import publish

SEQUENCES, SITES, MIN_SIDE = 150, 18, 256
BACKBONE = "efficientnet-lite0"
# Images that are labelled at the beginning, and in each round.
FIRST, STEP, ROUNDS = 20, 20, 9
REPETITIONS = 16
# Classes of fewer images are left out.
LEAST = 9
STRENGTH, MAX_STEPS = 1e-2, 100
WAYS = ("at random", "most uncertain first", "of each sequence one, most uncertain first")

TEXT = """# Labels saved by uncertainty sampling

A synthetic sample of {images} images at {sites} sites in {classes} classes ({names}), embedded
backbone {backbone} on motion crops, Autofocus {version} on Python {python}. In each of
{repetitions} repetitions, two thirds of the sites give the images to label, the others the test
images. {first} random images are labelled first, then {step} more per round: at random; those
whose two most probable labels are closest; or of these, one image of each sequence before the
second of any, which is how `autofocus export --decision review` orders them.
`python -m benchmarks.active_learning` gives this page anew.

| labelled images | at random | most uncertain first | one of each sequence, most uncertain first |
|---:|---:|---:|---:|
{table}

Mean accuracy over test images; with all {pool:.0f} images labelled it is {best:.1%}. The accuracy
that {last} random labels give needs {plain:.0f} of the most uncertain images ({plain_saved:.0%}
fewer), or {spread:.0f} with one of each sequence first ({spread_saved:.0%} fewer); labels between
two rounds are interpolated. At the end, accuracy with one of each sequence first differs from that
with random labels by {difference:+.1%} ({low:+.1%} to {high:+.1%} in 95 % of repetitions): single
runs differ much. With the four classes of the sample's label map in place of the species,
uncertainty sampling saved nothing when it was tried: it needed 2 to 21 % more labels.
"""


@dataclass(frozen=True)
class Data:
    """N images.

    Attributes:
        features: shape (N, D).
        classes: shape (N,).
        sites: the number of each image's site, shape (N,).
        sequences: the number of each image's sequence, shape (N,).
        names: of the C classes.
    """

    features: NDArray[np.float32]
    classes: NDArray[np.int64]
    sites: NDArray[np.int64]
    sequences: NDArray[np.int64]
    names: list[str]

    def fit(self, rows: NDArray[np.int64]) -> Head:
        """Return a head that is trained on some images."""
        targets = np.eye(len(self.names), dtype=np.float32)[self.classes[rows]]
        samples = Samples(self.features[rows], targets, np.ones(len(rows), np.float32))
        problem = LogisticRegressions(samples, "balanced", multilabel=False, max_steps=MAX_STEPS)
        return problem.solve(STRENGTH).head

    def accuracy(self, head: Head, rows: NDArray[np.int64]) -> float:
        """Return the share of right predictions on some images."""
        predicted = head.probabilities(self.features[rows]).argmax(axis=1)
        return float((predicted == self.classes[rows]).mean())


def read_data(folder: Path) -> Data:
    """Return species, sites and embeddings of the crops around what moved.

    Args:
        folder: with the preprocessed images and `detections_clean.csv`.
    """
    preprocessed = folder / "preprocessed"
    properties = preprocessed / "image_properties.csv"
    frames = {frame.name: frame for frame in read_frames(properties, LocationPattern())}
    labels = _read_labels(folder / "detections_clean.csv")
    counts = Counter(labels.values())
    images = {}
    for name in frames:
        with open_image(preprocessed / name) as opened:
            images[name] = decode(opened)[0]
    finder = MotionFinder(list(frames.values()), images.__getitem__)
    backbone = load_backbone(BACKBONE)
    chosen = [name for name in frames if counts[labels.get(name, "")] >= LEAST]
    pixels = [Crop(finder.box(name)).pixels(images[name], backbone.image_size) for name in chosen]
    features = np.concatenate(
        [backbone.features(to_batch(pixels[at : at + 32])) for at in range(0, len(pixels), 32)]
    )
    names, classes = np.unique([labels[name] for name in chosen], return_inverse=True)
    _, sites = np.unique([frames[name].location for name in chosen], return_inverse=True)
    by_name = find_sequences(frames.values())
    _, sequences = np.unique([by_name[name] or name for name in chosen], return_inverse=True)
    return Data(features, classes, sites, sequences, names.tolist())


def _read_labels(table: Path) -> dict[str, str]:
    """Return the labels of each image as one text, by its path."""
    found = {}
    with CsvReader(table, ["filepath"]) as reader:
        for row in reader:
            cells = dict(zip(reader.columns, row, strict=True))
            own = [name for name in cells if name.startswith(CONTAINS) and cells[name] == "1"]
            name = cells["filepath"].removeprefix("preprocessed/")
            found[name] = " and ".join(label.removeprefix(CONTAINS) for label in own)
    return found


def compare(data: Data, seed: int) -> tuple[NDArray[np.float64], float, int]:
    """Label images in all orders.

    Returns:
        The accuracy after each round by each of the ways, shape (W, ROUNDS + 1); that with all
        labels; and the number of images that can be labelled.
    """
    random = np.random.default_rng(seed)
    sites = random.permutation(data.sites.max() + 1)
    in_test = np.isin(data.sites, sites[: len(sites) // 3])
    test, pool = np.flatnonzero(in_test), random.permutation(np.flatnonzero(~in_test))
    curves = np.zeros((len(WAYS), ROUNDS + 1))
    for way in range(len(WAYS)):
        labelled, left = pool[:FIRST], pool[FIRST:]
        for number in range(ROUNDS + 1):
            head = data.fit(labelled)
            curves[way, number] = data.accuracy(head, test)
            if way:
                left = _order(data, head, left, by_sequence=way == len(WAYS) - 1)
            labelled, left = np.concatenate([labelled, left[:STEP]]), left[STEP:]
    return curves, data.accuracy(data.fit(pool), test), len(pool)


def _order(
    data: Data, head: Head, left: NDArray[np.int64], *, by_sequence: bool
) -> NDArray[np.int64]:
    """Return images, those first whose two most probable labels are closest.

    Args:
        data: all images.
        head: predicts their labels.
        left: the images.
        by_sequence: whether the second image of a sequence comes behind the first of all others.
    """
    two = np.sort(head.probabilities(data.features[left]), axis=1)[:, -2:]
    ordered = left[np.argsort(two[:, 1] - two[:, 0], kind="stable")]
    if not by_sequence:
        return ordered
    seen: Counter[int] = Counter()
    ranks = []
    for sequence in data.sequences[ordered]:
        ranks.append(seen[sequence])
        seen[sequence] += 1
    return ordered[np.argsort(ranks, kind="stable")]


def measure(folder: Path) -> str:
    """Measure, and return the text."""
    link(draw(folder / "sample", SEQUENCES, SITES), folder, MIN_SIDE)
    return describe(read_data(folder))


def describe(data: Data) -> str:
    """Compare all orders, and return the text."""
    results = [compare(data, seed) for seed in range(REPETITIONS)]
    curves = np.stack([curve for curve, _, _ in results])
    means = curves.mean(axis=0)
    numbers = FIRST + STEP * np.arange(ROUNDS + 1)
    plain, spread = (_labels_until(means[0, -1], curve, numbers) for curve in means[1:])
    differences = curves[:, -1, -1] - curves[:, 0, -1]
    low, high = np.quantile(differences, (0.025, 0.975))
    rows = [
        f"| {number} | " + " | ".join(f"{value:.1%}" for value in values) + " |"
        for number, values in zip(numbers, means.T, strict=True)
    ]
    return TEXT.format(
        images=len(data.classes),
        sites=SITES,
        classes=len(data.names),
        names=", ".join(data.names),
        backbone=BACKBONE,
        version=__version__,
        python=platform.python_version(),
        repetitions=REPETITIONS,
        first=FIRST,
        step=STEP,
        pool=float(np.mean([size for _, _, size in results])),
        best=float(np.mean([best for _, best, _ in results])),
        table="\n".join(rows),
        last=numbers[-1],
        plain=plain,
        plain_saved=1 - plain / numbers[-1],
        spread=spread,
        spread_saved=1 - spread / numbers[-1],
        difference=differences.mean(),
        low=low,
        high=high,
    )


def _labels_until(goal: float, curve: NDArray[np.float64], numbers: NDArray[np.int64]) -> float:
    """Return how many labels an accuracy needs; all of them if it is never reached."""
    reached = np.flatnonzero(curve >= goal)
    if not len(reached):
        return float(numbers[-1])
    at = int(reached[0])
    if at == 0:
        return float(numbers[0])
    before, after = curve[at - 1], curve[at]
    return float(numbers[at - 1] + STEP * (goal - before) / (after - before))


if __name__ == "__main__":
    raise SystemExit(publish("ACTIVE_LEARNING.md", measure))
