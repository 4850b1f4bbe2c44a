"""Random distortions of training images, after those of TensorFlow's retraining script.

An image is enlarged by up to `random_crop` plus `random_scale` percent and a part of the input
size cut out at random; it is mirrored in half of the cases; and its brightness is multiplied.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autofocus.learning.loading import to_pixels


@dataclass(frozen=True)
class Distortions:
    """How training images are distorted.

    Attributes:
        flip_left_right: mirror half of the images.
        random_crop: the margin that is cut away, in percent of the result's sides.
        random_scale: up to how much larger the image is made, in percent.
        random_brightness: up to how much brighter or darker it is made, in percent.
    """

    flip_left_right: bool = False
    random_crop: int = 0
    random_scale: int = 0
    random_brightness: int = 0

    def __bool__(self) -> bool:
        """Tell whether anything is distorted at all."""
        return self != Distortions()

    def apply(
        self, image: Image.Image, size: tuple[int, int], random: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a distorted version of the image.

        Args:
            image: the whole frame.
            size: height and width of the result in pixels.
            random: the source of chance.

        Returns:
            Pixels, shape (height, width, 3), 0 to 255.
        """
        enlarged = (1 + self.random_crop / 100) * random.uniform(1, 1 + self.random_scale / 100)
        width, height = image.width / enlarged, image.height / enlarged
        left = random.uniform(0, image.width - width)
        top = random.uniform(0, image.height - height)
        pixels = to_pixels(image, size, box=(left, top, left + width, top + height))
        if self.flip_left_right and random.random() < 0.5:  # noqa: PLR2004 - half of the cases
            pixels = pixels[:, ::-1]
        span = self.random_brightness / 100
        brightness = random.uniform(1 - span, 1 + span)
        bright: NDArray[np.uint8] = np.clip(np.rint(pixels * brightness), 0, 255).astype(np.uint8)
        return bright
