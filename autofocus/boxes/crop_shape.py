"""The shape of the crop around a box."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from autofocus.boxes.box import Box

# Left, top, right and bottom, right and bottom excluded.
Edges = tuple[float, float, float, float]


@dataclass(frozen=True)
class CropShape:
    """The square crop around a box; stored with a model, which must see new images the same way.

    Attributes:
        margin: the margin around the box, as a share of its longer side.
        least_side: the minimum side of the crop, as a share of the frame's shorter side.
    """

    margin: float = 0.1
    least_side: float = 0.2

    def around(self, box: Box, size: tuple[int, int]) -> Edges:
        """Return the edges of the crop around a box, in pixels.

        Args:
            box: in an image.
            size: the image's width and height in pixels.
        """
        width, height = size
        left, top = box.left * width, box.top * height
        edges = left, top, left + box.width * width, top + box.height * height
        return self.square(edges, size)

    def square(self, edges: Edges, size: tuple[int, int]) -> Edges:
        """Return the square around a rectangle, with a margin, moved into the frame.

        What is longer than the frame is high keeps its length, so the result is no square.

        Args:
            edges: of the rectangle, in pixels.
            size: the frame's width and height in pixels.
        """
        width, height = size
        first, upper, last, lower = edges
        longer = max(last - first, lower - upper)
        least = self.least_side * min(width, height)
        side = max(longer * (1 + 2 * self.margin), least)
        across, down = min(side, width), min(side, height)
        left = min(max((first + last - across) / 2, 0), width - across)
        top = min(max((upper + lower - down) / 2, 0), height - down)
        return left, top, left + across, top + down

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "CropShape":
        """Return the shape that `to_json` described."""
        return cls(**values)
