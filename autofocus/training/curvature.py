"""The curvature of the loss of a logistic regression, from a sample of the images.

The Hessian of one class is the covariance of the features, each image weighted by how uncertain
its class is, plus the strength of regularisation. Here all classes share one covariance, that of
the images that are uncertain at all, which is decomposed once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.training.feature_rows import by_block
from autofocus.training.lbfgs import Vector
from autofocus.training.streamed_loss import Matrix, StreamedLoss

_TINY = 1e-9


@dataclass(frozen=True)
class Curvature:
    """An approximation of the Hessian of the loss, of D features and K classes.

    Attributes:
        axes: the principal axes of the uncertain images, shape (D, D).
        centre: their mean, shape (D,).
        divisors: the curvature of each class along each axis, shape (D, K).
        of_biases: the curvature of each class's bias, shape (K,).
    """

    axes: Matrix
    centre: Vector
    divisors: Matrix
    of_biases: Vector

    @classmethod
    def at(cls, loss: StreamedLoss, point: Vector) -> "Curvature":
        """Return the curvature of a loss at a point, by a pass over its images."""
        from scipy.linalg import eigh

        total, centre, squares = _moments(loss, point)
        uncertainty = float(total.sum())
        centre = centre / uncertainty
        covariance = squares / uncertainty - np.outer(centre, centre)
        values, axes = eigh(covariance)
        of_biases = np.maximum(total / len(loss.samples), _TINY)
        divisors = np.maximum(values, 0)[:, None] * of_biases + loss.strength
        return cls(axes, centre, np.maximum(divisors, _TINY), of_biases)

    def divide(self, gradient: Vector) -> Vector:
        """Return a gradient divided by the curvature: a step to where it would be 0."""

        def divide(of_weights: Matrix) -> Matrix:
            return self.axes @ ((self.axes.T @ of_weights) / self.divisors)

        return divide_by_parts(gradient, self.centre, self.of_biases, divide)


def divide_by_parts(
    gradient: Vector, centre: Vector, of_biases: Vector, divide: Callable[[Matrix], Matrix]
) -> Vector:
    """Return a gradient divided by a curvature, that of weights and that of biases by itself.

    Args:
        gradient: of weights of D features and biases, of K classes.
        centre: of the images that are uncertain, shape (D,).
        of_biases: the curvature of each class's bias, shape (K,).
        divide: divides the gradient of the weights of centred features, shape (D, K).
    """
    table = gradient.reshape(-1, len(of_biases))
    # Of features that are centred where images are uncertain, the biases are independent.
    weights = divide(table[:-1] - np.outer(centre, table[-1]))
    biases = table[-1] / of_biases - centre @ weights
    return np.vstack([weights, biases]).ravel()


def _moments(loss: StreamedLoss, point: Vector) -> tuple[Vector, Vector, Matrix]:
    """Return sums over images weighted by their uncertainty.

    Returns:
        The uncertainty of each class, shape (K,); the sum of standardised features, shape (D,),
        and that of their products, shape (D, D).
    """
    logits = loss.logits_at(point)

    def part(rows: slice, features: NDArray[np.float32]) -> tuple[Vector, Vector, Matrix]:
        bends = loss.errors(rows, logits(features)).bends
        standard = loss.scale.apply(features)
        weighted = standard * bends.sum(axis=1, keepdims=True).astype(np.float32)
        products = (standard.T @ weighted).astype(np.float64)
        return bends.sum(axis=0), weighted.sum(axis=0, dtype=np.float64), products

    size = loss.samples.features.shape[1]
    total, centre = np.zeros(len(loss.columns)), np.zeros(size)
    squares = np.zeros((size, size))
    for bends, sums, products in by_block(part, loss.samples.features):
        total, centre = total + bends, centre + sums
        squares += products
    return total, centre, squares
