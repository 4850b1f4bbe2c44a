"""Probabilities that are averaged over views of each image, and the temperature for it."""

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.calibration import Calibration, softened_targets
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.temperature import HIGHEST, LOWEST, cross_entropy

ViewLogits = NDArray[np.float32]


def average_views(
    logits: ViewLogits, temperature: float = 1.0, *, multilabel: bool
) -> NDArray[np.float64]:
    """Return the logits whose probabilities are the mean of those of all views.

    Args:
        logits: of V views of N images, shape (V, N, C).
        temperature: what they are divided by first.
        multilabel: whether each class has a probability of its own.

    Returns:
        Shape (N, C).
    """
    from scipy.special import log_expit, log_softmax, logsumexp

    scaled = logits.astype(np.float64) / temperature
    if multilabel:
        averaged = logsumexp(log_expit(scaled), axis=0) - logsumexp(log_expit(-scaled), axis=0)
    else:
        averaged = logsumexp(log_softmax(scaled, axis=2), axis=0)
    return np.asarray(averaged, np.float64)


def calibrate_views(held_out: Predictions, logits: ViewLogits, fitted_on: str) -> Calibration:
    """Fit the temperature of each view with which their mean is calibrated.

    Args:
        held_out: N images that were used neither for training nor for the test.
        logits: of V views of these images, shape (V, N, C).
        fitted_on: the name of the images.
    """
    if not len(held_out):
        return Calibration(1.0, "none")
    from scipy.optimize import minimize_scalar

    targets, weights = softened_targets(held_out), np.ones(len(held_out))

    def loss(logarithm: float) -> float:
        averaged = average_views(logits, float(np.exp(logarithm)), multilabel=held_out.multilabel)
        return cross_entropy(
            averaged.astype(np.float32), targets, weights, multilabel=held_out.multilabel
        )

    bounds = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    optimum = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return Calibration(float(np.exp(optimum.x)), fitted_on)
