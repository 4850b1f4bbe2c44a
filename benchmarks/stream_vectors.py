"""Feature vectors of many images of many locations, written in blocks."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autofocus.training.feature_rows import FeatureFile, FeatureRows
from autofocus.training.samples import Samples

CLASSES, HIDDEN, FEATURES = 20, 40, 1280
# The rarest class has 1 % of the images of the most common one.
RAREST = 0.01
# Of the locations, none of which is in training, for the test.
TEST_SHARE = 0.1
CHUNK = 4000
PER_LOCATION = 500


@dataclass(frozen=True)
class Vectors:
    """Feature vectors of N images in a file.

    Attributes:
        file: the file.
        classes: of the images, shape (N,).
        locations: of the images, shape (N,).
    """

    file: FeatureFile
    classes: NDArray[np.int64]
    locations: NDArray[np.int64]

    def close(self) -> None:
        """Delete the file."""
        self.file.close()

    @property
    def is_test(self) -> NDArray[np.bool_]:
        """Which images are for the test, shape (N,)."""
        first = (1 - TEST_SHARE) * (self.locations.max() + 1)
        is_test: NDArray[np.bool_] = self.locations >= first
        return is_test

    def samples(self, rows: NDArray[np.int64]) -> Samples:
        """Return some of the images as a head sees them."""
        targets = np.eye(CLASSES, dtype=np.float32)[self.classes[rows]]
        ones = np.ones(len(rows), np.float32)
        return Samples(FeatureRows(self.file, rows), targets, ones)


def make_vectors(path: Path, number: int, features: int = FEATURES) -> Vectors:
    """Make feature vectors of classes that overlap, on backgrounds that differ by location.

    They are never below 0 and of different sizes, as a backbone's.

    Args:
        path: the file to write.
        number: of images; each location has 500, of which some classes are more common there.
        features: size of a vector.
    """
    random = np.random.default_rng(0)
    locations = np.arange(number) // PER_LOCATION
    shares = np.geomspace(1, RAREST, CLASSES)
    centres = random.normal(0, 0.35, (CLASSES, HIDDEN))
    mixing = random.normal(0, 1, (HIDDEN, features)) / np.sqrt(HIDDEN)
    scale = random.uniform(0.1, 3, features)
    file, classes = FeatureFile(path, (number, features)), np.zeros(number, np.int64)
    backgrounds = random.normal(0, 0.5, (number // PER_LOCATION + 1, HIDDEN))
    for start in range(0, number, CHUNK):
        rows = np.arange(start, min(start + CHUNK, number))
        for location in np.unique(locations[rows]).tolist():
            there = rows[locations[rows] == location]
            local = shares * random.gamma(1, 1, CLASSES)
            classes[there] = random.choice(CLASSES, size=len(there), p=local / local.sum())
        hidden = centres[classes[rows]] + backgrounds[locations[rows]]
        hidden += random.normal(0, 0.8, (len(rows), HIDDEN))
        noisy = hidden @ mixing + random.normal(0, 0.3, (len(rows), features))
        file.write(rows, (np.maximum(noisy + 0.2, 0) * scale).astype(np.float32))
    return Vectors(file, classes, locations)
