"""Thresholds: the lowest probability from which on a prediction is accepted without review."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.metrics import AcceptanceMetrics, AcceptedImages, ThresholdMetrics
from autofocus.evaluation.predictions import Classification, Predictions, any_of
from autofocus.evaluation.rankings import Ranking, by_sequence, rankings
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.model.decision import DecisionRule, Thresholds
from autofocus.model.precision import PrecisionCurve


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
) -> dict[str, Ranking]:
    return rankings(held_out, labels, temperature, by_sequence(held_out))


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
