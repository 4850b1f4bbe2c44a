"""Settings of motion detection."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class MotionSettings:
    """Settings of motion detection; stored with a model, which must see new images the same way.

    Attributes:
        neighbours: the number of other frames of its camera among which a frame is compared with
            those of the same scene and light.
        compared: the maximum number of frames that a frame is compared with.
        gap_s: the maximum pause within a sequence, in seconds.
        side: the longer side of the compared frames, in pixels.
        high: the change, in usual deviations, above which a pixel starts a component.
        low: the change above which a pixel belongs to a component.
        margin: the margin around motion, as a share of its longer side.
        least_side: the minimum side of a box, as a share of the frame's shorter side.
        tight: whether the box is that of the change itself; the margin and the minimum side are
            then those of the crop. False for a model of an earlier version.
    """

    neighbours: int = 24
    compared: int = 8
    gap_s: float = 60.0
    side: int = 192
    high: float = 3.0
    low: float = 2.0
    margin: float = 0.2
    least_side: float = 0.35
    tight: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "MotionSettings":
        """Return the settings that `to_json` described."""
        return cls(**values)


# Those of new models; the defaults are those of earlier versions, whose models don't state them.
TIGHT = MotionSettings(tight=True)
