"""From a decoded image to the pixels that a network takes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def to_pixels(
    image: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> Pixels:
    """Resize an image to the input size of a network, ignoring its aspect ratio.

    The whole image is kept, as an animal may be at its edge.

    Args:
        image: in any mode.
        size: height and width in pixels.
        box: left, top, right and bottom of the part to take, in pixels; None for all.

    Returns:
        RGB, shape (height, width, 3), 0 to 255.
    """
    height, width = size
    colours = image if image.mode == "RGB" else image.convert("RGB")
    resized = colours.resize((width, height), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized)


def to_batch(images: Sequence[Pixels]) -> NDArray[np.float32]:
    """Return N images as a network takes them, shape (N, height, width, 3), 0 to 1."""
    # In one piece of memory, as a batch is large.
    batch = np.stack(images, dtype=np.float32, casting="unsafe")
    batch /= np.float32(255)
    return batch
