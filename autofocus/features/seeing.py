"""From a photograph's file to what a network sees of it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autofocus.features.loading import to_pixels
from autofocus.images.capture import read_capture
from autofocus.images.decoding import Photograph, decode, open_photograph
from autofocus.images.preparing import Preparation, prepare
from autofocus.model.classifier import View
from autofocus.motion.boxes import Box

# What a network sees of one photograph: for each of its views, shape (height, width, 3), 0 to 255.
Views = tuple[NDArray[np.uint8], ...]


def see(path: Path, preparation: Preparation | None) -> tuple[Image.Image, str]:
    """Decode a photograph, and read when it was taken.

    Args:
        path: the file.
        preparation: how to trim and resize it first; None for one that is preprocessed already.

    Returns:
        The image, and the moment; see `moment_of`.

    Raises:
        RejectedImageError: the file can't be used.
    """
    with open_photograph(path) as photograph:
        moment = moment_of(photograph)
        if preparation is not None:
            return prepare(photograph, preparation), moment
        return decode(photograph)[0], moment


def moment_of(photograph: Photograph) -> str:
    """Return when a photograph was taken, in ISO form to the second; empty if it isn't told."""
    capture = read_capture(photograph.image)
    return f"{capture.date}T{capture.time}" if capture.date else ""


def views_of(image: Image.Image, box: Box | None, view: View, size: tuple[int, int]) -> Views:
    """Return what a network looks at.

    Args:
        image: a prepared photograph.
        box: what moved on it; needed where the view is not `full`.
        view: which of frame and crop, or both.
        size: height and width that the network takes.
    """
    if box is None or view == "full":
        return (to_pixels(image, size),)
    # Where nothing can be told of motion, the crop is the whole frame, as it was in training.
    crop = to_pixels(box.crop(image) if box.status == "motion" else image, size)
    return (crop,) if view == "motion" else (to_pixels(image, size), crop)
