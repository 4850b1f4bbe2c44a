"""The vote of a sequence: the mean of its images' probabilities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import Tally
from autofocus.evaluation.intervals import Values
from autofocus.evaluation.judged import EVEN, Answers, Asked, Judged, any_of

_TOLERANCE = 1e-9


def describe(test: Judged, temperature: float, asked: Asked) -> dict[str, Any] | None:
    """Return how often the vote of a sequence is right; None where no sequence is known.

    An image of no known sequence is one of its own. What a sequence shows is the label of most of
    its images; of equally many, any will do. Where images may have several labels, it is all that
    at least half of them have.

    Args:
        test: N images.
        temperature: what to divide their logits by.
        asked: how many resamples intervals are from.
    """
    if not any(test.sequences):
        return None
    bursts, answers = test.bursts, Answers.of(test, temperature)
    shares = _means(answers.there.astype(np.float64), bursts)
    shown = _shown(shares, multilabel=test.multilabel)
    voted = Answers.read(_means(answers.probabilities, bursts), shown, test.multilabel)
    by_image = ~any_of(voted.given[bursts] != answers.there)
    columns: dict[str, NDArray[Any]] = {
        "sequences": np.ones(len(voted)),
        "right": voted.right if test.multilabel else any_of(voted.given & voted.there),
        "images": np.bincount(bursts),
        "images_right": np.bincount(bursts, by_image),
    }
    tally = Tally.of(columns, _groups(test, bursts), asked.resamples, asked.seed)
    return {
        "sequences": len(voted),
        "images": len(test),
        "mixed": int(((shares > 0) & (shares < 1)).any(axis=1).sum()),
        **tally.share("right", "sequences")[0].to_json("accuracy"),
        **tally.share("images_right", "images")[0].to_json("voted_image_accuracy"),
    }


def _means(values: Values, bursts: NDArray[np.int64]) -> Values:
    """Return the mean over each sequence, shape (S, C), of values of shape (N, C)."""
    order = np.argsort(bursts, kind="stable")
    begins = np.flatnonzero(np.diff(bursts[order], prepend=-1))
    means: Values = np.add.reduceat(values[order], begins, axis=0)
    return means / np.bincount(bursts)[:, None]


def _shown(shares: Values, *, multilabel: bool) -> NDArray[np.bool_]:
    """Return which labels a sequence shows, shape (S, C), by the share of its images with them."""
    least = EVEN if multilabel else shares.max(axis=1, keepdims=True)
    shown: NDArray[np.bool_] = shares >= least - _TOLERANCE
    return shown


def _groups(test: Judged, bursts: NDArray[np.int64]) -> list[str]:
    """Return the group of each sequence: the first by name, should it have several."""
    groups: dict[int, str] = {}
    for burst, group in zip(bursts.tolist(), test.groups, strict=True):
        groups[burst] = min(group, groups.get(burst, group))
    return [groups[burst] for burst in range(len(groups))]
