"""From a file to a decoded image with its date, time and camera: the one way for every stage."""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from autofocus.images.capture import Capture, read_capture
from autofocus.images.content import Content
from autofocus.images.decoding import OpenImage, decode, open_image
from autofocus.images.preparing import Preparation, prepare


@dataclass(frozen=True)
class DecodedImage:
    """An image as it is shown to a network or a person.

    Attributes:
        image: upright, in mode RGB, or L if the file has one channel.
        capture: date, time and camera.
        width: of the upright original, in pixels.
        height: of the upright original, in pixels.
    """

    image: Image.Image
    capture: Capture
    width: int
    height: int


def read_image(source: Path | Content, preparation: Preparation | None = None) -> DecodedImage:
    """Read and decode an image.

    Args:
        source: the file, which is read once; or its content.
        preparation: how to crop and resize it; None for an image that is preprocessed already.

    Raises:
        RejectedImageError: the file can't be used.
    """
    content = Content.of_file(source) if isinstance(source, Path) else source
    with open_image(content) as opened:
        # Before decoding, after which Pillow no longer knows the EXIF data of some formats.
        capture = read_capture(opened.image)
        image = _pixels(opened, capture, preparation)
    return DecodedImage(image, capture, opened.width, opened.height)


def _pixels(opened: OpenImage, capture: Capture, preparation: Preparation | None) -> Image.Image:
    if preparation is None:
        return decode(opened)[0]
    return prepare(
        opened, preparation.for_camera(capture.camera_make, opened.width, opened.height)
    )


def read_moment(path: Path) -> str:
    """Return date and time of an image from its header, in ISO format; empty if unknown.

    Raises:
        RejectedImageError: the file can't be used.
    """
    with open_image(path) as opened:
        return read_capture(opened.image).moment
