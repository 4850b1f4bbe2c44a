"""Cropping and resizing an image, and measuring infrared light and brightness."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from autofocus.errors import InputDataError, RejectedImageError
from autofocus.images.decoding import OpenImage, decode
from autofocus.images.names import PREPARATION_NAME
from autofocus.runs.ledger import Reason

# Maximum ratio of the result's sides: what is left above a footer is a strip beyond it, no scene.
MAX_STRETCH = 40
# Maximum mean difference between the channels of an infrared image, 0 to 255 (measurements in
# docs/preprocessing.md).
NIGHT_TOLERANCE = 2.0


@dataclass(frozen=True)
class Preparation:
    """How images are cropped and resized; stored in a model, which needs all images the same way.

    Attributes:
        trim_top: pixels to crop from the top of the upright original.
        trim_bottom: pixels to crop from its bottom, where cameras print a footer.
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
        """Read the file that preprocess_images wrote beside its results.

        Raises:
            InputDataError: the file describes no preparation.
        """
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise InputDataError(
                f"{path} does not describe how images were preprocessed ({error}): "
                f"give the {PREPARATION_NAME} that preprocess_images wrote."
            ) from None

    def output_size(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height of the result, in pixels.

        Args:
            width: of the upright original, in pixels.
            height: of the upright original, in pixels.

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


def prepare(opened: OpenImage, preparation: Preparation) -> Image.Image:
    """Decode, crop and resize an image.

    Args:
        opened: an open image.
        preparation: how to crop and resize.

    Returns:
        An upright image in mode RGB, or L if the file has one channel.

    Raises:
        RejectedImageError: the file is broken, or too short to crop.
    """
    size = preparation.output_size(opened.width, opened.height)
    rows = opened.height - preparation.trim_top - preparation.trim_bottom
    # Of three rows of a reduced image, at least one holds no part of a cropped row.
    image, fraction = decode(opened, shrink=max(size[0] / opened.width, 3 / rows))
    top, bottom = _scene_rows(opened, image, fraction, preparation)
    return image.crop((0, top, image.width, bottom)).resize(size, Image.Resampling.BICUBIC)


def _scene_rows(
    opened: OpenImage, image: Image.Image, fraction: float, preparation: Preparation
) -> tuple[int, int]:
    """Return the first row of the scene in a reduced image, and the one after its last.

    Rows that hold any part of a cropped row are left out, so that no footer remains.
    """
    # The last stored row (or column) may extend beyond the edge. In an image that is turned over
    # it is the first row, and all rows are shifted down by as much.
    over = image.height / fraction - opened.height if opened.is_turned_over else 0.0
    top = math.ceil((preparation.trim_top + over) * fraction)
    bottom = math.floor((opened.height - preparation.trim_bottom + over) * fraction)
    return top, bottom


def colourfulness(image: Image.Image) -> float:
    """Return the mean over pixels of max - min of R, G, B, 0 to 255."""
    if image.mode == "L":
        return 0.0
    red, green, blue = (np.asarray(channel) for channel in image.split())
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    return float((highest - lowest).mean())


def mean_brightness(image: Image.Image) -> float:
    """Return the mean of the image in greyscale (ITU-R 601-2 luma), 0 to 255."""
    return float(np.asarray(image.convert("L")).mean())
