"""Fitting the distance beyond which an image is unknown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.folds import folds_of_groups
from autofocus.model.distance import DECIMALS, RelativeDistance
from autofocus.training.feature_rows import Features, by_block, fits, load
from autofocus.training.samples import Samples
from autofocus.training.threads import single_threaded

# Directions to keep: more of them told left-out classes no better (benchmarks/UNKNOWN.md).
DIRECTIONS = 128
# The share of a covariance that is replaced by one that is the same in all directions.
_SHRINKAGE = 0.1
# Directions are estimated from at most this many images.
MAX_IMAGES = 2000
_MIN_IMAGES = 20

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Unknown:
    """What tells unknown images.

    Attributes:
        distance: from the training images.
        limit: the distance beyond which an image is unknown.
    """

    distance: RelativeDistance
    limit: float


def fit_unknown(
    samples: Samples, groups: Sequence[str], share: float, *, is_seen: Sequence[bool] | None = None
) -> Unknown | None:
    """Fit the distance to all images, and its limit on images of groups that it was not fitted to.

    The limit is the conformal quantile (Vovk and others, 2005) of the distances of known images,
    each measured from the images of other groups: so a share of known images of new groups lies
    beyond it.

    Args:
        samples: N images of known classes.
        groups: of each image, such as its location.
        share: of known images to review as unknown, 0 to 1.
        is_seen: which images the backbone was fine-tuned on, from which no limit can be learned;
            the distance is fitted to them alone. None if it was not fine-tuned.

    Returns:
        None if the share is 0, or there are too few images to tell.
    """
    if share <= 0 or len(samples) < _MIN_IMAGES:
        return None
    folds = folds_of_groups(groups) if is_seen is None else np.where(is_seen, -1, 0)
    if len(np.unique(folds)) < 2:  # noqa: PLR2004 - nothing to measure from
        return None
    with single_threaded():
        known = _distances_without_fold(samples, folds)
        rank = math.ceil((len(known) + 1) * (1 - share))
        if rank > len(known):
            return None
        limit = round(float(np.sort(known)[rank - 1]), DECIMALS)
        fitted = samples if is_seen is None else samples.rows(np.asarray(is_seen))
        return Unknown(fit_distance(fitted), limit)


def _distances_without_fold(samples: Samples, folds: NDArray[np.int64]) -> Matrix:
    """Return the distance of each image in a fold, fitted to the images that are not in it."""
    return np.concatenate(
        [
            fit_distance(samples.rows(folds != fold)).distances(
                load(samples.features[folds == fold])
            )
            for fold in np.unique(folds[folds >= 0])
        ]
    )


def distances(distance: RelativeDistance, features: Features) -> Matrix:
    """Return the distances of N images, shape (N,), from their features, shape (N, D)."""
    if fits(features.shape):
        return distance.distances(load(features))
    return np.concatenate(list(by_block(lambda _, block: distance.distances(block), features)))


def fit_distance(samples: Samples) -> RelativeDistance:
    """Fit the distance to images.

    Args:
        samples: at least two images; one of several classes counts for its first.
    """
    from scipy.linalg import eigh

    features = load(samples.features).astype(np.float64)
    features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    axes = _principal_axes(features[:: -(-len(features) // MAX_IMAGES)])
    points, classes = features @ axes, samples.classes
    labels = np.unique(classes)
    means = np.stack([points[classes == label].mean(axis=0) for label in labels])
    within = _covariance(points - means[np.searchsorted(labels, classes)])
    # Directions in which a class has unit variance, and all images the variances found here.
    variances, directions = eigh(_covariance(points - points.mean(axis=0)), within)
    return RelativeDistance(
        (axes @ directions).astype(np.float32),
        (means @ directions).astype(np.float32),
        (points.mean(axis=0) @ directions).astype(np.float32),
        (1 / variances).astype(np.float32),
    )


def _principal_axes(features: Matrix) -> Matrix:
    """Return the directions in which M images differ most, shape (D, K)."""
    from scipy.linalg import eigh

    centred = features - features.mean(axis=0)
    images, size = centred.shape
    number = min(DIRECTIONS, images - 1, size)
    if images > size:
        _, axes = eigh(centred.T @ centred, subset_by_index=(size - number, size - 1))
        return np.asarray(axes)
    # The same by way of the smaller matrix.
    squares, vectors = eigh(centred @ centred.T, subset_by_index=(images - number, images - 1))
    axes = centred.T @ vectors
    return np.asarray(axes / np.sqrt(np.maximum(squares, 1e-12)))


def _covariance(centred: Matrix) -> Matrix:
    covariance = centred.T @ centred / len(centred)
    size = len(covariance)
    # Never 0, even of images that are all the same.
    level = max(float(np.trace(covariance)) / size, 1e-9)
    shrunk: Matrix = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * level * np.eye(size)
    return shrunk
