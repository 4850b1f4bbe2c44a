"""Earlier names of `autofocus.images.reading` and `autofocus.features.pixels`."""

from pathlib import Path

from PIL import Image

from autofocus.features.pixels import Pixels, to_batch, to_pixels
from autofocus.images.reading import read_image

__all__ = ["load", "read", "to_batch", "to_pixels"]


def read(path: Path) -> Image.Image:
    """Read an image (raises RejectedImageError)."""
    return read_image(path).image


def load(path: Path, size: tuple[int, int]) -> Pixels:
    """Read an image and resize it (raises RejectedImageError)."""
    return to_pixels(read(path), size)
