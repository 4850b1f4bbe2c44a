"""What a network sees of an image: the whole frame, the crop around a box, or a distorted copy.

Training, evaluation and prediction all make the pixels of their inputs here.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image

from autofocus.boxes.box import Box
from autofocus.boxes.crop_shape import CropShape
from autofocus.features.distortions import DistortedCopy, Distortions
from autofocus.features.pixels import Pixels, to_pixels
from autofocus.features.views import FixedView

# What a classifier sees: the whole frame; the crop around motion; that around what the detector
# found; around what either found; or the whole frame beside the crop around motion.
View = Literal["full", "motion", "detector", "combined", "both"]


def needs_motion(view: View) -> bool:
    """Return whether what a classifier sees depends on motion."""
    return view in ("motion", "combined", "both")


def needs_detector(view: View) -> bool:
    """Return whether what a classifier sees depends on the detector."""
    return view in ("detector", "combined")


@dataclass(frozen=True)
class Crop:
    """One input of a network, made from an image.

    Attributes:
        box: the part of the image that is seen; None, or a whole frame, for all of it.
        copy: how that part is distorted, or in which view it is seen; None for as it is.
        shape: of the crop around the box; None if the box is the crop.
    """

    box: Box | None = None
    copy: DistortedCopy | FixedView | None = None
    shape: CropShape | None = None

    def key(self, digest: str) -> str:
        """Return the key under which the embedding of the crop is cached.

        Args:
            digest: the SHA-256 of the image's content.
        """
        if self.copy is not None:
            return self.copy.key
        if self.box is None or not self.box.is_found:
            return digest
        box = self.box
        part = f"{digest}|{box.left}|{box.top}|{box.width}|{box.height}"
        if self.shape is not None:
            part += f"|{self.shape.margin}|{self.shape.least_side}"
        return hashlib.sha256(part.encode()).hexdigest()

    def cut(self, image: Image.Image) -> Image.Image:
        """Return the part of an image that is seen, in its own size."""
        if self.box is None or not self.box.is_found:
            return image
        if self.shape is None:
            return self.box.crop(image)
        left, top, right, bottom = map(round, self.shape.around(self.box, image.size))
        return image.crop((left, top, right, bottom))

    def pixels(self, image: Image.Image, size: tuple[int, int]) -> Pixels:
        """Return the crop's pixels.

        Args:
            image: the preprocessed image.
            size: height and width that the network takes, in pixels.

        Returns:
            RGB, shape (height, width, 3), 0 to 255.
        """
        part = self.cut(image)
        return to_pixels(part, size) if self.copy is None else self.copy.pixels(part, size)

    def distorted(self, distortions: Distortions, digest: str, number: int) -> "tuple[Crop, ...]":
        """Return distorted copies of the crop.

        Args:
            distortions: how it is distorted.
            digest: the SHA-256 of the image's content.
            number: the maximum number of copies.
        """
        copies = distortions.copies(self.key(digest), number)
        return tuple(Crop(self.box, copy, self.shape) for copy in copies)

    def viewed(self, number: int, digest: str = "") -> "tuple[Crop, ...]":
        """Return the first views of the crop, of which the first is the crop itself.

        Args:
            number: of views.
            digest: the SHA-256 of the image's content; it is needed for the keys alone.
        """
        if number == 1:
            return (self,)
        key = self.key(digest)
        others = (replace(self, copy=FixedView(key, each)) for each in range(1, number))
        return (self, *others)


def crops_of(view: View, box: Box | None, shape: CropShape | None = None) -> tuple[Crop, ...]:
    """Return the crops that a classifier sees of an image, in the order of its inputs.

    Args:
        view: what the classifier sees.
        box: the one box of the image; not needed if the view is `full`.
        shape: of the crop around the box; None if the box is the crop.
    """
    frame, crop = Crop(), Crop(box, shape=shape)
    return {"full": (frame,), "both": (frame, crop)}.get(view, (crop,))
