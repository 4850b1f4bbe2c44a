"""Missed animals: images that are predicted empty and are not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.metrics import AnimalScoreMetrics, EmptyMetrics
from autofocus.evaluation.predictions import Classification, any_of
from autofocus.labels.kinds import matching_labels


def columns(
    classification: Classification, labels: Sequence[str], empty: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Return the columns to sum over images.

    An image is predicted empty if its predicted labels are all empty ones; it shows something if
    it has any other label in truth.
    """
    known = matching_labels(labels, empty)
    others = np.array([label not in known for label in labels], bool)
    called = any_of(classification.predicted) & ~any_of(classification.predicted[:, others])
    shown = any_of(classification.true[:, others])
    return {"called": called, "shown": shown, "missed": called & shown}


def empty_metrics(
    sums: GroupSums,
    labels: Sequence[str],
    empty: Sequence[str],
    scores: AnimalScoreMetrics | None = None,
) -> EmptyMetrics | None:
    """Return how often images that are predicted empty are not; None without empty labels.

    Args:
        sums: of `columns`.
        labels: the C classes.
        empty: labels of images that show nothing, in any spelling.
        scores: how well the animal score does, if there is one.
    """
    known = matching_labels(labels, empty)
    if not known:
        return None
    return EmptyMetrics(
        labels=known,
        called=int(sums.total["called"][0, 0]),
        missed=int(sums.total["missed"][0, 0]),
        miss_rate=sums.share("missed", "called")[0],
        shown=int(sums.total["shown"][0, 0]),
        lost_share=sums.share("missed", "shown")[0],
        scores=scores,
    )
