"""Which threshold ensures which precision, stored with a model to choose thresholds later."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autofocus.runs.wording import plural

# The 80 % quantile of the normal distribution: four of five thresholds reach their target.
Z = 0.8416212335729143


@dataclass(frozen=True)
class PrecisionCurve:
    """The precision that thresholds of one label ensure, from images that it was not trained on.

    Only thresholds are listed below which no other one ensures the same precision.

    Attributes:
        thresholds: K probabilities, rising.
        precisions: the precision that each ensures for all predictions from it on, rising.
        right: the number of independent predictions (sequences) that are more confident than
            every wrong one.
    """

    thresholds: tuple[float, ...] = ()
    precisions: tuple[float, ...] = ()
    right: int = 0

    def threshold(self, precision: float) -> float | None:
        """Return the lowest threshold that ensures a precision; None if none does."""
        row = bisect_left(self.precisions, precision)
        return self.thresholds[row] if row < len(self.thresholds) else None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "PrecisionCurve":
        """Return the curve whose attributes were stored as JSON."""
        return cls(tuple(values["thresholds"]), tuple(values["precisions"]), values["right"])


def needed(precision: float) -> int:
    """Return how many independent predictions ensure a precision if all of them are right.

    The lower end of Wilson's one-sided 80 % interval of n right of n is n / (n + z²).
    """
    return math.ceil(precision * Z * Z / (1 - precision))


def shortfall(curves: Mapping[str, PrecisionCurve], precision: float) -> str:
    """Return what the labels lack that no threshold ensures a precision for; empty if none."""
    lacking = {
        label: curve.right for label, curve in curves.items() if curve.threshold(precision) is None
    }
    if not lacking:
        return ""
    parts = [f"{label} has {right}" for label, right in lacking.items()]
    return (
        f"a label needs {plural(needed(precision), 'independent right prediction')} above a "
        f"threshold to ensure a precision of {precision:g}: {', '.join(parts)}"
    )
