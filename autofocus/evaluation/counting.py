"""Accuracy, precision, recall, F1, average precision and the confusion matrix."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import GroupSums, Sums, ratio
from autofocus.evaluation.intervals import Values
from autofocus.evaluation.metrics import ClassMetrics, Estimate
from autofocus.evaluation.predictions import Classification, any_of
from autofocus.model.decision import join_labels

# The first three predictions may help a person who corrects labels.
TOP = 3


def columns(classification: Classification) -> dict[str, NDArray[Any]]:
    """Return the columns to sum over images for all metrics of this module."""
    predicted, true = classification.predicted, classification.true
    return {
        "images": np.ones(len(classification)),
        "right": classification.right,
        "top": in_top(classification),
        "hits": predicted & true,
        "predicted": predicted,
        "true": true,
        "either": predicted | true,
    }


def in_top(classification: Classification) -> NDArray[np.bool_]:
    """Return whether the true class is among the most probable ones, shape (N,)."""
    order = np.argsort(-classification.probabilities, axis=1, kind="stable")[:, :TOP]
    return any_of(np.take_along_axis(classification.true, order, axis=1))


def accuracy(sums: GroupSums) -> Estimate:
    """Return the share of images with the right labels."""
    return sums.share("right", "images")[0]


def top_accuracy(sums: GroupSums, classes: int, multilabel: bool) -> Estimate:
    """Return the share of images whose class is among the most probable ones.

    It is unknown where images may have several labels, or where all classes are among those. It is
    never below the accuracy, and neither is its interval.
    """
    if multilabel or classes <= TOP:
        return Estimate(None)
    top, least = sums.share("top", "images")[0], accuracy(sums)
    if top.interval is None or least.interval is None:
        return top
    return Estimate(top.value, (max(top.interval[0], least.interval[0]), top.interval[1]))


def balanced_accuracy(sums: GroupSums, multilabel: bool) -> Estimate:
    """Return the mean over classes of recall, or of recall and specificity for several labels.

    Classes without images are left out (Brodersen and others, ICPR 2010). Its variance is at least
    that of independent classes, as the variance of a class from one group can't be seen.
    """
    statistic = _mean_of_both if multilabel else _mean_recall
    present = int((sums.total["true"] > 0).sum())
    variances = sums.cautious(_recall, sums.groups["true"])
    least = float(np.nansum(variances)) / max(1, present) ** 2
    if multilabel:
        least /= 4
    return sums.estimate(statistic, sums.groups["images"], least)[0]


def per_class(
    sums: GroupSums, labels: Sequence[str], average_precision: Sequence[float | None] = ()
) -> tuple[ClassMetrics, ...]:
    """Return precision, recall and F1 of each class, with intervals."""
    groups = np.count_nonzero(sums.groups["true"], axis=0)
    precision, recall = sums.share("hits", "predicted"), sums.share("hits", "true")
    f1 = sums.estimate(_f1, sums.groups["either"])
    return tuple(
        ClassMetrics(
            label=label,
            images=int(sums.total["true"][0, column]),
            groups=int(groups[column]),
            answers=int(sums.total["predicted"][0, column]),
            precision=precision[column],
            recall=recall[column],
            f1=f1[column],
            average_precision=average_precision[column] if average_precision else None,
        )
        for column, label in enumerate(labels)
    )


def average_precisions(classification: Classification) -> list[float | None]:
    """Return the average precision of each label; None for a label that no image has.

    It needs no threshold, see `sklearn.metrics.average_precision_score`.
    """
    from sklearn.metrics import average_precision_score

    return [
        float(average_precision_score(true, scores)) if true.any() else None
        for true, scores in zip(classification.true.T, classification.probabilities.T, strict=True)
    ]


def confusion_matrix(classification: Classification) -> tuple[tuple[int, ...], ...]:
    """Return how often each class (row) was predicted as each class (column)."""
    classes = classification.true.shape[1]
    matrix = np.zeros((classes, classes), np.int64)
    if len(classification):
        cells = (classification.true.argmax(axis=1), classification.predicted.argmax(axis=1))
        np.add.at(matrix, cells, 1)
    return tuple(tuple(row) for row in matrix.tolist())


def most_common(classification: Classification, labels: Sequence[str]) -> tuple[str, float] | None:
    """Return the most common true label and its share, the accuracy of always predicting it."""
    if not len(classification):
        return None
    kinds, sizes = np.unique(classification.true, axis=0, return_counts=True)
    # The first label of equally common ones: kinds are sorted, and those of first labels last.
    row = len(sizes) - 1 - int(sizes[::-1].argmax())
    return join_labels(labels, kinds[row].tolist()), float(sizes[row] / len(classification))


def _recall(sums: Sums) -> Values:
    return ratio(sums["hits"], sums["true"])


def _f1(sums: Sums) -> Values:
    # Unknown, not 0, where a class was never predicted: there is no precision then.
    both = ratio(2 * sums["hits"], sums["predicted"] + sums["true"])
    return np.where((sums["predicted"] > 0) & (sums["true"] > 0), both, np.nan)


def _mean_recall(sums: Sums) -> Values:
    return _mean(_recall(sums))


def _mean_of_both(sums: Sums) -> Values:
    absent = sums["images"] - sums["true"]
    specificity = ratio(absent - (sums["predicted"] - sums["hits"]), absent)
    return _mean((_recall(sums) + specificity) / 2)


def _mean(values: Values) -> Values:
    """Return the mean of the known values over the last axis, shape (R, 1)."""
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0).sum(axis=1, keepdims=True), known.sum(1)[:, None])
