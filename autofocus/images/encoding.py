"""Preprocessed images as the bytes of a file: the one way for every stage."""

import io
from pathlib import PurePath

from PIL import Image

from autofocus.images.capture import Capture, to_exif
from autofocus.images.names import IMAGE_FORMATS

JPEG_QUALITY = 95


def encode_image(image: Image.Image, capture: Capture, name: str) -> bytes:
    """Return an image as the bytes of a file, with date, time and camera as EXIF data.

    Args:
        image: the image.
        capture: date, time and camera.
        name: of the file, whose ending decides on the format.
    """
    # In memory: writing to a file itself, Pillow doesn't notice when the disk is full.
    content = io.BytesIO()
    image_format = IMAGE_FORMATS[PurePath(name).suffix.lower()]
    image.save(content, image_format, quality=JPEG_QUALITY, exif=to_exif(capture))
    return content.getvalue()
