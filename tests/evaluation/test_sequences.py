"""Claims about the vote of a sequence."""

from dataclasses import replace

import numpy as np
import pytest

from autofocus.evaluation.metrics import SequenceMetrics
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.sequences import sequence_metrics
from autofocus.evaluation.settings import EvaluationSettings
from tests.evaluation.making import made

ASKED = EvaluationSettings(resamples=100)


def described(predictions: Predictions, temperature: float = 1.0) -> SequenceMetrics:
    figures = sequence_metrics(predictions, temperature, ASKED)
    assert figures is not None
    return figures


def test_the_mean_of_probabilities_decides() -> None:
    """One frame that is 90 % sure outvotes two that are 40 % sure: 0.5 against 0.4 on average.

    By image one of three is right; by its sequence's vote each is.
    """
    shares = [[0.9, 0.1], [0.4, 0.6], [0.4, 0.6]]
    figures = described(made(shares, [0, 0, 0], sequences=["s"] * 3))
    assert (figures.sequences, figures.images) == (1, 3)
    assert (figures.accuracy.value, figures.voted_image_accuracy.value) == (1.0, 1.0)


def test_lone_images_vote_for_themselves() -> None:
    """Of one known sequence and two images of none, there are three, of which two are right."""
    shares = [[0.9, 0.1], [0.8, 0.2], [0.9, 0.1], [0.9, 0.1]]
    figures = described(made(shares, [0, 0, 1, 0], sequences=["s", "s", "", ""]))
    assert figures.sequences == 3
    assert figures.accuracy.value == pytest.approx(2 / 3)
    assert figures.voted_image_accuracy.value == 0.75


def test_a_mixed_sequence_shows_what_most_of_it_shows() -> None:
    """Of a sequence with two frames of a and one of b, answered a, one frame is wrong."""
    figures = described(made([[0.9, 0.1]] * 3, [0, 0, 1], sequences=["s"] * 3))
    assert (figures.mixed, figures.accuracy.value) == (1, 1.0)
    assert figures.voted_image_accuracy.value == pytest.approx(2 / 3)


def test_of_equally_many_any_label_will_do() -> None:
    """A sequence with one frame of each of two classes is right by either and by no third."""
    for share, right in (([0.8, 0.1, 0.1], 1.0), ([0.1, 0.8, 0.1], 1.0), ([0.1, 0.1, 0.8], 0.0)):
        predictions = made([share] * 2, [0, 1], sequences=["s", "s"])
        assert described(predictions).accuracy.value == right


def test_several_labels_are_those_of_half_the_frames() -> None:
    """A label in two of four frames is the sequence's, one in a single frame isn't."""
    shares = [[0.9, 0.6, 0.1]] * 4
    true = [[0, 1, 2], [0, 1], [0], [0]]
    predictions = made(shares, true, sequences=["s"] * 4, multilabel=True)
    assert described(predictions).accuracy.value == 1.0
    assert described(predictions).voted_image_accuracy.value == 0.25


def test_the_temperature_changes_the_vote() -> None:
    """Of an almost certain frame and two of 60 % for another class, the softened one loses."""
    predictions = made([[0.999, 0.001], [0.2, 0.8], [0.2, 0.8]], [1] * 3, sequences=["s"] * 3)
    assert described(predictions).accuracy.value == 1.0
    sharp = made([[0.9999, 0.0001], [0.3, 0.7], [0.3, 0.7]], [0] * 3, sequences=["s"] * 3)
    assert described(sharp).accuracy.value == 1.0
    assert described(sharp, 0.2).accuracy.value == 0.0


def test_without_known_sequences_there_is_no_vote() -> None:
    """Where no photograph has a moment, nothing is claimed of sequences."""
    assert sequence_metrics(made([[0.9, 0.1]], [0]), 1.0, ASKED) is None


def test_sequences_are_drawn_with_their_group() -> None:
    """All sequences of one place give no interval for others."""
    predictions = made([[0.9, 0.1]] * 2, [0, 0], sequences=["s", "t"], groups=["x", "x"])
    assert described(predictions).accuracy.interval is None


def test_frames_with_a_box_outvote_frames_without() -> None:
    """With a floor, the one frame of three in which something was found decides."""
    shares = [[0.9, 0.1], [0.2, 0.8], [0.2, 0.8]]
    predictions = made(shares, [0, 0, 0], sequences=["s"] * 3)
    found = replace(predictions, box_scores=np.array([0.8, 0.0, 0.0]))
    for floor, right in ((None, 0.0), (0.1, 1.0)):
        metrics = sequence_metrics(found, 1.0, replace(ASKED, vote_floor=floor))
        assert metrics is not None
        assert metrics.accuracy.value == right
