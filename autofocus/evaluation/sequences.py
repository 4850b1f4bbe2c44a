"""Accuracy by sequence: the weighted mean of its images' probabilities votes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.intervals import Values
from autofocus.evaluation.metrics import SequenceMetrics
from autofocus.evaluation.predictions import Predictions, any_of, classify
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.model.decision import DEFAULT_THRESHOLD
from autofocus.model.vote import sequence_means, vote_weights

_TOLERANCE = 1e-9


def sequence_metrics(
    test: Predictions, temperature: float, settings: EvaluationSettings
) -> SequenceMetrics | None:
    """Return how often the vote of a sequence is right; None if no sequence is known.

    An image of no known sequence is one of its own. The true label of a sequence is that of most
    of its images; of equally many, any is right. Where images may have several labels, it is all
    that at least half of them have.

    Args:
        test: N images.
        temperature: what to divide their logits by.
        settings: the number of resamples for intervals, and the floor of the votes' weights.
    """
    if not any(test.sequences):
        return None
    sequences, true = test.sequence_numbers, test.true
    shares = sequence_means(true.astype(np.float64), sequences)
    weights = vote_weights(test.box_scores, settings.vote_floor)
    means = sequence_means(test.probabilities(temperature), sequences, weights)
    voted = classify(means, _shown(shares, multilabel=test.multilabel), test.multilabel)
    by_image = ~any_of(voted.predicted[sequences] != true)
    columns: dict[str, NDArray[Any]] = {
        "sequences": np.ones(len(voted)),
        "right": voted.right if test.multilabel else any_of(voted.predicted & voted.true),
        "images": np.bincount(sequences),
        "images_right": np.bincount(sequences, by_image),
    }
    groups = _groups(test, sequences)
    sums = GroupSums.from_columns(columns, groups, settings.resamples, settings.seed)
    return SequenceMetrics(
        sequences=len(voted),
        images=len(test),
        mixed=int(((shares > 0) & (shares < 1)).any(axis=1).sum()),
        accuracy=sums.share("right", "sequences")[0],
        voted_image_accuracy=sums.share("images_right", "images")[0],
    )


def _shown(shares: Values, *, multilabel: bool) -> NDArray[np.bool_]:
    """Return the labels of a sequence, shape (S, C), by the share of its images with them."""
    least = DEFAULT_THRESHOLD if multilabel else shares.max(axis=1, keepdims=True)
    shown: NDArray[np.bool_] = shares >= least - _TOLERANCE
    return shown


def _groups(test: Predictions, sequences: NDArray[np.int64]) -> list[str]:
    """Return the group of each sequence: the first by name, should it have several."""
    groups: dict[int, str] = {}
    for sequence, group in zip(sequences.tolist(), test.groups, strict=True):
        groups[sequence] = min(group, groups.get(sequence, group))
    return [groups[sequence] for sequence in range(len(groups))]
