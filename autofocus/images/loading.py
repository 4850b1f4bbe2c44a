"""Loading the pixels of an open image, if they are all there, and within a limit of memory."""

from contextlib import ExitStack

from PIL import Image

from autofocus.errors import RejectedImageError
from autofocus.images.content import Content
from autofocus.images.integrity.jpeg import Target, decode_jpeg
from autofocus.images.integrity.png import check_png
from autofocus.images.integrity.strict_pillow import strict_pillow
from autofocus.images.integrity.webp import check_webp
from autofocus.images.memory_budget import DECODING
from autofocus.runs.ledger import Reason

# An image whose pixels need more is not decoded, in bytes.
_MAX_MEMORY = 900 << 20
# A JPEG file is read up to here: what an image needs comes first in it.
_MAX_FILE = 128 << 20
# What a pixel takes: as Pillow keeps it, and in copies that are upright, converted or cropped.
_LOADED, _COPIED = 4, 4
# The coefficients of a progressive JPEG file, which are all kept: 2 bytes for each channel.
_COEFFICIENT = 2
_JPEG = ("JPEG", "MPO")


def load_whole(
    image: Image.Image, content: Content | None, pixels: int, resources: ExitStack
) -> Image.Image:
    """Return an image with its pixels.

    Args:
        image: as Pillow opened it, perhaps at a reduced size (`Image.draft`).
        content: of its file; None if the pixels are there already.
        pixels: their number at the full size.
        resources: where the memory is held until the image is no longer needed.

    Raises:
        RejectedImageError: the file is damaged, or decoding it takes too much time or memory.
    """
    if content is None:
        return image
    memory = image.width * image.height * (_LOADED + _COPIED)
    if image.format in _JPEG:
        _claim(memory + _jpeg_memory(image, content, pixels), resources)
        return _load_jpeg(image, content, pixels)
    _claim(memory, resources)
    if image.format == "PNG":
        return _load_png(image, content)
    if image.format == "WEBP":
        check_webp(content.read(_MAX_FILE), _MAX_FILE)
    return _load(image)


def _claim(size: int, resources: ExitStack) -> None:
    if size > _MAX_MEMORY:
        detail = f"decoding it takes more than {_MAX_MEMORY >> 20} MB"
        raise RejectedImageError(Reason.TOO_LARGE, detail)
    resources.enter_context(DECODING.claim(size))


def _jpeg_memory(image: Image.Image, content: Content, pixels: int) -> int:
    file = min(content.size, _MAX_FILE)
    is_progressive = "progressive" in image.info
    # A file that isn't whole is copied.
    return 2 * file + is_progressive * pixels * _COEFFICIENT * len(image.getbands())


def _load_jpeg(image: Image.Image, content: Content, pixels: int) -> Image.Image:
    decoded = decode_jpeg(content.read(_MAX_FILE), Target(image.mode, *image.size, pixels))
    if decoded is None:
        return _load(image)
    # Pillow writes some of it, such as a comment, into what is made of the image.
    decoded.info = dict(image.info)
    return decoded


def _load_png(image: Image.Image, content: Content) -> Image.Image:
    checked = check_png(content)
    if checked is None:
        return _load(image)
    with Image.open(checked, formats=["PNG"]) as stored:
        return _load(stored)


def _load(image: Image.Image) -> Image.Image:
    with strict_pillow():
        image.load()
    return image
