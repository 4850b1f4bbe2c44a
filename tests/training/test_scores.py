"""Claims about the scores of a head on labelled images."""

import numpy as np
import pytest

from autofocus.model.head import Head
from autofocus.training.feature_rows import load
from autofocus.training.samples import Samples
from autofocus.training.scores import Measurement, Scores, calibrated_brier_score, score
from tests.training.blobs import blobs, nothing, one_hot, scores_of


def test_score_of_one_label() -> None:
    """Probabilities of 3/4 and 1/4 for the right class: half are right, entropy of their mean."""
    head = Head(np.array([[0, np.log(3)]], np.float32), np.zeros(2, np.float32))
    samples = Samples(
        np.ones((2, 1), np.float32), one_hot(np.array([1, 0]), 2), np.ones(2, np.float32)
    )
    scores = scores_of(head, samples)
    assert scores.accuracy == 0.5
    assert scores.cross_entropy == pytest.approx(-(np.log(0.75) + np.log(0.25)) / 2)


def test_score_of_several_labels_counts_exact_sets() -> None:
    """Answers (yes, yes) are right for the set of both labels, and wrong for one of them alone."""
    head = Head(np.full((1, 2), np.log(3), np.float32), np.zeros(2, np.float32), multilabel=True)
    targets = np.array([[1, 1], [1, 0]], np.float32)
    scores = scores_of(head, Samples(np.ones((2, 1), np.float32), targets, np.ones(2, np.float32)))
    assert scores.accuracy == 0.5
    assert scores.cross_entropy == pytest.approx(-(3 * np.log(0.75) + np.log(0.25)) / 4)


def test_without_images_there_are_no_scores() -> None:
    """An empty validation set gives no measurement and no keys in the history."""
    head = Head(np.zeros((3, 3), np.float32), np.zeros(3, np.float32))
    assert score(head, nothing()) is None
    row = Measurement(7, score(head, blobs()), score(head, nothing())).to_json()
    assert set(row) == {"step", "training_accuracy", "training_cross_entropy"}


def test_a_measurement_comes_back_from_json() -> None:
    """A checkpoint's history is the one that was saved, with and without validation."""
    for validation in (Scores(0.5, 1.25), None):
        measurement = Measurement(7, Scores(0.1, 2 / 3), validation)
        assert Measurement.from_json(measurement.to_json()) == measurement


@pytest.mark.parametrize("multilabel", [False, True])
def test_the_brier_score_is_that_of_calibrated_probabilities(multilabel: bool) -> None:
    """Logits of any scale have the same score, as one temperature calibrates them."""
    samples = blobs(60, spread=2)
    logits = (load(samples.features) - 1).astype(np.float32)
    once, twice = (
        calibrated_brier_score(logits * factor, samples, multilabel=multilabel)
        for factor in (np.float32(1), np.float32(2))
    )
    assert once == pytest.approx(twice, rel=1e-3)
    assert 0 < once < 2
