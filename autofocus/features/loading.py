"""From a photograph's file to the pixels that a backbone takes."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from autofocus.images.decoding import decode as decode_photograph
from autofocus.images.decoding import open_photograph
from autofocus.images.preparing import Preparation, prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray


def load(
    path: Path, size: tuple[int, int], preparation: Preparation | None = None
) -> "NDArray[np.uint8]":
    """Decode a photograph and bring it to a backbone's input size.

    The whole frame is squeezed to the size, whatever its shape: an animal at its edge counts.

    Args:
        path: the file.
        size: height and width in pixels.
        preparation: how to trim and resize a raw photograph first; None for one that is
            preprocessed already.

    Returns:
        Pixels, shape (height, width, 3), 0 to 255.

    Raises:
        RejectedImageError: the file can't be used.
    """
    return to_pixels(read(path, preparation), size)


def read(path: Path, preparation: Preparation | None = None) -> Image.Image:
    """Decode a photograph, preparing it first where it is raw (raises RejectedImageError)."""
    with open_photograph(path) as photograph:
        if preparation is not None:
            return prepare(photograph, preparation)
        return decode_photograph(photograph)[0]


def to_pixels(
    image: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> "NDArray[np.uint8]":
    """Resize an image, or the part of it in the box, to height and width; return RGB pixels."""
    height, width = size
    resized = image.convert("RGB").resize((width, height), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized)


def to_batch(images: "list[NDArray[np.uint8]]") -> "NDArray[np.float32]":
    """Stack pixels into what a backbone takes: shape (N, height, width, 3), 0 to 1."""
    return np.stack(images).astype(np.float32) / np.float32(255)
