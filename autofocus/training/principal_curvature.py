"""The curvature of the loss of a logistic regression along the principal axes of few images.

As in `autofocus.training.curvature`, all classes share the covariance of the images that are
uncertain at all. It is found at a fraction of the cost: along its largest principal axes, from a
random sketch (N. Halko, P. G. Martinsson and J. A. Tropp, "Finding Structure with Randomness",
SIAM Review 53, 2011), and by its mean along all others. A search that is scaled by it needs fewer
steps; where it ends doesn't depend on it.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from autofocus.training.curvature import divide_by_parts
from autofocus.training.feature_rows import load
from autofocus.training.lbfgs import Vector
from autofocus.training.streamed_loss import Matrix, StreamedLoss

_AXES, _FURTHER = 128, 16
# The covariance is that of so many images, evenly spaced.
_IMAGES = 4096
_TINY = 1e-9


@dataclass(frozen=True)
class PrincipalCurvature:
    """An approximation of the Hessian of the loss, of D features and K classes.

    Attributes:
        axes: R principal axes, shape (D, R).
        centre: the mean of the uncertain images, shape (D,).
        variances: along each axis, shape (R,).
        rest: the mean variance along all other directions.
        of_biases: the curvature of each class's bias, shape (K,).
        strength: of the regularisation.
    """

    axes: Matrix
    centre: Vector
    variances: Vector
    rest: float
    of_biases: Vector
    strength: float

    @classmethod
    def at(cls, loss: StreamedLoss, point: Vector) -> "PrincipalCurvature":
        """Return the curvature of a loss at a point."""
        rows = slice(0, None, -(-len(loss.samples) // _IMAGES))
        features = load(loss.samples.features[rows])
        bends = loss.errors(rows, loss.logits_at(point)(features)).bends
        shares = bends.sum(axis=1) / max(float(bends.sum()), _TINY)
        standard = loss.scale.apply(features)
        centre = shares @ standard
        standard -= centre.astype(np.float32)
        standard *= np.sqrt(shares)[:, None].astype(np.float32)
        variances, axes = _principal_axes(standard)
        others = max(1, standard.shape[1] - len(variances))
        left = float(np.square(standard).sum(dtype=np.float64)) - float(variances.sum())
        of_biases = np.maximum(bends.mean(axis=0), _TINY)
        return cls(axes, centre, variances, max(0.0, left / others), of_biases, loss.strength)

    def at_strength(self, strength: float) -> "PrincipalCurvature":
        """Return the curvature at another strength of regularisation."""
        return replace(self, strength=strength)

    def divide(self, gradient: Vector) -> Vector:
        """Return a gradient divided by the curvature: a step to where it would be 0."""
        least = self.rest * self.of_biases + self.strength + _TINY
        most = self.variances[:, None] * self.of_biases + self.strength + _TINY

        def divide(of_weights: Matrix) -> Matrix:
            along = self.axes.T @ of_weights
            return of_weights / least + self.axes @ (along / most - along / least)

        return divide_by_parts(gradient, self.centre, self.of_biases, divide)


def _principal_axes(features: NDArray[np.float32]) -> tuple[Vector, Matrix]:
    """Return the largest variances of centred features, shape (R,), and their axes, (D, R)."""
    from scipy.linalg import eigh, qr

    size = min(features.shape)
    sketch = np.random.default_rng(0).standard_normal(
        (features.shape[1], min(_AXES + _FURTHER, size)), np.float32
    )
    for _ in range(2):
        sketch, _ = qr(features.T @ (features @ sketch), mode="economic", check_finite=False)
    seen = features @ sketch
    variances, turn = eigh((seen.T @ seen).astype(np.float64))
    axes = (sketch @ turn.astype(np.float32)).astype(np.float64)
    kept = slice(-min(_AXES, len(variances)), None)
    return np.maximum(variances[kept], 0.0), axes[:, kept]
