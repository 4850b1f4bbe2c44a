"""Right and wrong answers, counted."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import Estimate, Sums, Tally, ratio
from autofocus.evaluation.intervals import Values
from autofocus.evaluation.judged import Answers, any_of, join

# An answer among so many may be of use to a person who corrects labels.
TOP = 3


def columns(answers: Answers) -> dict[str, NDArray[Any]]:
    """Return what is summed up over images for all figures of this module."""
    return {
        "images": np.ones(len(answers)),
        "right": answers.right,
        "top": in_top(answers),
        "hits": answers.given & answers.there,
        "given": answers.given,
        "there": answers.there,
        "either": answers.given | answers.there,
    }


def in_top(answers: Answers) -> NDArray[np.bool_]:
    """Return whether the true class is among the most probable ones, shape (N,)."""
    order = np.argsort(-answers.probabilities, axis=1, kind="stable")[:, :TOP]
    return any_of(np.take_along_axis(answers.there, order, axis=1))


def accuracy(tally: Tally) -> Estimate:
    """Return the share of images with the right answer."""
    return tally.share("right", "images")[0]


def top_accuracy(tally: Tally, classes: int, multilabel: bool) -> Estimate:
    """Return the share of images whose class is among the most probable ones.

    It is unknown where images may have several labels, or where all classes are among those. It is
    never less than the accuracy, and so is its interval.
    """
    if multilabel or classes <= TOP:
        return Estimate(None, None)
    own, least = tally.share("top", "images")[0], accuracy(tally)
    if own.interval is None or least.interval is None:
        return own
    return Estimate(own.value, (max(own.interval[0], least.interval[0]), own.interval[1]))


def balanced_accuracy(tally: Tally, multilabel: bool) -> Estimate:
    """Return the mean over classes of recall, or of recall and specificity for several labels.

    Classes without images are left out (Brodersen and others, ICPR 2010). Its variance is at least
    that of independent classes, as a class that one group has can't be seen to vary.
    """
    figure = _mean_of_both if multilabel else _mean_recall
    present = int((tally.all["there"] > 0).sum())
    variances = tally.cautious(_recall, tally.groups["there"])
    least = float(np.nansum(variances)) / max(1, present) ** 2
    if multilabel:
        least /= 4
    return tally.estimate(figure, tally.groups["images"], least)[0]


def per_class(tally: Tally, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return precision, recall and F1 of each class, with intervals."""
    groups = np.count_nonzero(tally.groups["there"], axis=0)
    precision, recall = tally.share("hits", "given"), tally.share("hits", "there")
    harmonic = tally.estimate(_f1, tally.groups["either"])
    return [
        {
            "label": label,
            "images": int(tally.all["there"][0, place]),
            "groups": int(groups[place]),
            "answers": int(tally.all["given"][0, place]),
            **precision[place].to_json("precision"),
            **recall[place].to_json("recall"),
            **harmonic[place].to_json("f1"),
        }
        for place, label in enumerate(labels)
    ]


def confusion_matrix(answers: Answers) -> list[list[int]]:
    """Return how often each class (row) was given each answer (column)."""
    classes = answers.there.shape[1]
    matrix = np.zeros((classes, classes), np.int64)
    if len(answers):
        np.add.at(matrix, (answers.there.argmax(axis=1), answers.given.argmax(axis=1)), 1)
    rows: list[list[int]] = matrix.tolist()
    return rows


def most_common(answers: Answers, labels: Sequence[str]) -> list[Any] | None:
    """Return the most common answer in truth, and its share: what always giving it would score."""
    if not len(answers):
        return None
    kinds, sizes = np.unique(answers.there, axis=0, return_counts=True)
    # The first label of equally common ones: kinds are sorted, and those of first labels last.
    place = len(sizes) - 1 - int(sizes[::-1].argmax())
    return [join(labels, kinds[place].tolist()), float(sizes[place] / len(answers))]


def _recall(sums: Sums) -> Values:
    return ratio(sums["hits"], sums["there"])


def _f1(sums: Sums) -> Values:
    # None, not 0, where a class was never answered: there is no precision then.
    both = ratio(2 * sums["hits"], sums["given"] + sums["there"])
    return np.where((sums["given"] > 0) & (sums["there"] > 0), both, np.nan)


def _mean_recall(sums: Sums) -> Values:
    return _mean(_recall(sums))


def _mean_of_both(sums: Sums) -> Values:
    absent = sums["images"] - sums["there"]
    specificity = ratio(absent - (sums["given"] - sums["hits"]), absent)
    return _mean((_recall(sums) + specificity) / 2)


def _mean(values: Values) -> Values:
    """Return the mean of what is known over the last axis, shape (R, 1)."""
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0).sum(axis=1, keepdims=True), known.sum(1)[:, None])
