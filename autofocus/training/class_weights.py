"""Weights that let rare classes count as much as common ones."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from autofocus.training.samples import Samples

ClassWeights = Literal["balanced", "none"]

_TINY = 1e-12
# However rare, a label's presence counts at most this many times as much as its absence.
_MAX_PRESENCE = 100.0


def class_weights(
    samples: Samples, kind: ClassWeights, *, multilabel: bool
) -> NDArray[np.float64]:
    """Return the weight of an image of each class, shape (C,).

    With balanced weights all classes that occur have the same sum of weights, those of the images
    included; with several labels per image, a label's presence and its absence have.
    """
    if kind == "none":
        return np.ones(samples.targets.shape[1])
    weights = samples.weights.astype(np.float64)
    sizes, total = weights @ samples.targets, weights.sum()
    occurs = sizes > 0
    divisors = np.where(occurs, sizes, 1.0)
    if multilabel:
        return np.asarray(np.clip((total - sizes) / divisors, 1.0, _MAX_PRESENCE))
    return np.where(occurs, total / (max(1, occurs.sum()) * divisors), 0.0)


def loss_weights(samples: Samples, kind: ClassWeights, *, multilabel: bool) -> NDArray[np.float32]:
    """Return the weights of the terms of the loss: class weights times weights of the images.

    Returns:
        Shape (N, C) with several labels per image, else (N, 1), with a mean of 1.
    """
    by_class = class_weights(samples, kind, multilabel=multilabel)
    by_image = samples.weights.astype(np.float64)[:, None]
    if multilabel:
        weights = np.where(samples.targets > 0, by_class, 1.0) * by_image
    else:
        weights = by_class[samples.classes][:, None] * by_image
    return np.asarray(weights / max(weights.mean(), _TINY), np.float32)
