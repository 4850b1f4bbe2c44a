"""Predictions for images that a classifier was not trained on, with the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.temperature import to_probabilities
from autofocus.model.decision import DecisionRule

# A target above this is true.
_HALF = 0.5
# Larger logits are cut off, so that a broken one doesn't spread.
_MOST = 1e4


@dataclass(frozen=True)
class Predictions:
    """The predictions of a classifier of C classes for N images that it was not trained on.

    Attributes:
        names: of the images.
        logits: shape (N, C), before calibration.
        targets: the truth, 1 for each class that an image shows, shape (N, C).
        groups: the group of each image, such as its location.
        sequences: the sequence of each image; empty if unknown.
        slices: the values of each property to compare accuracy by, such as `light`, of each image
            (`night`); empty if unknown.
        multilabel: whether each class has a probability of its own.
        unknown: which images lie far from all training images, shape (N,); None if that was not
            measured.
        box_scores: of the box of each image, 0 to 1, shape (N,), by which it counts in the vote of
            its sequence; None if all count the same.
        detector_scores: the confidence of the detector's best box, 0 to 1, shape (N,); None
            without a detector.
    """

    names: tuple[str, ...]
    logits: NDArray[np.float32] | NDArray[np.float64]
    targets: NDArray[np.float32] | NDArray[np.bool_]
    groups: tuple[str, ...]
    sequences: tuple[str, ...]
    slices: Mapping[str, Sequence[str]]
    multilabel: bool
    unknown: NDArray[np.bool_] | None = None
    box_scores: NDArray[np.float64] | None = None
    detector_scores: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        lengths = {len(self.names), len(self.logits), len(self.groups), len(self.sequences)}
        lengths |= {len(values) for values in self.slices.values()}
        if len(lengths) != 1 or np.shape(self.logits) != np.shape(self.targets):
            raise ValueError("Names, logits, targets, groups, sequences and slices must match.")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def true(self) -> NDArray[np.bool_]:
        """Which classes each image shows, shape (N, C)."""
        true: NDArray[np.bool_] = self.targets.astype(np.float32) > _HALF
        return true

    @property
    def sequence_numbers(self) -> NDArray[np.int64]:
        """The number of each image's sequence, shape (N,); an image of none has its own."""
        keys = [
            f"of {name}" if name else f"alone {row}" for row, name in enumerate(self.sequences)
        ]
        return number(keys)[1]

    @property
    def finite_logits(self) -> NDArray[np.float64]:
        """The logits within bounds, shape (N, C); NaN becomes 0, which favours no class."""
        finite: NDArray[np.float64] = np.nan_to_num(self.logits.astype(np.float64))
        return np.clip(finite, -_MOST, _MOST)

    def probabilities(self, temperature: float = 1.0) -> NDArray[np.float64]:
        """Return the probability of each class, shape (N, C), with logits divided by a number."""
        return to_probabilities(self.finite_logits, temperature, multilabel=self.multilabel)

    def classify(self, temperature: float = 1.0) -> "Classification":
        """Return the predicted labels, with logits divided by a number."""
        return classify(self.probabilities(temperature), self.true, self.multilabel)


@dataclass(frozen=True)
class Classification:
    """The predicted and the true labels of N images.

    Attributes:
        probabilities: shape (N, C).
        predicted: the labels that `DecisionRule` predicts without thresholds, shape (N, C).
        true: the true labels, shape (N, C).
    """

    probabilities: NDArray[np.float64]
    predicted: NDArray[np.bool_]
    true: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.predicted)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which images have exactly the labels that are predicted, shape (N,)."""
        return ~any_of(self.predicted != self.true)


def classify(
    probabilities: NDArray[np.float64], true: NDArray[np.bool_], multilabel: bool
) -> Classification:
    """Return the predicted labels beside the true ones, all of shape (N, C)."""
    rule = DecisionRule([""] * true.shape[1], None, multilabel)
    return Classification(probabilities, rule.predicted_labels(probabilities), true)


def any_of(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether any of the classes is flagged, shape (N,), from shape (N, C)."""
    flagged: NDArray[np.bool_] = np.any(flags, axis=1)
    return flagged


def number(values: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the unique values in rising order, and the number of each value, shape (N,)."""
    names = sorted(set(values))
    numbers = {name: position for position, name in enumerate(names)}
    return names, np.array([numbers[value] for value in values], np.int64)
