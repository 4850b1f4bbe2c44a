"""The square around what moved on a photograph."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from PIL import Image


@dataclass(frozen=True)
class Box:
    """Where something moved; or the whole frame, and why.

    Attributes:
        left: of the box, as a share of the frame's width, 0 to 1.
        top: likewise of its height.
        width: likewise.
        height: likewise.
        score: how much moved, 0 to 1; 0 for a whole frame.
        frames: with how many others the frame was compared.
        status: whether something moved, or the whole frame is to be looked at.
        detail: why the whole frame.
    """

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0
    score: float = 0.0
    frames: int = 0
    status: Literal["motion", "whole_frame"] = "whole_frame"
    detail: str = ""

    def crop(self, image: Image.Image) -> Image.Image:
        """Return the part of an image that is in the box."""
        left, top = self.left * image.width, self.top * image.height
        right, bottom = left + self.width * image.width, top + self.height * image.height
        edges = (round(left), round(top), round(right), round(bottom))
        return image.crop(edges)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Box":
        """Read what `to_json` made."""
        return cls(**values)
