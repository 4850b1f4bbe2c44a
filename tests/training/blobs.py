"""Feature vectors around a point for each class, for tests of the head."""

import numpy as np

from autofocus.model.head import Head
from autofocus.training.samples import Samples
from autofocus.training.scores import Scores, score


def one_hot(classes: np.ndarray, number: int) -> np.ndarray:
    """Return targets of shape (N, C)."""
    targets: np.ndarray = np.eye(number, dtype=np.float32)[classes]
    return targets


def blobs(number: int = 60, spread: float = 0.5, seed: int = 1, size: int = 3) -> Samples:
    """Make three classes in turn, which overlap the more the larger the spread is."""
    random = np.random.default_rng(seed)
    classes = np.arange(number) % 3
    features = np.eye(3, size)[classes] * 3 + random.normal(0, spread, (number, size))
    ones = np.ones(number, np.float32)
    return Samples(features.astype(np.float32), one_hot(classes, 3), ones)


def uneven(number: int = 200, seed: int = 1) -> Samples:
    """Make three classes that overlap, of which the last two are rare."""
    samples = blobs(number, spread=2, seed=seed, size=8)
    order = np.random.default_rng(seed).permutation(number)
    rare = (samples.classes > 0) & (order % 4 > 0)
    return samples.rows(~rare)


def nothing(size: int = 3) -> Samples:
    """Make samples without any images."""
    return blobs(0, size=size)


def scores_of(head: Head, samples: Samples) -> Scores:
    """Return the scores of a head on at least one image."""
    scores = score(head, samples)
    assert scores is not None
    return scores
