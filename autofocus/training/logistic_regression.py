"""Logistic regression at one strength of regularisation after the other, in memory.

The loss is the weighted mean cross-entropy, summed over labels if images may have several, plus
half the strength times the sum of the squared weights, on standardised features. It is convex:
L-BFGS (Liu and Nocedal, Mathematical Programming 45, 1989) finds its only minimum. Features are
read as they are, in single precision: standardised in the weights, they need no copy. Sums over
images are added up in double precision.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from autofocus.model.head import Head
from autofocus.training.class_weights import ClassWeights, loss_weights
from autofocus.training.feature_rows import load
from autofocus.training.lbfgs import Ending, Search, Vector, advance
from autofocus.training.learned_classes import LearnedClasses
from autofocus.training.principal_curvature import PrincipalCurvature
from autofocus.training.samples import Samples
from autofocus.training.standardization import Standardization
from autofocus.training.streamed_loss import StreamedLoss

# L-BFGS stops when no component of the gradient is larger, and what is left to gain is estimated
# to be less than a hundredth of it.
TOLERANCE = 1e-4
# It also stops when so many steps have gained less than this share of the loss: rounding.
_STALLED_STEPS, _STALLED_SHARE = 10, 1e-8


@dataclass(frozen=True)
class Solution:
    """The head at one strength of regularisation.

    Attributes:
        head: for raw features.
        steps: number of steps of L-BFGS.
        converged: whether it needed fewer steps than the maximum.
    """

    head: Head
    steps: int
    converged: bool


@dataclass(frozen=True)
class _Weights:
    """The weights of the terms of the loss, shape (N, C) or (N, 1)."""

    values: NDArray[np.float32]

    def of_rows(self, rows: slice) -> NDArray[np.float32]:
        """Return the weights of some images."""
        return self.values[rows]


class LogisticRegressions:
    """Logistic regressions on the same images, each starting from the solution before it.

    Args:
        samples: images to train on, at least one.
        kind: whether rare classes count as much as common ones.
        multilabel: whether images may have several labels.
        max_steps: maximum number of steps of L-BFGS.
    """

    def __init__(
        self, samples: Samples, kind: ClassWeights, *, multilabel: bool, max_steps: int
    ) -> None:
        samples = replace(samples, features=load(samples.features))
        self._classes = LearnedClasses.of(samples, multilabel=multilabel)
        self._scale = Standardization.of(samples.features)
        weights = _Weights(loss_weights(samples, kind, multilabel=multilabel))
        self._loss = StreamedLoss(
            samples, self._scale, weights, self._classes.columns, multilabel, 0.0
        )
        self._max_steps = max_steps
        self._point = self._classes.zero
        self._curvature: PrincipalCurvature | None = None

    def solve(self, strength: float) -> Solution:
        """Return the head at a strength of regularisation."""
        steps = self._search(strength) if len(self._point) else 0
        head = self._scale.unfold(self._classes.head(self._point))
        return Solution(head, steps, steps < self._max_steps)

    def _search(self, strength: float) -> int:
        """Go to the minimum, and return the number of steps."""
        loss = replace(self._loss, strength=strength)
        search = Search.begin(loss, self._point)
        curvature = self._curvature_at(loss, search.point)
        values = [search.value]
        ending = Ending(self._max_steps, TOLERANCE, TOLERANCE / 100)
        while not (_is_stalled(values) or ending.is_reached(search, curvature.divide)):
            search = advance(search, loss, curvature.divide)
            values.append(search.value)
        self._point = search.point
        return search.steps

    def _curvature_at(self, loss: StreamedLoss, point: Vector) -> PrincipalCurvature:
        if self._curvature is None:
            self._curvature = PrincipalCurvature.at(loss, point)
        return self._curvature.at_strength(loss.strength)


def _is_stalled(values: list[float]) -> bool:
    """Return whether the last steps have gained nothing, given the loss after each step."""
    if len(values) <= _STALLED_STEPS:
        return False
    return values[-1 - _STALLED_STEPS] - values[-1] < _STALLED_SHARE * abs(values[-1])
