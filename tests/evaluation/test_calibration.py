"""Claims about calibration, with figures worked out by hand."""

import numpy as np
import pytest

from autofocus.evaluation.calibration import BINS, Calibration, calibrate, reliability
from tests.evaluation.making import made, read


def test_reliability_is_confidence_against_accuracy() -> None:
    """Four answers of 90 %, of which two are right, and one of 60 %, which is right.

    The gaps are 0.4 and 0.4, of four and one images: the error is 0.4.
    """
    probabilities = [[0.9, 0.1]] * 4 + [[0.4, 0.6]]
    figures = reliability(read(made(probabilities, [0, 0, 1, 1, 1])), multilabel=False)
    assert figures.expected_calibration_error == pytest.approx(0.4)
    filled = [row for row in figures.bins if row.images]
    assert [(row.images, row.accuracy) for row in filled] == [(1, 1.0), (4, 0.5)]
    assert [row.confidence for row in filled] == pytest.approx([0.6, 0.9])
    assert all(row.low <= (row.confidence or 0) < row.high for row in filled)


def test_gaps_count_by_their_images() -> None:
    """Three answers of 90 % that are right and one of 60 % that is wrong: (3 * 0.1 + 0.6) / 4."""
    probabilities = [[0.9, 0.1]] * 3 + [[0.6, 0.4]]
    figures = reliability(read(made(probabilities, [0, 0, 0, 1])), multilabel=False)
    assert figures.expected_calibration_error == pytest.approx(0.225)


def test_every_label_counts_where_there_may_be_several() -> None:
    """Labels at 80 %, there, and at 10 %, not there, are off by 0.2 and 0.1."""
    figures = reliability(read(made([[0.8, 0.1]], [[0]], multilabel=True)), multilabel=True)
    assert figures.expected_calibration_error == pytest.approx(0.15)
    assert sum(row.images for row in figures.bins) == 2


def test_certainty_falls_into_the_last_bin() -> None:
    """A probability of 1 belongs to the bin that ends there."""
    answers = read(made([[1, 1e-300]], [0]))
    assert reliability(answers, multilabel=False).bins[BINS - 1].images == 1


def test_calibration_brings_confidence_near_accuracy() -> None:
    """Of 400 answers of 90 %, of which 300 are right, confidence becomes 75 %."""
    validation = made([[0.9, 0.1]] * 400, [0] * 300 + [1] * 100)
    calibration = calibrate(validation)
    assert calibration.fitted_on == "validation"
    assert validation.probabilities(calibration.temperature)[0, 0] == pytest.approx(0.75, abs=2e-3)


def test_a_few_right_answers_prove_no_certainty() -> None:
    """Eight right answers of eight are worth the confidence of nine of ten (Platt)."""
    validation = made([[0.6, 0.4]] * 8, [0] * 8)
    confidence = validation.probabilities(calibrate(validation).temperature)[0, 0]
    assert confidence == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize("multilabel", [False, True])
def test_without_validation_nothing_is_calibrated(multilabel: bool) -> None:
    """Of no images the temperature is 1, fitted on none."""
    nothing = made(np.zeros((0, 2)), [], multilabel=multilabel)
    assert calibrate(nothing) == Calibration(1.0, "none")
    assert reliability(read(nothing), multilabel=multilabel).expected_calibration_error is None
