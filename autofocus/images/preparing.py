"""Trimming and resizing a photograph, and measuring night and brightness."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from autofocus.errors import InputDataError
from autofocus.images.decoding import Photograph, RejectedImageError, decode
from autofocus.images.names import PREPARATION_NAME
from autofocus.runs.ledger import Reason

# The result's longer side is at most so many times the shorter: what is left above a footer is
# then no scene but a strip.
MAX_STRETCH = 40
# At most this far apart, on average, are the channels of an infrared photograph, 0 to 255
# (docs/preprocessing.md has the measurements).
NIGHT_TOLERANCE = 2.0


@dataclass(frozen=True)
class Preparation:
    """How photographs are made ready; stored with a model, as it must see others the same way.

    Attributes:
        trim_top: rows cut from the top of the upright original, in its pixels.
        trim_bottom: rows cut from its bottom, where cameras print a footer.
        min_side: the shorter side of the result, in pixels.
    """

    trim_top: int = 0
    trim_bottom: int = 198
    min_side: int = 256

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_file(cls, path: Path) -> "Preparation":
        """Read what preprocess_images wrote beside its results.

        Raises:
            InputDataError: the file is no preparation.
        """
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise InputDataError(
                f"{path} does not say how photographs were prepared ({error}): "
                f"give the {PREPARATION_NAME} that preprocess_images wrote."
            ) from None

    def output_size(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height of the result for an upright original of this size.

        Raises:
            RejectedImageError: too few rows are left.
        """
        rows = height - self.trim_top - self.trim_bottom
        sides = (width, rows)
        if rows < 1 or max(sides) > MAX_STRETCH * min(sides):
            raise RejectedImageError(
                Reason.TOO_SHORT_TO_TRIM,
                f"{width} x {height} pixels leave {max(rows, 0)} rows "
                f"after {self.trim_top + self.trim_bottom} are trimmed",
            )
        scale = self.min_side / min(sides)
        return math.floor(width * scale + 0.5), math.floor(rows * scale + 0.5)


def prepare(photograph: Photograph, preparation: Preparation) -> Image.Image:
    """Decode, trim and resize a photograph.

    Args:
        photograph: an opened file.
        preparation: what to trim and how large to make it.

    Returns:
        An upright image in mode RGB, or L where the file has one channel.

    Raises:
        RejectedImageError: the file is broken, or too short to trim.
    """
    size = preparation.output_size(photograph.width, photograph.height)
    rows = photograph.height - preparation.trim_top - preparation.trim_bottom
    # Of three rows of a reduced image, at least one holds nothing but scene.
    image, share = decode(photograph, shrink=max(size[0] / photograph.width, 3 / rows))
    top, bottom = _scene(photograph, image, share, preparation)
    return image.crop((0, top, image.width, bottom)).resize(size, Image.Resampling.BICUBIC)


def _scene(
    photograph: Photograph, image: Image.Image, share: float, preparation: Preparation
) -> tuple[int, int]:
    """Return the first row of the scene in a reduced image, and the one after its last.

    Rows that hold any part of a trimmed row are left out: no footer shines through.
    """
    # The last row (or column) stored may reach over the edge. In a picture turned over, it is the
    # first row, and all rows lie lower by as much.
    over = image.height / share - photograph.height if photograph.is_turned_over else 0.0
    top = math.ceil((preparation.trim_top + over) * share)
    bottom = math.floor((photograph.height - preparation.trim_bottom + over) * share)
    return top, bottom


def colourfulness(image: Image.Image) -> float:
    """Return how far apart the channels are: max - min of R, G, B, mean over pixels, 0 to 255."""
    if image.mode == "L":
        return 0.0
    red, green, blue = (np.asarray(channel) for channel in image.split())
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    return float((highest - lowest).mean())


def mean_brightness(image: Image.Image) -> float:
    """Return the mean of the image in grayscale (ITU-R 601-2 luma), 0 to 255."""
    return float(np.asarray(image.convert("L")).mean())
