"""Scaling features to mean 0 and standard deviation 1, so that one regularisation suits all."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.model.head import Head
from autofocus.training.feature_rows import Features, by_block, fits, load

# Rows that are computed at once, to need little memory beside the result.
_CHUNK = 1024
_CONSTANT, _TINY = 1e-6, 1e-12
# Lower bound of a feature's deviation, as a share of the median deviation.
_MIN_DEVIATION = 0.1


@dataclass(frozen=True)
class Standardization:
    """Mean and standard deviation of each feature.

    Attributes:
        mean: shape (D,).
        deviation: shape (D,); infinite for a feature that is constant, which becomes 0.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, features: Features) -> "Standardization":
        """Compute both from the features of training images, shape (N, D)."""
        if fits(features.shape):
            features = load(features)
            mean = features.mean(axis=0, dtype=np.float64)
            squares = np.zeros_like(mean)
            for start in range(0, len(features), _CHUNK):
                squares += np.square(features[start : start + _CHUNK] - mean).sum(axis=0)
        else:
            mean, squares = _moments(features)
        deviation = np.sqrt(squares / len(features))
        # Rounding leaves a trace of deviation in constant features.
        is_constant = deviation <= _CONSTANT * np.abs(mean) + _TINY
        if is_constant.all():
            return cls(mean.astype(np.float32), np.full_like(mean, np.inf, np.float32))
        # A feature that hardly varies here may vary much elsewhere: divided by its deviation, it
        # would drown all others there.
        least = _MIN_DEVIATION * np.median(deviation[~is_constant])
        bounded = np.where(is_constant, np.inf, np.maximum(deviation, least))
        return cls(mean.astype(np.float32), bounded.astype(np.float32))

    def apply(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return standardised features, shape (N, D)."""
        return (features - self.mean) / self.deviation

    def unfold(self, head: Head) -> Head:
        """Return the head for raw features that equals a head for standardised ones."""
        weights = head.weights / self.deviation[:, None]
        return Head(
            weights.astype(np.float32),
            (head.bias - self.mean @ weights).astype(np.float32),
            head.multilabel,
        )


def _moments(features: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean of each feature, and the sum of its squared differences, in one pass.

    T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating Formulae and a Pairwise Algorithm for
    Computing Sample Variances" (1979): each block has a mean of its own.
    """
    number, mean, squares = 0, np.zeros(features.shape[1]), np.zeros(features.shape[1])

    def part(_: slice, block: NDArray[np.float32]) -> tuple[int, NDArray[np.float64], Any]:
        own = block.mean(axis=0, dtype=np.float64)
        return len(block), own, np.square(block - own.astype(np.float32)).sum(axis=0, dtype=float)

    for rows, own, own_squares in by_block(part, features):
        apart = own - mean
        number += rows
        mean = mean + apart * (rows / number)
        squares += own_squares + np.square(apart) * (rows * (number - rows) / number)
    return mean, squares
