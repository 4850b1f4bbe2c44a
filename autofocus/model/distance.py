"""How far an image lies from all that a model was trained on: the relative Mahalanobis distance.

J. Ren and others, "A Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection" (2021),
after K. Lee and others, "A Simple Unified Framework for Detecting Out-of-Distribution Samples"
(NeurIPS 2018).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# The signature of a SavedModel that returns it beside the probabilities, and the output's name.
DISTANCE = "unknown_distance"
# Distances are compared at this many decimals, as those of another machine differ by less.
DECIMALS = 3


@dataclass(frozen=True)
class RelativeDistance:
    """The distance to the nearest class, less the one to all images together.

    Features are scaled to length 1 and projected so that the images of a class have unit variance
    in each direction, and all images together have independent ones.

    Attributes:
        projection: shape (D, K).
        centres: the projected mean of each class, shape (C, K).
        origin: the projected mean of all images, shape (K,).
        weights: one divided by the variance of all images in each direction, shape (K,).
    """

    projection: NDArray[np.float32]
    centres: NDArray[np.float32]
    origin: NDArray[np.float32]
    weights: NDArray[np.float32]

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the distances of N images, shape (N,), from their features, shape (N, D)."""
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        points = (features / np.maximum(lengths, 1e-12)) @ self.projection
        # Class by class, as an array of all differences could be large.
        nearest = np.min([_squares(points - centre) for centre in self.centres], axis=0)
        together = _squares((points - self.origin) * np.sqrt(self.weights))
        distances: NDArray[np.float64] = (nearest - together).astype(np.float64)
        return distances


def is_unknown(distances: NDArray[np.float64], limit: float | None) -> NDArray[np.bool_] | None:
    """Return which images lie beyond a distance, shape (N,); None if none is set."""
    if limit is None:
        return None
    beyond: NDArray[np.bool_] = np.round(distances, DECIMALS) > round(limit, DECIMALS)
    return beyond


def _squares(points: NDArray[np.float32]) -> NDArray[np.float32]:
    squares: NDArray[np.float32] = np.square(points).sum(axis=1)
    return squares
