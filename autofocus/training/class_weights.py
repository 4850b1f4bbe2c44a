"""Weights that let rare classes count as much as common ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from autofocus.training.samples import Samples

ClassWeights = Literal["balanced", "none"]

_TINY = 1e-12
# However rare, a label's presence counts at most this many times as much as its absence.
_MAX_PRESENCE = 100.0
# Rows that are computed at once in double precision.
_BLOCK = 1_000_000


def class_weights(
    samples: Samples, kind: ClassWeights, *, multilabel: bool
) -> NDArray[np.float64]:
    """Return the weight of an image of each class, shape (C,).

    With balanced weights all classes that occur have the same sum of weights, those of the images
    included; with several labels per image, a label's presence and its absence have.
    """
    if kind == "none":
        return np.ones(samples.targets.shape[1])
    sizes, total = np.zeros(samples.targets.shape[1]), 0.0
    for block in _blocks(samples):
        weights = samples.weights[block].astype(np.float64)
        sizes, total = sizes + weights @ samples.targets[block], total + weights.sum()
    occurs = sizes > 0
    divisors = np.where(occurs, sizes, 1.0)
    if multilabel:
        return np.asarray(np.clip((total - sizes) / divisors, 1.0, _MAX_PRESENCE))
    return np.where(occurs, total / (max(1, occurs.sum()) * divisors), 0.0)


@dataclass(frozen=True)
class LossWeights:
    """The weights of the terms of the loss: class weights times weights of the images.

    Attributes:
        samples: N images.
        by_class: class weights, shape (C,).
        multilabel: whether images may have several labels.
        mean: of all terms, by which they are divided.
    """

    samples: Samples
    by_class: NDArray[np.float64]
    multilabel: bool
    mean: float = 1.0

    @classmethod
    def of(cls, samples: Samples, kind: ClassWeights, *, multilabel: bool) -> "LossWeights":
        """Return the weights of images, with a mean of 1."""
        plain = cls(samples, class_weights(samples, kind, multilabel=multilabel), multilabel)
        total, terms = 0.0, 0
        for block in _blocks(samples):
            weights = plain._products(block)
            total, terms = total + float(weights.sum()), terms + weights.size
        mean = total / max(1, terms)
        return cls(samples, plain.by_class, multilabel, max(mean, _TINY))

    def of_rows(self, rows: slice) -> NDArray[np.float32]:
        """Return the weights of some images; shape (M, C) with several labels, else (M, 1)."""
        return np.asarray(self._products(rows) / self.mean, np.float32)

    def _products(self, rows: slice) -> NDArray[np.float64]:
        targets = self.samples.targets[rows]
        by_image = self.samples.weights[rows].astype(np.float64)[:, None]
        if self.multilabel:
            return np.asarray(np.where(targets > 0, self.by_class, 1.0) * by_image)
        return np.asarray(self.by_class[targets.argmax(axis=1)][:, None] * by_image)


def loss_weights(samples: Samples, kind: ClassWeights, *, multilabel: bool) -> NDArray[np.float32]:
    """Return the weights of the terms of the loss: class weights times weights of the images.

    Returns:
        Shape (N, C) with several labels per image, else (N, 1), with a mean of 1.
    """
    return LossWeights.of(samples, kind, multilabel=multilabel).of_rows(slice(0, len(samples)))


def _blocks(samples: Samples) -> Iterator[slice]:
    for start in range(0, len(samples), _BLOCK):
        yield slice(start, start + _BLOCK)
