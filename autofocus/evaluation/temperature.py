"""One number that makes probabilities as sure as they should be.

C. Guo and others, "On Calibration of Modern Neural Networks" (ICML 2017): all logits are divided
by one temperature, which changes no answer.
"""

import numpy as np
from numpy.typing import NDArray

# Beyond these a fit has run away, as on a few images that are all answered rightly.
LOWEST, HIGHEST = 0.05, 20.0


def cross_entropy(
    logits: NDArray[np.float32],
    targets: NDArray[np.float32],
    weights: NDArray[np.float64],
    *,
    multilabel: bool,
) -> float:
    """Return the weighted mean cross-entropy (natural logarithm) of answers.

    Args:
        logits: shape (N, C).
        targets: shape (N, C), 1 for each class that an image shows.
        weights: how much each image counts, shape (N,).
        multilabel: whether each class has a probability of its own.
    """
    values = logits.astype(np.float64)
    if multilabel:
        entropy = (np.logaddexp(0, values) - targets * values).mean(axis=1)
    else:
        highest = values.max(axis=1, keepdims=True)
        total = np.log(np.exp(values - highest).sum(axis=1)) + highest[:, 0]
        entropy = total - (values * targets).sum(axis=1)
    return float((weights * entropy).sum() / max(weights.sum(), 1e-12))


def fit_temperature(
    logits: NDArray[np.float32],
    targets: NDArray[np.float32],
    weights: NDArray[np.float64] | None = None,
    *,
    multilabel: bool = False,
) -> float:
    """Return the temperature at which the cross-entropy is least; 1 where there are no images.

    Args:
        logits: shape (N, C).
        targets: shape (N, C), 1 for each class that an image shows.
        weights: how much each image counts, shape (N,); None for all the same.
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
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def to_probabilities(
    logits: NDArray[np.float32], temperature: float, *, multilabel: bool
) -> NDArray[np.float64]:
    """Return the probability of each class, shape (N, C)."""
    values = logits.astype(np.float64) / temperature
    if multilabel:
        return np.asarray(0.5 * (1 + np.tanh(0.5 * values)))
    powers = np.exp(values - values.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
