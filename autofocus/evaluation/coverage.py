"""Precision by coverage: how much can be accepted without review, and at what precision.

Selective classification: R. El-Yaniv and Y. Wiener, "On the Foundations of Noise-free Selective
Classification", JMLR 11 (2010).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.intervals import Values
from autofocus.evaluation.metrics import CoverageCurve, CoverageMetrics, Target
from autofocus.evaluation.predictions import Classification, Predictions
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.thresholds import Decisions, accepted_images
from autofocus.model.precision import PrecisionCurve, needed

PRECISIONS = (0.8, 0.9, 0.95, 0.99)
# More points than this can't be seen in a chart.
MAX_POINTS = 50


def coverage_metrics(
    labels: Sequence[str],
    test: Predictions,
    classification: Classification,
    curves: Mapping[str, PrecisionCurve] | None,
    settings: EvaluationSettings,
) -> CoverageMetrics | None:
    """Return precision by coverage on the test split, and what each target would accept.

    Args:
        labels: the C classes.
        test: N images.
        classification: of them.
        curves: which threshold of each label ensures which precision; None for no thresholds.
        settings: the number of resamples for intervals.
    """
    if curves is None or not len(test):
        return None
    rows = [_overall(classification), *_per_label(labels, classification)]
    targets = [
        _target(precision, labels, test, classification, curves, settings)
        for precision in _precisions(settings)
    ]
    return CoverageMetrics(tuple(rows), tuple(targets))


def _precisions(settings: EvaluationSettings) -> list[float]:
    """Return the precisions to report, with that of the model's thresholds."""
    own = {settings.value} if settings.target == "precision" and settings.value < 1 else set()
    return sorted({*PRECISIONS, *own})


def _overall(classification: Classification) -> CoverageCurve:
    # An image of several labels is as sure as its least sure label.
    scores = np.where(classification.predicted, classification.probabilities, np.inf).min(axis=1)
    scores[~np.isfinite(scores)] = 0
    return _curve("", scores, classification.right)


def _per_label(labels: Sequence[str], classification: Classification) -> list[CoverageCurve]:
    curves = []
    for column, label in enumerate(labels):
        rows = classification.predicted[:, column]
        right = classification.true[rows, column]
        curves.append(_curve(label, classification.probabilities[rows, column], right))
    return curves


def _curve(label: str, scores: Values, right: NDArray[np.bool_]) -> CoverageCurve:
    """Return the precision of the most confident predictions, for each share of them."""
    order = np.argsort(-scores, kind="stable")
    is_last = np.diff(scores[order], append=-np.inf) != 0
    numbers = np.arange(1, len(scores) + 1)
    shares = np.cumsum(right[order]) / numbers
    rows = np.flatnonzero(is_last)
    if len(rows) > MAX_POINTS:
        rows = rows[np.linspace(0, len(rows) - 1, MAX_POINTS).astype(np.int64)]
    return CoverageCurve(
        label,
        len(scores),
        tuple((numbers[rows] / max(1, len(scores))).tolist()),
        tuple(shares[rows].tolist()),
    )


def _target(
    precision: float,
    labels: Sequence[str],
    test: Predictions,
    classification: Classification,
    curves: Mapping[str, PrecisionCurve],
    settings: EvaluationSettings,
) -> Target:
    thresholds = {label: curve.threshold(precision) for label, curve in curves.items()}
    decisions = Decisions.of(classification, labels, thresholds, test.multilabel, test.unknown)
    columns = {
        "images": np.ones(len(test)),
        **decisions.accepted_columns(),
    }
    sums = GroupSums.from_columns(columns, test.groups, settings.resamples, settings.seed)
    accepted = accepted_images(sums)
    lacking = {label: curves[label].right for label, one in thresholds.items() if one is None}
    return Target(precision, thresholds, accepted, needed(precision), lacking)
