"""Thresholds: the lowest probability from which on a prediction is accepted without review."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.intervals import Values
from autofocus.evaluation.metrics import AcceptanceMetrics, AcceptedImages, ThresholdMetrics
from autofocus.evaluation.predictions import Classification, Predictions, any_of
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.model.decision import DecisionRule, Thresholds
from autofocus.model.precision import PrecisionCurve, Z

# Number of steps from 0 to 1: the scores of another runtime differ by less than one.
_STEPS = 10_000


def choose_thresholds(
    held_out: Predictions, labels: Sequence[str], temperature: float, settings: EvaluationSettings
) -> dict[str, float | None]:
    """Choose each label's threshold; None where none reaches the target reliably.

    For a precision it is the lowest probability from which on enough of the label's predictions
    are right; for a recall the highest from which on enough of its images are accepted. Enough is
    judged by the lower end of Wilson's one-sided 80 % interval, at the effective number (Kish,
    1965) of the sequences that count: a threshold that reaches the target on a few images by
    chance would miss it on others.

    Args:
        held_out: images that were used neither for training nor for the test.
        labels: the C classes.
        temperature: what to divide the logits by.
        settings: the target.
    """
    return {
        label: ranking.choose(settings)
        for label, ranking in _rankings(held_out, labels, temperature).items()
    }


def precision_curves(
    held_out: Predictions, labels: Sequence[str], temperature: float
) -> dict[str, PrecisionCurve]:
    """Return which threshold of each label ensures which precision, judged as thresholds are.

    Args:
        held_out: images that were used neither for training nor for the test.
        labels: the C classes.
        temperature: what to divide the logits by.
    """
    return {
        label: ranking.precision_curve()
        for label, ranking in _rankings(held_out, labels, temperature).items()
    }


def _rankings(
    held_out: Predictions, labels: Sequence[str], temperature: float
) -> "dict[str, _Ranking]":
    """Return the predictions of each label, the most confident first."""
    classification = held_out.classify(temperature)
    sequences = held_out.sequence_numbers
    rankings = {}
    for column, label in enumerate(labels):
        # One of several labels is decided by itself; a single one must be the most probable.
        rows = slice(None) if held_out.multilabel else classification.predicted[:, column]
        true = classification.true[:, column]
        rankings[label] = _Ranking.of(
            classification.probabilities[rows, column],
            true[rows],
            sequences[rows],
            sequences[true],
        )
    return rankings


@dataclass(frozen=True)
class _Ranking:
    """N predictions of a label, the most confident first.

    Attributes:
        steps: their scores in steps, falling, shape (N,).
        right: which are right, shape (N,).
        sequences: the sequence of each image, shape (N,).
        positives: the sequence of each image that has the label in truth, predicted or not.
    """

    steps: NDArray[np.int64]
    right: NDArray[np.bool_]
    sequences: NDArray[np.int64]
    positives: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        scores: Values,
        right: NDArray[np.bool_],
        sequences: NDArray[np.int64],
        positives: NDArray[np.int64],
    ) -> "_Ranking":
        """Rank predictions by their scores, 0 to 1; all arrays but the last are of shape (N,)."""
        steps = np.floor(scores * _STEPS).astype(np.int64)
        order = np.argsort(-steps, kind="stable")
        return cls(steps[order], right[order], sequences[order], positives)

    @property
    def _is_last(self) -> NDArray[np.bool_]:
        """Which predictions are the last of their step: a threshold accepts all of it or none."""
        is_last: NDArray[np.bool_] = np.diff(self.steps, append=-1) != 0
        return is_last

    def choose(self, settings: EvaluationSettings) -> float | None:
        """Return the threshold that reaches a target; None if none does."""
        if settings.target == "precision":
            return self.precision_curve().threshold(settings.value)
        rows = np.flatnonzero((self._lower_recalls() >= settings.value) & self._is_last)
        return float(self.steps[rows[0]] / _STEPS) if len(rows) else None

    def precision_curve(self) -> PrecisionCurve:
        """Return the thresholds below which none ensures the same precision."""
        numbers = _effective(self.sequences)
        shares = np.cumsum(self.right) / np.arange(1, len(self.right) + 1)
        ensured = _lower(shares, numbers)[self._is_last][::-1]
        best_so_far = np.maximum.accumulate(np.concatenate([[-np.inf], ensured]))[:-1]
        kept = ensured > best_so_far
        steps = self.steps[self._is_last][::-1][kept]
        without_mistake = numbers[self._is_last & (shares == 1)]
        return PrecisionCurve(
            tuple((steps / _STEPS).tolist()),
            tuple(ensured[kept].tolist()),
            int(without_mistake.max(initial=0)),
        )

    def _lower_recalls(self) -> Values:
        """Return the recall that each number of predictions ensures, shape (N,)."""
        if not len(self.positives):
            return np.zeros(len(self.right))
        images = np.full(len(self.right), _effective(self.positives)[-1])
        return _lower(np.cumsum(self.right) / len(self.positives), images)


def _lower(shares: Values, numbers: Values) -> Values:
    """Return the lower ends of Wilson's one-sided intervals."""
    z2 = Z * Z
    half = Z * np.sqrt(shares * (1 - shares) / numbers + z2 / (4 * numbers * numbers))
    lower: Values = (shares + z2 / (2 * numbers) - half) / (1 + z2 / numbers)
    return lower


