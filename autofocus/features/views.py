"""Views of an image whose probabilities are averaged: as it is, mirrored, and enlarged.

Averaging over mirrored and shifted crops is that of A. Krizhevsky, I. Sutskever and G. E. Hinton,
"ImageNet Classification with Deep Convolutional Neural Networks" (NeurIPS 2012).
"""

import hashlib
from dataclasses import dataclass

from PIL import Image

from autofocus.features.pixels import Pixels, to_pixels

# The version of the arithmetic below: cached embeddings of another version are not used.
_VERSION = "views/1"
# Each pair of views, plain and mirrored, is enlarged by this much more than the pair before.
_STEP = 0.1


def note_views(number: int) -> tuple[str, ...]:
    """Return what several views cost, for a summary; nothing for a single one."""
    if number == 1:
        return ()
    cost = f"each image is read {number} times by the network: about {number} times the time"
    return (f"{cost} (--views)",)


@dataclass(frozen=True)
class FixedView:
    """One view of an image, which does not depend on chance.

    Attributes:
        original_key: of what is viewed (see `Crop.key`).
        number: of the view: odd ones are mirrored, and each pair is enlarged further.
    """

    original_key: str
    number: int

    @property
    def key(self) -> str:
        """The key under which its embedding is cached."""
        text = f"{_VERSION}|{self.original_key}|{self.number}"
        return hashlib.sha256(text.encode()).hexdigest()

    def pixels(self, image: Image.Image, size: tuple[int, int]) -> Pixels:
        """Return the view's pixels.

        Args:
            image: what is viewed.
            size: height and width of the result in pixels.

        Returns:
            RGB, shape (height, width, 3), 0 to 255.
        """
        enlarged = 1 + _STEP * (self.number // 2)
        across = image.width * (1 - 1 / enlarged) / 2
        down = image.height * (1 - 1 / enlarged) / 2
        box = (across, down, image.width - across, image.height - down)
        pixels = to_pixels(image, size, box=box)
        return pixels[:, ::-1] if self.number % 2 else pixels
