"""Claims about the votes of sequences that heads are chosen by."""

import numpy as np
import pytest

from autofocus.evaluation.temperature import to_probabilities
from autofocus.model.vote import sequence_means
from autofocus.training.votes import Votes


def test_the_means_are_those_of_the_model() -> None:
    """Sequences in any order have the weighted means that a prediction has."""
    random = np.random.default_rng(0)
    sequences = random.integers(7, size=50)
    weights, values = random.uniform(0.1, 1, 50), random.random((50, 3))
    means = Votes(sequences, weights).means(values)
    np.testing.assert_allclose(means, sequence_means(values, sequences, weights))


def test_an_image_of_no_sequence_is_one_of_its_own() -> None:
    """Of five images, two of them in one sequence, there are four votes."""
    votes = Votes.of(["a", "", "a", "", "b"], None)
    assert votes.sequences.tolist() == [0, 1, 0, 2, 3]
    assert len(votes.means(np.ones((5, 2)))) == 4


def test_a_weighted_vote_overrules_frames_without_a_box() -> None:
    """One frame with a box against three without: the vote is wrong unless weights count."""
    logits = np.array([[2, 0], [0, 1], [0, 1], [0, 1]], np.float32)
    targets = np.tile(np.array([[1, 0]], np.float32), (4, 1))
    names = ["a"] * 4
    equal = Votes.of(names, None).scores(logits, targets, multilabel=False)
    weighted = Votes.of(names, np.array([1.1, 0.1, 0.1, 0.1])).scores(
        logits, targets, multilabel=False
    )
    assert (equal.accuracy, weighted.accuracy) == (0.0, 1.0)
    assert weighted.brier_score < equal.brier_score


@pytest.mark.parametrize("multilabel", [False, True])
def test_the_brier_score_is_that_of_the_best_temperature(multilabel: bool) -> None:
    """Logits that are divided by 20, as strong regularisation does, are scored the same."""
    random = np.random.default_rng(1)
    targets = np.eye(3, dtype=np.float32)[random.integers(3, size=60)]
    logits = (2 * targets + random.normal(0, 1, (60, 3))).astype(np.float32)
    votes = Votes(np.arange(60) // 2, np.ones(60))
    plain, divided = (
        votes.scores(each, targets, multilabel=multilabel).brier_score
        for each in (logits, (logits / 20).astype(np.float32))
    )
    assert divided == pytest.approx(plain, abs=2e-3)
    raw = votes.means(to_probabilities(logits / 20, multilabel=multilabel))
    assert plain < np.square(raw - votes.means(targets)).sum(axis=1).mean()
