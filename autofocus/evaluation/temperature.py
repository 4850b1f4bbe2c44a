"""Probabilities of logits, and the temperature that calibrates them.

C. Guo and others, "On Calibration of Modern Neural Networks" (ICML 2017): all logits are divided
by one temperature, which changes no prediction.
"""

import numpy as np
from numpy.typing import NDArray

# Beyond these a fit has diverged, as on a few images that are all predicted correctly. Strong
# regularisation makes logits a hundred times too small.
LOWEST, HIGHEST = 0.001, 20.0


def to_probabilities(
    logits: NDArray[np.floating], temperature: float = 1.0, *, multilabel: bool
) -> NDArray[np.float64]:
    """Return the probability of each class, shape (N, C): of softmax, or of sigmoid if multilabel.

    Args:
        logits: shape (N, C).
        temperature: what to divide them by.
        multilabel: whether each class has a probability of its own.
    """
    from scipy.special import expit, softmax

    scaled = logits.astype(np.float64) / temperature
    if multilabel or not scaled.size:
        return np.asarray(expit(scaled))
    return np.asarray(softmax(scaled, axis=1))


def cross_entropy(
    logits: NDArray[np.float32],
    targets: NDArray[np.float32],
    weights: NDArray[np.float64],
    *,
    multilabel: bool,
) -> float:
    """Return the weighted mean cross-entropy (natural logarithm).

    Args:
        logits: shape (N, C).
        targets: shape (N, C), 1 for each class that an image shows.
        weights: of each image, shape (N,).
        multilabel: whether each class has a probability of its own.
    """
    from scipy.special import logsumexp

    values = logits.astype(np.float64)
    if multilabel:
        entropy = (np.logaddexp(0, values) - targets * values).mean(axis=1)
    else:
        entropy = logsumexp(values, axis=1) - (values * targets).sum(axis=1)
    return float((weights * entropy).sum() / max(weights.sum(), 1e-12))


def fit_temperature(
    logits: NDArray[np.float32],
    targets: NDArray[np.float32],
    weights: NDArray[np.float64] | None = None,
    *,
    multilabel: bool = False,
) -> float:
    """Return the temperature with the lowest cross-entropy; 1 if there are no images.

    Args:
        logits: shape (N, C).
        targets: shape (N, C), 1 for each class that an image shows.
        weights: of each image, shape (N,); None if all count the same.
        multilabel: whether each class has a probability of its own.
    """
    if not len(logits):
        return 1.0
    from scipy.optimize import minimize_scalar

    counted = np.ones(len(logits)) if weights is None else weights

    def loss(logarithm: float) -> float:
        scaled = (logits / np.exp(logarithm)).astype(np.float32)
        return cross_entropy(scaled, targets, counted, multilabel=multilabel)

    bounds = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    optimum = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(optimum.x))
