"""Opening photographs of all the sorts that camera traps and people produce."""

import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from autofocus.common.ledger import Reason

# Above this a file is taken for a decompression bomb: about 179 megapixels, Pillow's own limit.
MAX_PIXELS = 2 * (1 << 30) // 4 // 3

# Pillow warns from half of that; between the two we know what we do.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

_ORIENTATION = 0x0112
# EXIF orientations in which the stored rows are the columns of the upright picture.
_LYING = range(5, 9)
_JPEG_START, _PNG_START = b"\xff\xd8\xff", b"\x89PNG"
# What Pillow and its decoders raise on bytes that are not what they claim to be.
_BAD_BYTES = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error)


class RejectedImageError(Exception):
    """A photograph can't be used; a stage turns this into a row of its ledger.

    Attributes:
        reason: why.
        detail: more for people.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Photograph:
    """A file that has been opened and whose header makes sense; its pixels are not read yet.

    Attributes:
        image: Pillow's lazy image.
        width: of the upright picture, in pixels.
        height: likewise.
    """

    image: Image.Image
    width: int
    height: int


@contextmanager
def open_photograph(path: Path) -> Iterator[Photograph]:
    """Open a file and read its header; the file is closed at the end of the `with` block.

    Yields:
        The photograph.

    Raises:
        RejectedImageError: it is empty, no picture, too large, or can't be read.
    """
    with _open(path) as image:
        width, height = image.size
        if _orientation(image) in _LYING:
            width, height = height, width
        yield Photograph(image, width, height)


def _open(path: Path) -> Image.Image:
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if not start:
            raise RejectedImageError(Reason.EMPTY_FILE, "the file has no bytes")
        return Image.open(path)
    except UnidentifiedImageError:
        raise _unidentified(start) from None
    except Image.DecompressionBombError:
        raise RejectedImageError(Reason.TOO_LARGE, f"over {MAX_PIXELS} pixels") from None
    except _BAD_BYTES as error:
        raise RejectedImageError(Reason.UNREADABLE, _words(error)) from None


def _unidentified(start: bytes) -> RejectedImageError:
    if start.startswith((_JPEG_START, _PNG_START)):
        return RejectedImageError(Reason.TRUNCATED, "the file ends within its header")
    return RejectedImageError(Reason.NOT_AN_IMAGE, "the content is of no known picture format")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _BAD_BYTES:
        # Broken EXIF must not cost the picture.
        return 1


def decode(photograph: Photograph, shrink: float = 1.0) -> tuple[Image.Image, float]:
    """Read the pixels, upright, as 8-bit RGB or L.

    JPEG files are decoded at 1/2, 1/4 or 1/8 of their size where that is still large enough
    (`Image.draft`, which leaves out the finer part of the cosine transform).

    Args:
        photograph: an opened file.
        shrink: how small the result may be, as a share of the full size.

    Returns:
        The image and its real size as a share of the full size: 1, 1/2, 1/4 or 1/8.

    Raises:
        RejectedImageError: the file is cut off or broken.
    """
    image = photograph.image
    full = image.width
    try:
        if shrink < 1:
            wanted = (math.ceil(image.width * shrink), math.ceil(image.height * shrink))
            image.draft(None, wanted)
        share = _power_of_two(image.width / full)
        image.load()
        upright = ImageOps.exif_transpose(image) if _orientation(image) != 1 else image
        return to_8_bit(upright), share
    except Image.DecompressionBombError:
        raise RejectedImageError(Reason.TOO_LARGE, f"over {MAX_PIXELS} pixels") from None
    except MemoryError:
        raise RejectedImageError(Reason.TOO_LARGE, "not enough memory to decode it") from None
    except _BAD_BYTES as error:
        cut_off = "truncated" in str(error)
        reason = Reason.TRUNCATED if cut_off else Reason.UNREADABLE
        raise RejectedImageError(reason, _words(error)) from None


def _power_of_two(share: float) -> float:
    # A reduced side is rounded up to whole pixels: its share is a little over 1/2, 1/4 or 1/8.
    return float(2.0 ** round(math.log2(share)))


def to_8_bit(image: Image.Image) -> Image.Image:
    """Return the image as mode RGB, or L where it has one channel."""
    if image.mode in ("RGB", "L"):
        return image.copy()
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image)
    return image.convert("L" if image.mode in ("1", "LA", "La") else "RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """Bring 16 bits to 8; Pillow's own conversion would clip at 255."""
    values = np.asarray(image, dtype=np.float64) / 257.0
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8), "L")


def _words(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    # A decoder may quote the file's path, which differs from machine to machine.
    return text.split(" '/")[0][:200]