def _effective(sequences: NDArray[np.int64]) -> Values:
    """Return the effective number of sequences among the first n images, for each n."""
    count = len(sequences)
    order = np.argsort(sequences, kind="stable")
    begins = np.flatnonzero(np.diff(sequences[order], prepend=-1))
    lengths = np.diff(begins, append=count)
    before = np.empty(count)
    before[order] = np.arange(count) - np.repeat(begins, lengths)
    numbers = np.arange(1, count + 1)
    effective: Values = numbers.astype(np.float64) ** 2 / np.cumsum(2 * before + 1)
    return effective


@dataclass(frozen=True)
class Decisions:
    """Which images are accepted without review.

    Attributes:
        sure: the predicted labels that reach their thresholds, shape (N, C).
        accepted: which images have only such labels, shape (N,).
        right: which of them have exactly the predicted labels in truth, shape (N,).
    """

    sure: NDArray[np.bool_]
    accepted: NDArray[np.bool_]
    right: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        classification: Classification,
        labels: Sequence[str],
        thresholds: Thresholds,
        multilabel: bool,
        unknown: NDArray[np.bool_] | None = None,
    ) -> "Decisions":
        """Decide as `predict` does: a label without a threshold is always reviewed."""
        rule = DecisionRule(labels, thresholds, multilabel)
        predicted = rule.predicted_labels(classification.probabilities)
        accepted = rule.accepted(classification.probabilities, unknown)
        right = accepted & ~any_of(predicted != classification.true)
        return cls(rule.confident_labels(classification.probabilities), accepted, right)

    def columns(self, true: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """Return the columns to sum over images, with the true labels, shape (N, C)."""
        return {
            "sure": self.sure,
            "sure_hits": self.sure & true,
            **self.accepted_columns(),
        }

    def accepted_columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns of `accepted_images`, which are not per class."""
        return {"spared": self.accepted, "spared_right": self.right}


def acceptance_metrics(
    sums: GroupSums,
    labels: Sequence[str],
    thresholds: Thresholds,
    settings: EvaluationSettings,
    fitted_on: str,
) -> AcceptanceMetrics:
    """Return the metrics of thresholds on images that they were not chosen on."""
    precision, recall = sums.share("sure_hits", "sure"), sums.share("sure_hits", "true")
    rows = [
        ThresholdMetrics(
            label,
            thresholds.get(label),
            int(sums.total["sure"][0, column]),
            precision[column],
            recall[column],
        )
        for column, label in enumerate(labels)
    ]
    accepted = accepted_images(sums)
    return AcceptanceMetrics(settings.target, settings.value, fitted_on, tuple(rows), accepted)


def accepted_images(sums: GroupSums) -> AcceptedImages:
    """Return the metrics of accepted images from the sums of `accepted_columns`."""
    return AcceptedImages(
        int(sums.total["spared"][0, 0]),
        sums.share("spared", "images")[0],
        int(sums.total["spared_right"][0, 0]),
        sums.share("spared_right", "spared")[0],
    )
