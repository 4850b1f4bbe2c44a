"""Calibration: a classifier that is 90 % confident is right nine times of ten."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.metrics import Reliability, ReliabilityBin
from autofocus.evaluation.predictions import Classification, Predictions
from autofocus.evaluation.temperature import fit_temperature

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """A temperature that calibrates probabilities.

    Attributes:
        temperature: what logits are divided by.
        fitted_on: the images that it was fitted on; `none` if there were none.
    """

    temperature: float
    fitted_on: str


def calibrate(held_out: Predictions, fitted_on: str = "validation") -> Calibration:
    """Fit the temperature by the cross-entropy (Guo and others, ICML 2017).

    The targets are those of Platt (1999): N images count as if N of N + 2 were certain and the
    rest were not. A few images that are all predicted correctly would otherwise give a temperature
    of 0, and so a certainty that they do not prove.

    Args:
        held_out: images that were used neither for training nor for the test.
        fitted_on: their name.
    """
    if not len(held_out):
        return Calibration(1.0, "none")
    targets = softened_targets(held_out)
    logits = held_out.finite_logits.astype(np.float32)
    temperature = fit_temperature(logits, targets, multilabel=held_out.multilabel)
    return Calibration(temperature, fitted_on)


def softened_targets(held_out: Predictions) -> NDArray[np.float32]:
    """Return targets that leave some doubt, the more the fewer images; shape (N, C)."""
    true = held_out.true.astype(np.float64)
    even = 0.5 if held_out.multilabel else 1 / max(1, true.shape[1])
    doubt = 2 / (len(held_out) + 2)
    return ((1 - doubt) * true + doubt * even).astype(np.float32)


def reliability(classification: Classification, *, multilabel: bool) -> Reliability:
    """Return confidence and accuracy in bins of equal width, and their mean gap.

    The expected calibration error is the mean gap between confidence and accuracy over the bins,
    weighted by their images (Naeini and others, AAAI 2015). Where each label has a probability of
    its own, every image and label counts, and accuracy is how often the label was true.
    """
    confidence, right = _confidence(classification, multilabel)
    rows = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    sizes = np.bincount(rows, minlength=BINS)
    confidences = _means(rows, confidence, sizes)
    accuracies = _means(rows, right.astype(np.float64), sizes)
    gaps = np.abs(confidences - accuracies)
    error = float((gaps * sizes).sum() / sizes.sum()) if sizes.sum() else None
    bins = [
        ReliabilityBin(
            row / BINS,
            (row + 1) / BINS,
            int(size),
            float(confidences[row]) if size else None,
            float(accuracies[row]) if size else None,
        )
        for row, size in enumerate(sizes)
    ]
    return Reliability(error, tuple(bins))


def _confidence(
    classification: Classification, multilabel: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the confidence of each prediction, and whether it is right."""
    if multilabel:
        return classification.probabilities.ravel(), classification.true.ravel()
    if not len(classification):
        return np.zeros(0), np.zeros(0, bool)
    return classification.probabilities.max(axis=1), classification.right


def _means(
    rows: NDArray[np.int64], values: NDArray[np.float64], sizes: NDArray[np.int64]
) -> NDArray[np.float64]:
    sums = np.bincount(rows, values, minlength=BINS)
    means: NDArray[np.float64] = sums / np.maximum(sizes, 1)
    return means
