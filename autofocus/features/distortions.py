"""Random distortions of training images, after those of TensorFlow's retraining script.

An image is enlarged by up to `random_crop` plus `random_scale` percent, and a random part of the
input size is cut out; it is mirrored with probability 0.5; its brightness is multiplied.

TensorFlow's script distorts each image anew at each step, which runs the backbone each time. Here
an image has a fixed number of distorted copies, whose embeddings are computed once and cached.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image

from autofocus.features.pixels import Pixels, to_pixels

# The version of the arithmetic below: cached embeddings of another version are not used.
_VERSION = "distortions/1"
_MIRRORED = 0.5


@dataclass(frozen=True)
class Distortions:
    """How training images are distorted.

    Attributes:
        flip_left_right: whether half of the images are mirrored.
        random_crop: the margin that is cropped, in percent of the result's sides.
        random_scale: the maximum enlargement, in percent.
        random_brightness: the maximum change of brightness, in percent.
    """

    flip_left_right: bool = False
    random_crop: int = 0
    random_scale: int = 0
    random_brightness: int = 0

    def __bool__(self) -> bool:
        """Return whether images are distorted at all."""
        return self != Distortions()

    @property
    def is_random(self) -> bool:
        """Whether copies differ from each other, which mirrored ones alone don't."""
        return self not in {Distortions(), Distortions(flip_left_right=True)}

    def apply(
        self, image: Image.Image, size: tuple[int, int], random: np.random.Generator
    ) -> Pixels:
        """Return the pixels of a distorted image.

        Args:
            image: the image, or the part of it that the network sees.
            size: height and width of the result in pixels.
            random: the random number generator.

        Returns:
            RGB, shape (height, width, 3), 0 to 255.
        """
        enlarged = (1 + self.random_crop / 100) * random.uniform(1, 1 + self.random_scale / 100)
        width, height = image.width / enlarged, image.height / enlarged
        left = random.uniform(0, image.width - width)
        top = random.uniform(0, image.height - height)
        pixels = to_pixels(image, size, box=(left, top, left + width, top + height))
        if self.flip_left_right and random.random() < _MIRRORED:
            pixels = pixels[:, ::-1]
        span = self.random_brightness / 100
        brightness = random.uniform(1 - span, 1 + span)
        bright: Pixels = np.clip(np.rint(pixels * brightness), 0, 255).astype(np.uint8)
        return bright

    def copies(self, key: str, number: int) -> "tuple[DistortedCopy, ...]":
        """Return distorted copies of an image; the same image always has the same copies.

        Args:
            key: of what is distorted (see `Crop.key`).
            number: the number of copies; mirroring alone makes at most one.
        """
        if not self:
            return ()
        numbers = range(number if self.is_random else 1)
        return tuple(DistortedCopy(self, key, each) for each in numbers)


@dataclass(frozen=True)
class DistortedCopy:
    """One distorted copy of an image.

    Attributes:
        distortions: how it is distorted.
        original_key: of what is distorted (see `Crop.key`).
        number: of the copy, from 0.
    """

    distortions: Distortions
    original_key: str
    number: int

    @property
    def key(self) -> str:
        """The key under which its embedding is cached."""
        how = json.dumps(asdict(self.distortions), sort_keys=True)
        text = f"{_VERSION}|{self.original_key}|{how}|{self.number}"
        return hashlib.sha256(text.encode()).hexdigest()

    def pixels(self, image: Image.Image, size: tuple[int, int]) -> Pixels:
        """Return the copy's pixels, the same each time.

        Args:
            image: what is distorted.
            size: height and width of the result in pixels.

        Returns:
            RGB, shape (height, width, 3), 0 to 255.
        """
        if not self.distortions.is_random:
            return to_pixels(image, size)[:, ::-1]
        random = np.random.default_rng(int(self.key[:32], 16))
        return self.distortions.apply(image, size, random)
