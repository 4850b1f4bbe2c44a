"""Whether a classifier that is 90 % sure is right nine times of ten."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.judged import Answers, Judged
from autofocus.evaluation.temperature import fit_temperature

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """One number that makes probabilities as sure as they should be.

    Attributes:
        temperature: what logits are to be divided by.
        fitted_on: what it was fitted on; `none` if there was nothing.
    """

    temperature: float
    fitted_on: str


def calibrate(validation: Judged, fitted_on: str = "validation") -> Calibration:
    """Fit the temperature by the cross-entropy (Guo and others, ICML 2017).

    The targets are those of Platt (1999): N images are counted as if N of N + 2 were certain and
    the rest were not. A few images that are all answered rightly would ask for a temperature of 0,
    and so for a certainty that they do not prove.

    Args:
        validation: images that neither the classifier nor the test has seen.
        fitted_on: what to call them.
    """
    if not len(validation):
        return Calibration(1.0, "none")
    there = validation.there.astype(np.float64)
    even = 0.5 if validation.multilabel else 1 / max(1, there.shape[1])
    doubt = 2 / (len(validation) + 2)
    targets = ((1 - doubt) * there + doubt * even).astype(np.float32)
    logits = validation.sound_logits.astype(np.float32)
    temperature = fit_temperature(logits, targets, multilabel=validation.multilabel)
    return Calibration(temperature, fitted_on)


def reliability(answers: Answers, *, multilabel: bool) -> dict[str, Any]:
    """Return what confidence was worth, in bins of equal width, and the mean gap.

    The expected calibration error is the mean gap between confidence and accuracy over the bins,
    each counted by its images (Naeini and others, AAAI 2015). Where each label has a probability
    of its own, every image and label counts, and accuracy is how often the label was there.
    """
    if multilabel:
        confidence, right = answers.probabilities.ravel(), answers.there.ravel()
    elif len(answers):
        confidence, right = answers.probabilities.max(axis=1), answers.right
    else:
        confidence, right = np.zeros(0), np.zeros(0, bool)
    places = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    sizes = np.bincount(places, minlength=BINS)
    sure = _means(places, confidence, sizes)
    true = _means(places, right.astype(np.float64), sizes)
    error = float((np.abs(sure - true) * sizes).sum() / sizes.sum()) if sizes.sum() else None
    rows = [
        {
            "low": place / BINS,
            "high": (place + 1) / BINS,
            "images": int(size),
            "confidence": float(sure[place]) if size else None,
            "accuracy": float(true[place]) if size else None,
        }
        for place, size in enumerate(sizes)
    ]
    return {"expected_calibration_error": error, "bins": rows}


def _means(
    places: NDArray[np.int64], values: NDArray[np.float64], sizes: NDArray[np.int64]
) -> NDArray[np.float64]:
    sums = np.bincount(places, values, minlength=BINS)
    means: NDArray[np.float64] = sums / np.maximum(sizes, 1)
    return means
