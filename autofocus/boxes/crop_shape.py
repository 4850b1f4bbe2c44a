"""The shape of the crop around a box."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class CropShape:
    """The square crop around a box; stored with a model, which must see new images the same way.

    Attributes:
        margin: the margin around the box, as a share of its longer side.
        least_side: the minimum side of the crop, as a share of the frame's shorter side.
    """

    margin: float = 0.2
    least_side: float = 0.2

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "CropShape":
        """Return the shape that `to_json` described."""
        return cls(**values)
