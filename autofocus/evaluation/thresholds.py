"""From which probability on an answer need not be looked at by a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import Tally
from autofocus.evaluation.intervals import Values
from autofocus.evaluation.judged import EVEN, Answers, Asked, Judged, any_of

# The 80 % quantile of the normal distribution: four of five thresholds keep what they promise.
_SURE = 0.8416212335729143
# Thresholds have so many steps in 1: a model in another runtime differs by less.
_STEPS = 10_000

Thresholds = Mapping[str, float | None]


def choose_thresholds(
    validation: Judged, labels: Sequence[str], temperature: float, asked: Asked
) -> dict[str, float | None]:
    """Choose each label's threshold on the validation part; None where none can be relied on.

    For a precision it is the lowest probability from which on the label's answers are right often
    enough; for a recall the highest from which on enough of its images are found. Often enough
    means with the lower end of Wilson's one-sided 80 % interval, at the effective number (Kish,
    1965) of the sequences that count: the lowest threshold that happens to do on a few images
    would not do on the next.

    Args:
        validation: images that neither the classifier nor the test has seen.
        labels: of the C classes.
        temperature: what to divide the logits by.
        asked: what is to be reached.
    """
    answers = Answers.of(validation, temperature)
    bursts = validation.bursts
    chosen: dict[str, float | None] = {}
    for place, label in enumerate(labels):
        # A label that is one of several stands for itself; else it must be the most probable one.
        is_one = slice(None) if validation.multilabel else answers.given[:, place]
        chosen[label] = _choose(
            answers.probabilities[is_one, place],
            answers.there[is_one, place],
            bursts[is_one],
            _Wanted(asked, bursts[answers.there[:, place]]),
        )
    return chosen


@dataclass(frozen=True)
class _Wanted:
    """What a threshold has to reach.

    Attributes:
        asked: precision or recall, and how much.
        own: the sequence of each image that has the label in truth.
    """

    asked: Asked
    own: NDArray[np.int64]

    def reached(self, right: NDArray[np.bool_], bursts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell of each number of answers, the surest first, whether they reach it, shape (N,)."""
        found = np.cumsum(right)
        if self.asked.target == "precision":
            given = np.arange(1, len(right) + 1)
            return _lower(found / given, _effective(bursts)) >= self.asked.value
        if not len(self.own):
            return np.zeros(len(right), bool)
        images = np.full(len(right), _effective(self.own)[-1])
        return _lower(found / len(self.own), images) >= self.asked.value


def _choose(
    scores: Values, right: NDArray[np.bool_], bursts: NDArray[np.int64], wanted: _Wanted
) -> float | None:
    steps = np.floor(scores * _STEPS).astype(np.int64)
    order = np.argsort(-steps, kind="stable")
    steps = steps[order]
    reached = wanted.reached(right[order], bursts[order])
    # A threshold takes all answers of its step or none.
    is_last = np.diff(steps, append=-1) != 0
    places = np.flatnonzero(reached & is_last)
    if not len(places):
        return None
    place = places[-1] if wanted.asked.target == "precision" else places[0]
    return float(steps[place] / _STEPS)


def _lower(shares: Values, numbers: Values) -> Values:
    """Return the lower ends of Wilson's one-sided intervals."""
    z2 = _SURE * _SURE
    half = _SURE * np.sqrt(shares * (1 - shares) / numbers + z2 / (4 * numbers * numbers))
    lower: Values = (shares + z2 / (2 * numbers) - half) / (1 + z2 / numbers)
    return lower


def _effective(bursts: NDArray[np.int64]) -> Values:
    """Return the effective number of sequences among the first images, for each number of them."""
    count = len(bursts)
    order = np.argsort(bursts, kind="stable")
    begins = np.flatnonzero(np.diff(bursts[order], prepend=-1))
    lengths = np.diff(begins, append=count)
    before = np.empty(count)
    before[order] = np.arange(count) - np.repeat(begins, lengths)
    numbers = np.arange(1, count + 1)
    effective: Values = numbers.astype(np.float64) ** 2 / np.cumsum(2 * before + 1)
    return effective


@dataclass(frozen=True)
class Decisions:
    """What a person is spared, by thresholds.

    Attributes:
        sure: which of an image's labels reach their thresholds, shape (N, C).
        spared: which images have nothing but such labels, shape (N,): nobody need look.
        right: which of them have exactly the labels that they are given, shape (N,).
    """

    sure: NDArray[np.bool_]
    spared: NDArray[np.bool_]
    right: NDArray[np.bool_]

    @classmethod
    def of(
        cls, answers: Answers, labels: Sequence[str], thresholds: Thresholds, multilabel: bool
    ) -> "Decisions":
        """Decide as `predict` does: a label without a threshold always wants a look."""
        values = [thresholds.get(label) for label in labels]
        known = np.array([np.inf if value is None else value for value in values])
        given = answers.given
        if multilabel:
            given = answers.probabilities >= np.where(np.isfinite(known), known, EVEN)
        sure = given & (answers.probabilities >= known)
        spared = any_of(given) & ~any_of(sure != given)
        return cls(sure, spared, spared & ~any_of(given != answers.there))

    def columns(self, answers: Answers) -> dict[str, NDArray[Any]]:
        """Return what is summed up over images."""
        return {
            "sure": self.sure,
            "sure_hits": self.sure & answers.there,
            "spared": self.spared,
            "spared_right": self.right,
        }


def describe(
    tally: Tally, labels: Sequence[str], thresholds: Thresholds, asked: Asked, fitted_on: str
) -> dict[str, Any]:
    """Return what the thresholds come to on images that they were not chosen on."""
    precision, recall = tally.share("sure_hits", "sure"), tally.share("sure_hits", "there")
    rows = [
        {
            "label": label,
            "threshold": thresholds.get(label),
            "test_images": int(tally.all["sure"][0, place]),
            **precision[place].to_json("test_precision"),
            **recall[place].to_json("test_recall"),
        }
        for place, label in enumerate(labels)
    ]
    return {
        "target": asked.target,
        "value": asked.value,
        "fitted_on": fitted_on,
        "per_class": rows,
        "spared": {
            "images": int(tally.all["spared"][0, 0]),
            **tally.share("spared", "images")[0].to_json("share"),
            "right": int(tally.all["spared_right"][0, 0]),
            **tally.share("spared_right", "spared")[0].to_json("precision"),
        },
    }
