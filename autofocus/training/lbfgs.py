"""L-BFGS that can be stopped after any step and goes on with the same numbers.

J. Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", Mathematics of Computation 35
(1980), from a given approximation of the inverse Hessian. For convex functions: whether a step led
down far enough is enough to ask (L. Armijo, Pacific Journal of Mathematics 16, 1966).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
# Returns the value and the gradient at a point.
Function = Callable[[Vector], tuple[float, Vector]]

_HISTORY = 10
# The share of the decrease that the slope promises which a step must reach.
_ARMIJO = 1e-4
_SHORTEST, _LONGEST = 0.1, 0.5
_MAX_HALVINGS = 20
# Values nearer to each other than this share are the same but for rounding.
_ROUNDING = 1e-10


@dataclass(frozen=True)
class Search:
    """The state of a minimisation after a step.

    Attributes:
        point: where it is, shape (P,).
        value: the function's value there.
        gradient: the function's gradient there, shape (P,).
        moves: the last steps, oldest first, shape (M, P).
        bends: the changes of the gradient along them, shape (M, P).
        steps: the number of steps so far.
        is_stuck: whether no step leads down any more, for rounding.
    """

    point: Vector
    value: float
    gradient: Vector
    moves: Vector
    bends: Vector
    steps: int = 0
    is_stuck: bool = False

    @classmethod
    def begin(cls, function: Function, point: Vector) -> "Search":
        """Return the state before the first step."""
        value, gradient = function(point)
        none = np.zeros((0, len(point)))
        return cls(point, value, gradient, none, none)


class Ending(NamedTuple):
    """When a search ends.

    Attributes:
        max_steps: the maximum number of steps.
        tolerance: no component of the gradient may be larger.
        least_gain: less than that must be left to gain, as far as the curvature tells.
    """

    max_steps: int
    tolerance: float
    least_gain: float

    def is_reached(self, search: Search, precondition: Callable[[Vector], Vector]) -> bool:
        """Return whether a search is at the minimum, or has made all steps; see `advance`."""
        if search.is_stuck or search.steps >= self.max_steps:
            return True
        gain = float(search.gradient @ precondition(search.gradient)) / 2
        largest = float(np.abs(search.gradient).max(initial=0.0))
        return gain < self.least_gain and largest < self.tolerance


def advance(
    search: Search, function: Function, precondition: Callable[[Vector], Vector]
) -> Search:
    """Make one step.

    Args:
        search: the state before it.
        function: what to minimise.
        precondition: multiplies a vector by an approximation of the inverse Hessian.
    """
    direction = _direction(search, precondition)
    slope = float(search.gradient @ direction)
    if slope >= 0:
        return replace(search, is_stuck=True)
    slack = _ROUNDING * abs(search.value)
    length = 1.0
    for _ in range(_MAX_HALVINGS):
        point = search.point + length * direction
        value, gradient = function(point)
        if value <= search.value + _ARMIJO * length * slope + slack:
            return _accept(search, point, value, gradient)
        # Where the parabola through the values and the slope is lowest.
        lowest = -slope * length**2 / (2 * (value - search.value - slope * length))
        length = float(np.clip(lowest, _SHORTEST * length, _LONGEST * length))
    return replace(search, is_stuck=True)


def _accept(search: Search, point: Vector, value: float, gradient: Vector) -> Search:
    move, bend = point - search.point, gradient - search.gradient
    moves, bends = search.moves, search.bends
    if float(move @ bend) > 0:
        moves = np.vstack([moves, move])[-_HISTORY:]
        bends = np.vstack([bends, bend])[-_HISTORY:]
    return Search(point, value, gradient, moves, bends, search.steps + 1)


def _direction(search: Search, precondition: Callable[[Vector], Vector]) -> Vector:
    """Return minus the gradient times the approximation of the inverse Hessian."""
    rest = search.gradient.copy()
    shares = []
    pairs = list(zip(search.moves, search.bends, strict=True))
    for move, bend in reversed(pairs):
        share = float(move @ rest) / float(move @ bend)
        rest -= share * bend
        shares.append(share)
    scaled = precondition(rest)
    if pairs:
        move, bend = pairs[-1]
        scaled *= float(move @ bend) / float(bend @ precondition(bend))
    for (move, bend), share in zip(pairs, reversed(shares), strict=True):
        scaled += (share - float(bend @ scaled) / float(move @ bend)) * move
    return -scaled
