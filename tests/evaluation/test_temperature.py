"""Claims about the temperature."""

import numpy as np
import pytest

from autofocus.evaluation.temperature import cross_entropy, fit_temperature


def test_cross_entropy_is_the_mean_surprise() -> None:
    """Of a half and a quarter for what is true, the mean of ln 2 and ln 4 is 1.5 ln 2."""
    logits = np.log([[0.5, 0.5], [0.75, 0.25]]).astype(np.float32)
    targets = np.array([[1, 0], [0, 1]], np.float32)
    found = cross_entropy(logits, targets, np.ones(2), multilabel=False)
    assert found == pytest.approx(1.5 * np.log(2))


@pytest.mark.parametrize("multilabel", [False, True])
def test_the_temperature_makes_confidence_equal_accuracy(multilabel: bool) -> None:
    """Odds of 9 to 1 that come true three times of four ask for a temperature of 2.

    At it the odds are 3 to 1: ln 9 / 2 = ln 3.
    """
    one, other = (np.log(9), 0.0) if not multilabel else (np.log(9), -np.log(9))
    logits = np.array([[one, other]] * 4, np.float32)
    targets = np.array([[1, 0]] * 3 + [[0, 1]], np.float32)
    assert fit_temperature(logits, targets, multilabel=multilabel) == pytest.approx(2, rel=1e-3)


def test_without_images_nothing_is_changed() -> None:
    """Of no images the temperature is 1."""
    nothing = np.zeros((0, 3), np.float32)
    assert fit_temperature(nothing, nothing) == 1.0
