"""The votes of sequences while a head is trained: what a choice between heads goes by.

The means are those of `autofocus.model.vote`, summed up at once for many heads on the same images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.temperature import HIGHEST, LOWEST, to_probabilities

_TINY = 1e-12
# The temperature is found to about 1 %: more digits change no choice.
_LOG_TEMPERATURE_STEP = 0.01

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Votes:
    """The sequences of N images, and how much each image counts in its sequence's vote.

    Attributes:
        sequences: the number of each image's sequence, shape (N,).
        weights: of the images, above 0, shape (N,).
    """

    sequences: NDArray[np.int64]
    weights: Matrix

    @classmethod
    def of(cls, names: Sequence[str], weights: Matrix | None) -> "Votes":
        """Return the votes of images, given the names of their sequences.

        Args:
            names: of N images; empty for an image of no sequence, which is one of its own.
            weights: of the images, shape (N,); None if all count the same.
        """
        keys = [f"of {name}" if name else f"alone {row}" for row, name in enumerate(names)]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        counted = np.ones(len(names)) if weights is None else weights
        return cls(np.array([numbers[key] for key in keys], np.int64), counted)

    @classmethod
    def of_images(cls, number: int) -> "Votes":
        """Return the votes where each of N images is a sequence of its own."""
        return cls(np.arange(number), np.ones(number))

    def rows(self, chosen: NDArray[np.bool_]) -> "Votes":
        """Return the votes of some of the images, given a mask of shape (N,)."""
        return Votes(self.sequences[chosen], self.weights[chosen])

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(self.sequences, kind="stable")

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        ordered = self.sequences[self._order]
        return np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])

    @cached_property
    def _shares(self) -> Matrix:
        """The share of each image in its sequence's vote, in order, shape (N, 1)."""
        weights = self.weights[self._order]
        lengths = np.diff(np.r_[self._starts, len(weights)])
        sums = np.repeat(np.add.reduceat(weights, self._starts), lengths)
        return np.asarray((weights / sums)[:, None])

    def means(self, values: NDArray[np.floating]) -> Matrix:
        """Return the weighted means of values by sequence: shape (N, C) to (S, C)."""
        if not len(self.sequences):
            return np.zeros((0, values.shape[1]))
        return np.asarray(np.add.reduceat(values[self._order] * self._shares, self._starts))

    def scores(
        self, logits: NDArray[np.float32], targets: NDArray[np.float32], *, multilabel: bool
    ) -> "VoteScores":
        """Return how well the votes do, calibrated by the temperature that fits them best.

        The target of a sequence is the weighted mean of its images' targets.

        Args:
            logits: of the images, shape (N, C), at least one.
            targets: shape (N, C), 1 for each class that an image shows.
            multilabel: whether each class has a probability of its own.
        """
        from scipy.optimize import minimize_scalar

        truth = self.means(targets)

        def votes(logarithm: float) -> Matrix:
            temperature = float(np.exp(logarithm))
            return self.means(to_probabilities(logits, temperature, multilabel=multilabel))

        def loss(logarithm: float) -> float:
            return _cross_entropy(votes(logarithm), truth, multilabel=multilabel)

        bounds = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
        options = {"xatol": _LOG_TEMPERATURE_STEP}
        best = minimize_scalar(loss, bounds=bounds, method="bounded", options=options).x
        voted = votes(best)
        if multilabel:
            right = ((voted > 1 / 2) == (truth > 1 / 2)).all(axis=1)
        else:
            right = truth[np.arange(len(voted)), voted.argmax(axis=1)] >= truth.max(axis=1) - _TINY
        brier_score = np.square(voted - truth).sum(axis=1).mean()
        return VoteScores(float(brier_score), float(right.mean()))


def _cross_entropy(voted: Matrix, truth: Matrix, *, multilabel: bool) -> float:
    entropy = -truth * np.log(np.maximum(voted, _TINY))
    if multilabel:
        entropy -= (1 - truth) * np.log(np.maximum(1 - voted, _TINY))
    return float(entropy.sum(axis=1).mean())


@dataclass(frozen=True)
class VoteScores:
    """How well the votes of sequences do.

    Attributes:
        brier_score: mean over sequences, 0 to 2 (with several labels per image, 0 to C); lower is
            better (G. W. Brier, Monthly Weather Review 78, 1950).
        accuracy: share of sequences whose vote is right.
    """

    brier_score: float
    accuracy: float
