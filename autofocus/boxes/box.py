"""A box in an image."""

from dataclasses import asdict, dataclass
from sys import intern
from typing import Any, Literal

from PIL import Image

# What found a box: motion detection, the detector, or both; a whole frame was found by neither.
BoxStatus = Literal["motion", "detector", "both", "whole_frame"]

# The detail of a box around motion that no other frame of the sequence shows.
OTHER_TIMES = "compared with frames of other times"


@dataclass(frozen=True, slots=True)
class Box:
    """A box around motion or a detected object; or the whole frame, and why.

    Attributes:
        left: the left edge as a share of the frame's width, 0 to 1.
        top: the top edge as a share of the frame's height, 0 to 1.
        width: as a share of the frame's width.
        height: as a share of the frame's height.
        score: the amount of motion, or the detector's confidence, 0 to 1; 0 for a whole frame.
        frames: the number of other frames that the frame was compared with.
        status: what found the box, or that it is the whole frame.
        detail: why it is the whole frame, or `OTHER_TIMES`.
    """

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0
    score: float = 0.0
    frames: int = 0
    status: BoxStatus = "whole_frame"
    detail: str = ""

    @property
    def is_found(self) -> bool:
        """Whether there is a box, and not just the whole frame."""
        return self.status != "whole_frame"

    def crop(self, image: Image.Image) -> Image.Image:
        """Return the crop of an image to the box."""
        left, top = self.left * image.width, self.top * image.height
        right, bottom = left + self.width * image.width, top + self.height * image.height
        edges = (round(left), round(top), round(right), round(bottom))
        return image.crop(edges)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Box":
        """Return the box that `to_json` described."""
        # Millions of boxes share a few details.
        return cls(**{**values, "detail": intern(values.get("detail", ""))})
