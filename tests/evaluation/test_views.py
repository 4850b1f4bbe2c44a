"""Claims about probabilities that are averaged over views."""

import numpy as np
import pytest

from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.temperature import to_probabilities
from autofocus.evaluation.views import average_views, calibrate_views

RANDOM = np.random.default_rng(8)
LOGITS = RANDOM.normal(0, 3, (4, 300, 3)).astype(np.float32)


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("temperature", [1.0, 0.01, 5.0])
def test_the_logits_are_those_of_the_mean_probabilities(
    multilabel: bool, temperature: float
) -> None:
    """Turned to probabilities, they are the mean of those of all views, however sure these are."""
    averaged = average_views(LOGITS, temperature, multilabel=multilabel)
    expected = np.mean(
        [to_probabilities(each, temperature, multilabel=multilabel) for each in LOGITS], axis=0
    )
    found = to_probabilities(averaged, multilabel=multilabel)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("scale", [0.01, 1.0, 4.0])
def test_the_mean_is_calibrated(scale: float) -> None:
    """If the truth is drawn from the mean at some temperature, that one is found."""
    shares = to_probabilities(average_views(LOGITS, 2.0, multilabel=False), multilabel=False)
    classes = [RANDOM.choice(3, p=share) for share in np.tile(shares, (10, 1))]
    held_out = predictions(np.eye(3, dtype=np.float32)[classes])
    logits = np.tile(LOGITS, (1, 10, 1)) * np.float32(scale)
    calibration = calibrate_views(held_out, logits, "validation")
    assert calibration.temperature == pytest.approx(2.0 * scale, rel=0.15)


def test_without_images_nothing_is_calibrated() -> None:
    """No images give the temperature 1, which is said to be fitted on none."""
    calibration = calibrate_views(
        predictions(np.zeros((0, 3), np.float32)), np.zeros((1, 0, 3), np.float32), "validation"
    )
    assert (calibration.temperature, calibration.fitted_on) == (1.0, "none")


def predictions(targets: np.ndarray) -> Predictions:
    """Return predictions of images with a truth; their logits are not used."""
    names = tuple(map(str, range(len(targets))))
    return Predictions(names, np.zeros_like(targets), targets, names, names, {}, multilabel=False)
