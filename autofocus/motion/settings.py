"""How what moved is found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class MotionSettings:
    """How what moved is found; stored with a model, as it must look at others the same way.

    Attributes:
        neighbours: among how many other frames of its camera those are looked for with which a
            frame can be compared.
        compared: with how many it is compared at most.
        gap_s: a frame's burst are those that its camera took with pauses of at most so long.
        side: the longer side of the frames as they are compared, in pixels.
        high: from how many times its usual deviation on a pixel has surely changed.
        low: from how many on it belongs to what surely changed beside it.
        margin: how much is taken around what moved, as a share of its longer side.
        least_side: the least side of a square, as a share of the frame's shorter side.
    """

    neighbours: int = 24
    compared: int = 8
    gap_s: float = 60.0
    side: int = 192
    high: float = 3.0
    low: float = 2.0
    margin: float = 0.2
    least_side: float = 0.35

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "MotionSettings":
        """Read what `to_json` made."""
        return cls(**values)
