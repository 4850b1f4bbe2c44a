"""Random distortions of training images, after those of TensorFlow's retraining script.

An image is enlarged by up to `random_crop` plus `random_scale` percent and a part of the input
size cut out at random; it is mirrored in half of the cases; and its brightness is multiplied.

TensorFlow's script distorts each image anew at each step, which runs the backbone each time. Here
an image has a fixed number of distorted copies, whose feature vectors are computed once and kept.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autofocus.features.loading import to_pixels

# A change of the arithmetic below asks for a new number, so that cached features aren't mixed.
_ARITHMETIC = "distortions/1"
_HALF = 0.5


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

    @property
    def is_random(self) -> bool:
        """Whether copies differ from each other: all but mirroring alone."""
        return self not in {Distortions(), Distortions(flip_left_right=True)}

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
        if self.flip_left_right and random.random() < _HALF:
            pixels = pixels[:, ::-1]
        span = self.random_brightness / 100
        brightness = random.uniform(1 - span, 1 + span)
        bright: NDArray[np.uint8] = np.clip(np.rint(pixels * brightness), 0, 255).astype(np.uint8)
        return bright

    def copies(self, digest: str, number: int) -> "tuple[Copy, ...]":
        """Return the distorted copies that are learned from beside an image itself.

        Args:
            digest: the SHA-256 of what is distorted; the same always has the same copies.
            number: how many; mirroring alone makes no more than one.
        """
        if not self:
            return ()
        return tuple(Copy(self, digest, each) for each in range(number if self.is_random else 1))


@dataclass(frozen=True)
class Copy:
    """One distorted copy of an image.

    Attributes:
        distortions: how it is distorted.
        digest: the SHA-256 of what is distorted.
        number: which of its copies it is, from 0.
    """

    distortions: Distortions
    digest: str
    number: int

    @property
    def key(self) -> str:
        """Under which its feature vector is kept: it tells the copy from all others."""
        how = json.dumps(asdict(self.distortions), sort_keys=True)
        text = f"{_ARITHMETIC}|{self.digest}|{how}|{self.number}"
        return hashlib.sha256(text.encode()).hexdigest()

    def apply(self, image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the copy's pixels, the same each time.

        Args:
            image: what is distorted.
            size: height and width of the result in pixels.

        Returns:
            Shape (height, width, 3), 0 to 255.
        """
        if not self.distortions.is_random:
            return to_pixels(image, size)[:, ::-1]
        random = np.random.default_rng(int(self.key[:32], 16))
        return self.distortions.apply(image, size, random)
