"""The votes of the sequences among images, as predictions for the sequences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.intervals import Values
from autofocus.evaluation.predictions import Predictions, any_of, classify
from autofocus.model.decision import DEFAULT_THRESHOLD
from autofocus.model.vote import (
    SequenceMeans,
    calibrated_votes,
    sequence_means,
    unknown_votes,
    vote_logits,
    vote_weights,
)

_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Votes:
    """The votes of S sequences of N images; an image of no known sequence is one of its own.

    Attributes:
        means: the weighted mean probabilities of each sequence's images, shape (S, C).
        true: the true labels of each sequence, shape (S, C): the label of most of its images; of
            equally many, the predicted one. Where images may have several labels, all that at
            least half of them have.
        frames: the number of images of each sequence, shape (S,).
        groups: the group of each sequence.
        numbers: the number of each image's sequence, 0 to S - 1, shape (N,).
        mixed: the number of sequences whose images differ in their labels.
        multilabel: whether each class has a probability of its own.
        unknown: which sequences lie far from all training images, shape (S,); None if that was
            not measured.
    """

    means: NDArray[np.float64]
    true: NDArray[np.bool_]
    frames: NDArray[np.int64]
    groups: tuple[str, ...]
    numbers: NDArray[np.int64]
    mixed: int
    multilabel: bool
    unknown: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.means)

    @classmethod
    def of(cls, images: Predictions, temperature: float, floor: float | None) -> "Votes":
        """Let images vote.

        Args:
            images: N images.
            temperature: what to divide their logits by.
            floor: what an image counts in addition to the score of its box; None if all count the
                same.
        """
        numbers, multilabel = images.sequence_numbers, images.multilabel
        weights = vote_weights(images.box_scores, floor)
        votes = SequenceMeans(int(numbers.max()) + 1 if len(numbers) else 0)
        votes.add(images.probabilities(temperature), numbers, weights)
        means = votes.means().reshape(-1, images.true.shape[1])
        shares = sequence_means(images.true.astype(np.float64), numbers).reshape(means.shape)
        unknown = None
        if images.unknown is not None:
            far = images.unknown[:, np.newaxis].astype(np.float64)
            unknown = unknown_votes(sequence_means(far, numbers, weights).reshape(-1))
        return cls(
            means,
            _true(means, shares, multilabel=multilabel),
            votes.frames,
            tuple(_groups(images.groups, numbers)),
            numbers,
            int(any_of((shares > 0) & (shares < 1)).sum()),
            multilabel,
            unknown,
        )

    def predictions(self, temperature: float) -> Predictions:
        """Return the votes as predictions for S sequences, calibrated by a temperature."""
        votes = calibrated_votes(self.means, self.frames, temperature, multilabel=self.multilabel)
        return Predictions(
            names=tuple(f"sequence {number}" for number in range(len(self))),
            logits=vote_logits(votes, multilabel=self.multilabel),
            targets=self.true,
            groups=self.groups,
            sequences=("",) * len(self),
            slices={},
            multilabel=self.multilabel,
            unknown=self.unknown,
        )

    def rows(self, chosen: NDArray[np.bool_]) -> "Votes":
        """Return some of the sequences, given a mask of shape (S,); without their images."""
        return Votes(
            self.means[chosen],
            self.true[chosen],
            self.frames[chosen],
            tuple(self.groups[row] for row in np.flatnonzero(chosen).tolist()),
            np.zeros(0, np.int64),
            0,
            self.multilabel,
            None if self.unknown is None else self.unknown[chosen],
        )


def _true(means: Values, shares: Values, *, multilabel: bool) -> NDArray[np.bool_]:
    """Return the labels of a sequence, shape (S, C), by the share of its images with them."""
    if multilabel:
        return np.asarray(shares >= DEFAULT_THRESHOLD - _TOLERANCE)
    likely = shares >= shares.max(axis=1, keepdims=True) - _TOLERANCE
    predicted = classify(means, likely, multilabel=False).predicted
    chosen = np.where(any_of(likely & predicted)[:, np.newaxis], likely & predicted, likely)
    true = np.zeros(shares.shape, bool)
    true[np.arange(len(true)), chosen.argmax(axis=1)] = True
    return true


def _groups(groups: Sequence[str], numbers: NDArray[np.int64]) -> list[str]:
    """Return the group of each sequence: the first by name, should it have several."""
    first: dict[int, str] = {}
    for number, group in zip(numbers.tolist(), groups, strict=True):
        first[number] = min(group, first.get(number, group))
    return [first[number] for number in range(len(first))]
