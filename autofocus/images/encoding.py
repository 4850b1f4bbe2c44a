"""Preprocessed images as the bytes of a file: the one way for every stage."""

import io
from pathlib import PurePath

from PIL import Image

from autofocus.errors import RejectedImageError
from autofocus.images.capture import Capture, to_exif
from autofocus.images.names import IMAGE_FORMATS
from autofocus.runs.ledger import Reason

JPEG_QUALITY = 95


def encode_image(image: Image.Image, capture: Capture, name: str) -> bytes:
    """Return an image as the bytes of a file, with date, time and camera as EXIF data.

    Args:
        image: the image.
        capture: date, time and camera.
        name: of the file, whose ending decides on the format.

    Raises:
        RejectedImageError: the image can't be written in that format.
    """
    # In memory: writing to a file itself, Pillow doesn't notice when the disk is full.
    content = io.BytesIO()
    image_format = IMAGE_FORMATS[PurePath(name).suffix.lower()]
    # What Pillow keeps of the original, such as its compression, must not decide here.
    how = {"compression": None} if image_format == "TIFF" else {"quality": JPEG_QUALITY}
    try:
        image.save(content, image_format, exif=to_exif(capture), **how)
    except Exception as error:
        # Pillow's writers raise almost anything on images that they can't write.
        detail = f"can't be saved as {image_format}: {error}"
        raise RejectedImageError(Reason.UNREADABLE, detail) from None
    return content.getvalue()
