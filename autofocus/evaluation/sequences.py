"""Accuracy, calibration and decisions by sequence: the weighted mean of its images votes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.calibration import reliability
from autofocus.evaluation.coverage import coverage_metrics
from autofocus.evaluation.metrics import (
    AcceptanceMetrics,
    CalibrationMetrics,
    Estimate,
    SequenceMetrics,
)
from autofocus.evaluation.predictions import Classification, Predictions, any_of
from autofocus.evaluation.sequence_rules import SequenceRules
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.thresholds import Decisions, acceptance_metrics
from autofocus.evaluation.votes import Votes


def sequence_metrics(
    test: Predictions,
    temperature: float,
    settings: EvaluationSettings,
    labels: Sequence[str] = (),
    rules: SequenceRules | None = None,
) -> SequenceMetrics | None:
    """Return how often the vote of a sequence is right; None if no sequence is known.

    An image of no known sequence is one of its own. The true label of a sequence is that of most
    of its images; of equally many, any is right. Where images may have several labels, it is all
    that at least half of them have.

    Args:
        test: N images.
        temperature: what to divide their logits by.
        settings: the number of resamples for intervals, and the floor of the votes' weights.
        labels: the C classes; needed with rules only.
        rules: how sequences are decided; None to leave that out.
    """
    if not any(test.sequences):
        return None
    votes = Votes.of(test, temperature, settings.vote_floor)
    predictions = votes.predictions(rules.temperature if rules else 1.0)
    voted = predictions.classify()
    by_image = ~any_of(voted.predicted[votes.numbers] != test.true)
    sums = _sums(
        votes,
        {"right": voted.right, "images_right": np.bincount(votes.numbers, by_image)},
        settings,
    )
    acceptance, spared = (None, Estimate(None))
    if rules is not None:
        acceptance, spared = _acceptance(votes, predictions, voted, labels, rules, settings)
    return SequenceMetrics(
        sequences=len(votes),
        images=len(test),
        mixed=votes.mixed,
        accuracy=sums.share("right", "images")[0],
        voted_image_accuracy=sums.share("images_right", "frames")[0],
        calibration=_calibration(votes, voted, rules) if rules else None,
        thresholds=acceptance,
        spared_images=spared,
        shared_threshold=rules.shared if rules else None,
        coverage=coverage_metrics(
            labels, predictions, voted, rules.curves if rules else None, settings
        ),
    )


def _sums(
    votes: Votes, columns: Mapping[str, NDArray[Any]], settings: EvaluationSettings
) -> GroupSums:
    """Sum columns over sequences, which count as `images`, while `frames` counts their images."""
    counts = {"images": np.ones(len(votes)), "frames": votes.frames}
    return GroupSums.from_columns(
        {**counts, **columns}, votes.groups, settings.resamples, settings.seed
    )


def _acceptance(
    votes: Votes,
    predictions: Predictions,
    voted: Classification,
    labels: Sequence[str],
    rules: SequenceRules,
    settings: EvaluationSettings,
) -> tuple[AcceptanceMetrics, Estimate]:
    """Return the metrics of accepted sequences, and the share of all images in them."""
    decisions = Decisions.of(
        voted, labels, rules.thresholds, votes.multilabel, predictions.unknown
    )
    columns = {
        "true": voted.true,
        "spared_frames": decisions.accepted * votes.frames,
        **decisions.columns(voted.true),
    }
    sums = _sums(votes, columns, settings)
    metrics = acceptance_metrics(sums, labels, rules.thresholds, settings, rules.fitted_on)
    return metrics, sums.share("spared_frames", "frames")[0]


def _calibration(votes: Votes, voted: Classification, rules: SequenceRules) -> CalibrationMetrics:
    before = votes.predictions(1.0).classify()
    return CalibrationMetrics(
        temperature=rules.temperature,
        fitted_on=rules.fitted_on,
        before=reliability(before, multilabel=votes.multilabel),
        after=reliability(voted, multilabel=votes.multilabel),
    )
