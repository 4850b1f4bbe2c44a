"""Claims about decisions by sequence, with figures worked out by hand.

Fourteen independent right predictions ensure a precision of 95 %.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.rankings import by_group
from autofocus.evaluation.rules import fit_rules
from autofocus.evaluation.sequence_rules import (
    SequenceRules,
    fit_sequence_rules,
    fit_vote_temperature,
)
from autofocus.evaluation.sequences import sequence_metrics
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.votes import Votes
from tests.evaluation.making import made

SETTINGS = EvaluationSettings(resamples=100)


def sequences(
    shares: Sequence[Sequence[float]], true: Sequence[int], frames: int = 3, *, places: int = 0
) -> Predictions:
    """Make sequences of frames that are all alike, each of its own group or of so many places."""
    rows = [share for share in shares for _ in range(frames)]
    names = [f"s{number}" for number in range(len(shares)) for _ in range(frames)]
    groups = [f"p{int(name[1:]) % places}" for name in names] if places else names
    classes = [one for one in true for _ in range(frames)]
    return made(rows, classes, sequences=names, groups=groups)


def chosen(predictions: Predictions, labels: str = "ab") -> SequenceRules:
    rules = fit_sequence_rules(predictions, labels, 1.0, SETTINGS, "validation")
    assert rules is not None
    return rules


def test_a_sequence_counts_once() -> None:
    """Thirteen right sequences are too few for a threshold, however many frames they have."""
    assert chosen(sequences([[0.9, 0.1]] * 13, [0] * 13, frames=9)).thresholds["a"] is None
    rules = replace(chosen(sequences([[0.9, 0.1]] * 14, [0] * 14)), temperature=1.0)
    assert rules.thresholds["a"] == pytest.approx(0.9, abs=1e-4)
    assert rules.curves["a"].right == 14


def test_labels_that_lack_sequences_share_a_threshold() -> None:
    """Seven right sequences of each of two labels are fourteen; a third label has its own."""
    shares = [[0.8, 0.1, 0.1]] * 14 + [[0.05, 0.9, 0.05]] * 7 + [[0.05, 0.05, 0.9]] * 7
    rules = chosen(sequences(shares, [0] * 14 + [1] * 7 + [2] * 7, frames=1), "abc")
    assert rules.thresholds == pytest.approx({"a": 0.8, "b": 0.9, "c": 0.9}, abs=1e-3)
    assert rules.shared == ("b", "c")
    assert [rules.curves[label].right for label in "abc"] == [14, 7, 7]
    alone = chosen(sequences(shares[:21], [0] * 14 + [1] * 7, frames=1), "abc")
    assert alone.thresholds["b"] is None
    assert alone.shared == ()


def test_mistakes_of_others_raise_a_shared_threshold() -> None:
    """A label that is often wrong keeps those that share a threshold with it from low scores."""
    shares = [[0.9, 0.1]] * 12 + [[0.1, 0.9]] * 12 + [[0.3, 0.7]] * 6
    rules = chosen(sequences(shares, [0] * 12 + [1] * 12 + [0] * 6, frames=1))
    assert rules.thresholds == pytest.approx({"a": 0.9, "b": 0.9}, abs=1e-3)


def test_sequences_of_one_location_count_less() -> None:
    """Without a mistake, sixteen sequences of four locations count as the geometric mean: 8."""
    predictions = Votes.of(sequences([[0.9, 0.1]] * 16, [0] * 16, places=4), 1.0, None)
    effective = by_group(predictions.predictions(1.0))
    right = np.ones(16, bool)
    assert effective(np.arange(16), right)[-1] == pytest.approx(8.0)
    alone = by_group(Votes.of(sequences([[0.9, 0.1]] * 16, [0] * 16), 1.0, None).predictions(1.0))
    assert alone(np.arange(16), right).tolist() == pytest.approx(np.arange(1, 17).tolist())


def test_mistakes_that_cluster_leave_fewer_sequences() -> None:
    """Eight mistakes at one of four locations are worth less than two at each."""
    groups = [f"p{number % 4}" for number in range(32)]
    effective = by_group(made([[0.9, 0.1]] * 32, [0] * 32, groups=groups))
    clustered, even = np.arange(32) % 4 != 0, np.arange(32) % 16 > 3
    assert effective(np.arange(32), clustered)[-1] < effective(np.arange(32), even)[-1] / 4


def test_votes_that_are_underconfident_are_sharpened() -> None:
    """The mean of a sure frame and an unsure one is 70 %, and is right nine times of ten."""
    shares = [[0.9, 0.1], [0.5, 0.5]] * 100
    true = [0 if number % 10 else 1 for number in range(100) for _ in range(2)]
    names = [f"s{number}" for number in range(100) for _ in range(2)]
    votes = Votes.of(made(shares, true, sequences=names, groups=names), 1.0, None)
    temperature = fit_vote_temperature(votes)
    assert votes.predictions(temperature).probabilities()[0, 0] == pytest.approx(0.9, abs=0.02)


def test_a_few_votes_that_are_surely_wrong_do_not_shake_the_others() -> None:
    """Where 17 of 20 votes of 90 % are right, one of 20 of 1e-6 leaves them where they are."""
    shares = [[0.9, 0.1]] * 19 + [[1 - 1e-6, 1e-6]]
    true = [0] * 17 + [1] * 3
    predictions = sequences(shares * 10, true * 10, frames=2)
    votes = Votes.of(predictions, 1.0, None)
    temperature = fit_vote_temperature(votes)
    assert votes.predictions(temperature).probabilities()[0, 0] > 0.85


def test_votes_that_are_calibrated_stay() -> None:
    """Where seven of ten votes of 70 % are right, or sequences are few, nothing is changed."""
    true = [0 if number % 10 < 7 else 1 for number in range(100)]
    votes = Votes.of(sequences([[0.7, 0.3]] * 100, true, frames=2), 1.0, None)
    assert fit_vote_temperature(votes) == pytest.approx(1.0, abs=0.1)
    few = Votes.of(sequences([[0.7, 0.3]] * 10, [0] * 10, frames=2), 1.0, None)
    assert fit_vote_temperature(few) == 1.0


def test_single_images_keep_their_probability() -> None:
    """The temperature of votes is for sequences of several images."""
    votes = Votes.of(sequences([[0.7, 0.3]], [0], frames=1), 1.0, None)
    assert votes.predictions(0.2).probabilities()[0].tolist() == pytest.approx([0.7, 0.3])


def test_what_accepting_sequences_spares() -> None:
    """Of four sequences two are accepted, one of them wrong, with four of eight images."""
    shares = [[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]
    test = sequences(shares, [0, 1, 0, 1], frames=2)
    rules = SequenceRules(1.0, {"a": 0.8, "b": None}, {}, (), "validation")
    metrics = sequence_metrics(test, 1.0, SETTINGS, "ab", rules)
    assert metrics is not None
    assert metrics.thresholds is not None
    accepted = metrics.thresholds.spared
    assert (accepted.images, accepted.right) == (2, 1)
    assert (accepted.share.value, metrics.spared_images.value) == (0.5, 0.5)
    assert metrics.calibration is not None
    assert metrics.calibration.after.expected_calibration_error == pytest.approx(0.35)


def test_unknown_sequences_are_reviewed() -> None:
    """A sequence of which half lies far from all training images is not accepted."""
    test = sequences([[0.9, 0.1], [0.9, 0.1]], [0, 0], frames=2)
    far = replace(test, unknown=np.array([True, False, False, False]))
    rules = SequenceRules(1.0, {"a": 0.8, "b": 0.8}, {}, (), "validation")
    for predictions, accepted in ((test, 2), (far, 1)):
        metrics = sequence_metrics(predictions, 1.0, SETTINGS, "ab", rules)
        assert metrics is not None
        assert metrics.thresholds is not None
        assert metrics.thresholds.spared.images == accepted


def test_several_labels_are_decided_by_sequence() -> None:
    """Each label has a threshold of its own, also below a half."""
    names = [f"s{number}" for number in range(60) for _ in range(2)]
    held_out = made(
        [[0.45, 0.9]] * 120, [[0, 1]] * 120, sequences=names, groups=names, multilabel=True
    )
    rules = fit_rules(held_out, "validation", "ab", SETTINGS).sequences
    assert rules is not None
    assert rules.thresholds["a"] is not None
    assert rules.thresholds["b"] is not None


def test_without_sequences_nothing_is_decided_by_them() -> None:
    """Where no sequence is known, and of no images, there is no such rules."""
    for held_out in (made([[0.9, 0.1]] * 3, [0] * 3), made(np.zeros((0, 2)), [])):
        assert fit_rules(held_out, "validation", "ab", SETTINGS).sequences is None
