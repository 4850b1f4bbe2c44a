"""Predictions by confidence: which threshold ensures which precision, and which recall."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.intervals import Values
from autofocus.evaluation.predictions import Predictions, number
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.model.precision import PrecisionCurve, Z

# Number of steps from 0 to 1: the scores of another runtime differ by less than one.
_STEPS = 10_000

# From N predictions in order (which rows of all they are, and which are right) to the number of
# independent ones among the first n, for each n, shape (N,).
Effective = Callable[[NDArray[np.int64], NDArray[np.bool_]], Values]


def rankings(
    held_out: Predictions, labels: Sequence[str], temperature: float, effective: Effective
) -> "dict[str, Ranking]":
    """Return the predictions of each label, the most confident first.

    Args:
        held_out: images or sequences that were used neither for training nor for the test.
        labels: the C classes.
        temperature: what to divide the logits by.
        effective: how many of them are independent.
    """
    classification = held_out.classify(temperature)
    ranked = {}
    for column, label in enumerate(labels):
        # One of several labels is decided by itself; a single one must be the most probable.
        predicted = classification.predicted[:, column]
        rows = np.arange(len(held_out)) if held_out.multilabel else np.flatnonzero(predicted)
        true = classification.true[:, column]
        scores = classification.probabilities[rows, column]
        ranked[label] = Ranking.of(scores, true[rows], rows, np.flatnonzero(true), effective)
    return ranked


def by_sequence(held_out: Predictions) -> Effective:
    """Return how many images are independent: the effective number of sequences (Kish, 1965)."""
    sequences = held_out.sequence_numbers

    def effective(rows: NDArray[np.int64], right: NDArray[np.bool_]) -> Values:
        _, before = _before(sequences[rows], right)
        numbers: Values = np.arange(1, len(rows) + 1) ** 2.0 / np.cumsum(2 * before + 1)
        return numbers

    return effective


def by_group(held_out: Predictions) -> Effective:
    """Return how many sequences are independent, by how mistakes cluster in their groups.

    It is the number of independent sequences with the variance that the share of right ones has
    between groups. How strongly mistakes cluster can't be estimated from a few of them: it is
    drawn, with a weight of 1 / (1 + m) for m of the rarer outcome, towards the geometric mean of
    the number of sequences and the effective number of groups, which are its greatest and its
    least possible value.
    """
    groups = number(held_out.groups)[1]

    def effective(rows: NDArray[np.int64], right: NDArray[np.bool_]) -> Values:
        right_before, before = _before(groups[rows], right)
        numbers = np.arange(1, len(rows) + 1, dtype=np.float64)
        shares = np.cumsum(right) / numbers
        kinds = np.cumsum(before == 0)
        # The sums over groups of their squared sizes, of right times size, and of squared rights.
        sizes = np.cumsum(2 * before + 1)
        mixed = np.cumsum(right_before + right * (before + 1))
        rights = np.cumsum(right * (2 * right_before + 1))
        gaps = np.maximum(rights - 2 * shares * mixed + shares * shares * sizes, 0.0)
        variances = gaps / numbers**2 * kinds / np.maximum(kinds - 1, 1)
        spread = shares * (1 - shares)
        observed = np.where(
            variances > 0, np.minimum(numbers, spread / np.maximum(variances, 1e-12)), numbers
        )
        weights = 1 / (1 + numbers * np.minimum(shares, 1 - shares))
        middle = np.sqrt(numbers * (numbers**2 / sizes))
        drawn: Values = 1 / ((1 - weights) / np.maximum(observed, 1e-9) + weights / middle)
        return drawn

    return effective


def _before(
    units: NDArray[np.int64], right: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many right predictions, and how many at all, of its unit come before each one."""
    count = len(units)
    order = np.argsort(units, kind="stable")
    begins = np.flatnonzero(np.diff(units[order], prepend=-1))
    lengths = np.diff(begins, append=count)
    places = np.arange(count)
    rights: NDArray[np.int64] = np.cumsum(right[order]) - right[order]
    before, right_before = np.empty(count, np.int64), np.empty(count, np.int64)
    before[order] = places - np.repeat(begins, lengths)
    right_before[order] = rights - np.repeat(rights[begins], lengths)
    return right_before, before


