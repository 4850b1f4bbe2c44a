"""The loss of a logistic regression and its gradient, as sums over blocks of images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from autofocus.training.feature_rows import by_block
from autofocus.training.lbfgs import Vector
from autofocus.training.samples import Samples
from autofocus.training.standardization import Standardization

Matrix = NDArray[np.float64]


class TermWeights(Protocol):
    """The weights of the terms of the loss: class weights times weights of the images."""

    def of_rows(self, rows: slice, /) -> NDArray[np.float32]:
        """Return the weights of some images; shape (M, C) with several labels, else (M, 1)."""


@dataclass(frozen=True)
class Errors:
    """How wrong the probabilities of M images are.

    Attributes:
        loss: sum of the weighted terms.
        slopes: derivatives of the sum with respect to the logits, shape (M, K).
        bends: second derivatives, of each logit alone, shape (M, K).
    """

    loss: float
    slopes: Matrix
    bends: Matrix


@dataclass(frozen=True)
class StreamedLoss:
    """The weighted mean cross-entropy of N images, plus the penalty of the weights.

    A point holds the weights of standardised features and the biases of K classes, as a vector of
    (D + 1) K numbers.

    Attributes:
        samples: the images.
        scale: standardises their features.
        weights: of the terms.
        columns: the numbers of the K classes that there is something to learn of.
        multilabel: whether images may have several labels.
        strength: of the regularisation.
        on_pass: called after each pass over the images.
    """

    samples: Samples
    scale: Standardization
    weights: TermWeights
    columns: NDArray[np.int64]
    multilabel: bool
    strength: float
    on_pass: Callable[[], None] = lambda: None

    def unpack(self, point: Vector) -> tuple[Matrix, Vector]:
        """Return weights, shape (D, K), and biases, shape (K,), of a point."""
        table = point.reshape(-1, len(self.columns))
        return table[:-1], table[-1]

    def __call__(self, point: Vector) -> tuple[float, Vector]:
        """Return the loss at a point, and its gradient."""
        weights, _ = self.unpack(point)
        logits = self.logits_at(point)
        value, slope = 0.0, np.zeros(weights.shape)
        slopes = np.zeros(len(self.columns))

        def part(rows: slice, features: NDArray[np.float32]) -> tuple[float, Matrix, Vector]:
            errors = self.errors(rows, logits(features))
            products = features.T @ errors.slopes.astype(np.float32)
            return errors.loss, products.astype(np.float64), errors.slopes.sum(axis=0)

        for loss, products, sums in by_block(part, self.samples.features):
            value, slope, slopes = value + loss, slope + products, slopes + sums
        self.on_pass()
        mean, deviation, number = self.scale.mean, self.scale.deviation, len(self.samples)
        slope = (slope - np.outer(mean, slopes)) / deviation[:, None] / number
        slope += self.strength * weights
        value = value / number + self.strength / 2 * float(np.square(weights).sum())
        return value, np.vstack([slope, slopes / number]).ravel()

    def logits_at(self, point: Vector) -> Callable[[NDArray[np.float32]], Matrix]:
        """Return what turns raw features, shape (M, D), into logits at a point, shape (M, K)."""
        weights, bias = self.unpack(point)
        # Folded into the weights, standardisation costs nothing.
        folded = weights / self.scale.deviation[:, None]
        single, shift = folded.astype(np.float32), bias - self.scale.mean @ folded
        return lambda features: (features @ single).astype(np.float64) + shift

    def errors(self, rows: slice, logits: Matrix) -> Errors:
        """Return how wrong the logits of some images are, given their place."""
        weights = self.weights.of_rows(rows).astype(np.float64)
        targets = self.samples.targets[rows][:, self.columns] > 0
        if self.multilabel:
            return _errors_of_labels(logits, targets, weights[:, self.columns])
        return _errors_of_classes(logits, targets, weights)


def _errors_of_labels(logits: Matrix, targets: NDArray[np.bool_], weights: Matrix) -> Errors:
    from scipy.special import expit

    probabilities = expit(logits)
    loss = weights * (np.logaddexp(0, logits) - targets * logits)
    bends = weights * probabilities * (1 - probabilities)
    return Errors(float(loss.sum()), weights * (probabilities - targets), bends)


def _errors_of_classes(logits: Matrix, targets: NDArray[np.bool_], weights: Matrix) -> Errors:
    logits = logits - logits.max(axis=1, keepdims=True)
    true = np.take_along_axis(logits, targets.argmax(axis=1)[:, None], axis=1)
    probabilities = np.exp(logits, out=logits)
    sums = probabilities.sum(axis=1, keepdims=True)
    loss = weights * (np.log(sums) - true)
    probabilities /= sums
    bends = weights * probabilities * (1 - probabilities)
    return Errors(float(loss.sum()), weights * (probabilities - targets), bends)
