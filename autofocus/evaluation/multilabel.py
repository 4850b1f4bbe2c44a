"""Figures for images that may have several labels."""

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.intervals import Values
from autofocus.evaluation.judged import Answers


def average_precisions(answers: Answers) -> list[float | None]:
    """Return each label's average precision: the mean over its images of the precision down to it.

    It needs no threshold: 1 if every image with the label is more probable than any without. Equal
    probabilities count together (Zhu, Recall, Precision and Average Precision, 2004, as
    scikit-learn has it). None for a label that no image has.
    """
    return [
        _average_precision(answers.probabilities[:, place], answers.there[:, place])
        for place in range(answers.there.shape[1])
    ]


def _average_precision(scores: Values, there: NDArray[np.bool_]) -> float | None:
    if not there.any():
        return None
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    is_last = np.diff(ordered, append=-np.inf) != 0
    found = np.cumsum(there[order])[is_last]
    precision = found / (np.flatnonzero(is_last) + 1)
    return float((np.diff(found, prepend=0) * precision).sum() / there.sum())