@dataclass(frozen=True)
class Ranking:
    """N predictions, the most confident first.

    Attributes:
        steps: their scores in steps, falling, shape (N,).
        right: which are right, shape (N,).
        numbers: the number of independent ones among the first n, for each n, shape (N,).
        rows: which of the held-out predictions they are, shape (N,).
        positives: the number of images that have the label in truth, predicted or not.
        independent_positives: the number of independent ones among these.
    """

    steps: NDArray[np.int64]
    right: NDArray[np.bool_]
    numbers: Values
    rows: NDArray[np.int64]
    positives: int
    independent_positives: float

    @classmethod
    def of(
        cls,
        scores: Values,
        right: NDArray[np.bool_],
        rows: NDArray[np.int64],
        positives: NDArray[np.int64],
        effective: Effective,
    ) -> "Ranking":
        """Rank predictions by their scores.

        Args:
            scores: of N predictions, 0 to 1, shape (N,).
            right: which are right, shape (N,).
            rows: which of the held-out predictions they are, shape (N,).
            positives: those that have the label in truth.
            effective: how many of them are independent.
        """
        steps = np.floor(scores * _STEPS).astype(np.int64)
        order = np.argsort(-steps, kind="stable")
        truths = effective(positives, np.ones(len(positives), np.bool_))
        return cls(
            steps[order],
            right[order],
            effective(rows[order], right[order]),
            rows[order],
            len(positives),
            float(truths[-1]) if len(truths) else 0.0,
        )

    @classmethod
    def joined(cls, parts: "Sequence[Ranking]", effective: Effective) -> "Ranking":
        """Return the predictions of several labels as one ranking; without positives."""
        steps = np.concatenate([part.steps for part in parts])
        right = np.concatenate([part.right for part in parts])
        rows = np.concatenate([part.rows for part in parts])
        order = np.lexsort((rows, -steps))
        numbers = effective(rows[order], right[order])
        return cls(steps[order], right[order], numbers, rows[order], 0, 0.0)

    @property
    def _is_last(self) -> NDArray[np.bool_]:
        """Which predictions are the last of their step: a threshold accepts all of it or none."""
        is_last: NDArray[np.bool_] = np.diff(self.steps, append=-1) != 0
        return is_last

    def choose(self, settings: EvaluationSettings) -> float | None:
        """Return the threshold that reaches a target; None if none does."""
        if settings.target == "precision":
            return self.precision_curve().threshold(settings.value)
        rows = np.flatnonzero((self._lower_recalls() >= settings.value) & self._is_last)
        return float(self.steps[rows[0]] / _STEPS) if len(rows) else None

    def precision_curve(self) -> PrecisionCurve:
        """Return the thresholds below which none ensures the same precision."""
        shares = np.cumsum(self.right) / np.arange(1, len(self.right) + 1)
        ensured = _lower(shares, self.numbers)[self._is_last][::-1]
        best_so_far = np.maximum.accumulate(np.concatenate([[-np.inf], ensured]))[:-1]
        kept = ensured > best_so_far
        steps = self.steps[self._is_last][::-1][kept]
        without_mistake = self.numbers[self._is_last & (shares == 1)]
        return PrecisionCurve(
            tuple((steps / _STEPS).tolist()),
            tuple(ensured[kept].tolist()),
            int(without_mistake.max(initial=0)),
        )

    def _lower_recalls(self) -> Values:
        """Return the recall that each number of predictions ensures, shape (N,)."""
        if not self.positives:
            return np.zeros(len(self.right))
        images = np.full(len(self.right), self.independent_positives)
        return _lower(np.cumsum(self.right) / self.positives, images)


def _lower(shares: Values, numbers: Values) -> Values:
    """Return the lower ends of Wilson's one-sided intervals."""
    z2 = Z * Z
    half = Z * np.sqrt(shares * (1 - shares) / numbers + z2 / (4 * numbers * numbers))
    lower: Values = (shares + z2 / (2 * numbers) - half) / (1 + z2 / numbers)
    return lower
