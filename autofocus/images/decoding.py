"""Opening and decoding image files of all the kinds that camera traps and people produce."""

import math
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from autofocus.errors import AutofocusError, MissingDependencyError, RejectedImageError, need
from autofocus.images.content import Content, words_of
from autofocus.images.integrity.jpeg import check_header
from autofocus.images.integrity.png import open_png
from autofocus.images.loading import load_whole
from autofocus.images.names import IMAGE_FORMATS
from autofocus.runs.ledger import Reason

# A larger file is taken for a decompression bomb: about 179 megapixels, Pillow's own limit.
MAX_PIXELS = 2 * (1 << 30) // 4 // 3

# Pillow's readers of these are in daily use; others, such as that for EPS, start programs. MPO
# files are read as JPEG.
FORMATS = tuple(dict.fromkeys(IMAGE_FORMATS.values()))

# EXIF orientations in which the stored rows are the columns of the upright image.
_TRANSPOSED = range(5, 9)
# Those in which the top of the upright image is where the stored rows or columns end.
_TURNED_OVER = (3, 4, 7, 8)
_TO_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_JPEG_START, _PNG_START = b"\xff\xd8\xff", b"\x89PNG"
# Behind a length of 4 bytes: the brands of still images and their sequences in HEIF (ISO/IEC
# 23008-12, annexes B and E).
_HEIF_START = b"ftyp"
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_PIECE_ROWS = 256


@dataclass(frozen=True)
class OpenImage:
    """An open file with a valid header; its pixels are not decoded yet.

    Attributes:
        image: Pillow's lazy image.
        width: of the upright image, in pixels.
        height: of the upright image, in pixels.
        orientation: EXIF orientation of the stored image, 1 (upright) to 8.
        content: of the file; None for pixels that are decoded already.
        resources: what is released when the image is closed.
    """

    image: Image.Image
    width: int
    height: int
    orientation: int = 1
    content: Content | None = None
    resources: ExitStack = field(default_factory=ExitStack)

    @property
    def is_turned_over(self) -> bool:
        """Whether the top of the upright image is where its stored rows (or columns) end."""
        return self.orientation in _TURNED_OVER


@contextmanager
def open_image(source: Path | Content) -> Iterator[OpenImage]:
    """Open a file and read its header; the file is closed at the end of the `with` block.

    Args:
        source: the file, of which no more is read than is needed; or its content.

    Yields:
        The open image.

    Raises:
        RejectedImageError: it is empty, no image, too large, or can't be read.
    """
    _ignore_pillow_warnings()
    content = Content.of_file(source, whole=False) if isinstance(source, Path) else source
    with _open(content) as image, ExitStack() as resources:
        width, height = image.size
        orientation = _orientation(image)
        if orientation in _TRANSPOSED:
            width, height = height, width
        yield OpenImage(image, width, height, orientation, content, resources)


@cache
def _ignore_pillow_warnings() -> None:
    """Ignore Pillow's warnings about large images and broken EXIF data from now on.

    The ledger reports what came of either. It is done for good, as `warnings.catch_warnings` is
    not safe in threads, and when the first image is opened, so that an import changes nothing.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _open(content: Content) -> Image.Image:
    start = content.start
    formats = FORMATS
    if _is_heif(start):
        _register_heif()
        formats = ("HEIF",)
    try:
        if start.startswith(_JPEG_START):
            check_header(content)
        if start.startswith(_PNG_START):
            return open_png(content)
        return Image.open(content.source, formats=formats)
    except RejectedImageError:
        raise
    except UnidentifiedImageError:
        raise _unidentified(start) from None
    except Image.DecompressionBombError:
        raise RejectedImageError(Reason.TOO_LARGE, f"over {MAX_PIXELS} pixels") from None
    except Exception as error:
        # Pillow's readers raise almost anything on bytes that are not what they claim to be.
        raise _broken(error) from None


def _is_heif(start: bytes) -> bool:
    return start[4:8] == _HEIF_START and start[8:12] in _HEIF_BRANDS


def _register_heif() -> None:
    """Let Pillow read HEIF files, which takes a package of its own.

    Raises:
        RejectedImageError: the package isn't installed.
    """
    try:
        need("pillow_heif", "heif").register_heif_opener()
    except MissingDependencyError as error:
        raise RejectedImageError(Reason.UNREADABLE, f"a HEIC image: {error}") from None


def read_start(path: Path) -> bytes:
    """Return the first bytes of a file.

    Raises:
        RejectedImageError: it is empty, or can't be read.
    """
    return Content.of_file(path, whole=False).start


def _unidentified(start: bytes) -> RejectedImageError:
    if start.startswith((_JPEG_START, _PNG_START)) or _is_heif(start):
        return RejectedImageError(Reason.TRUNCATED, "the file ends, or is broken, in its header")
    return RejectedImageError(Reason.NOT_AN_IMAGE, "the content is of no known picture format")


def _orientation(image: Image.Image) -> int:
    try:
        orientation = int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        # An image with broken EXIF data can be used all the same.
        return 1
    return orientation if orientation in _TO_UPRIGHT else 1


def decode(opened: OpenImage, shrink: float = 1.0) -> tuple[Image.Image, float]:
    """Decode the pixels, upright, as 8-bit RGB or L.

    JPEG files are decoded at 1/2, 1/4 or 1/8 of their size if that is still large enough
    (`Image.draft`, which skips the high frequencies of the cosine transform).

    Args:
        opened: an open image.
        shrink: the minimum size of the result, as a fraction of the full size.

    Returns:
        The image, and its actual size as a fraction of the full size: 1, 1/2, 1/4 or 1/8.

    Raises:
        RejectedImageError: the file is truncated or broken.
    """
    image, fraction = opened.image, 1.0
    full_width = image.width
    try:
        if shrink < 1:
            minimum = (math.ceil(image.width * shrink), math.ceil(image.height * shrink))
            drafted = image.draft(None, minimum)
            # The box is the full size divided by 1, 2, 4 or 8, not rounded.
            fraction = drafted[1][2] / full_width if drafted else 1.0
        decoded = load_whole(image, opened.content, opened.width * opened.height, opened.resources)
        result = to_8_bit(_upright(decoded, opened.orientation))
    except AutofocusError:
        # A rejection, or a package that is missing.
        raise
    except Image.DecompressionBombError:
        raise RejectedImageError(Reason.TOO_LARGE, f"over {MAX_PIXELS} pixels") from None
    except MemoryError:
        raise RejectedImageError(Reason.TOO_LARGE, "not enough memory to decode it") from None
    except Exception as error:
        raise _broken(error) from None
    if result is not image:
        # What is not needed any more takes as much memory as the result.
        image.close()
    return result, fraction


def _broken(error: Exception) -> RejectedImageError:
    words = words_of(error)
    # The second is Pillow's message for a JPEG file that ends between header and pixels.
    is_truncated = (
        any(text in words.lower() for text in ("truncated", "end of file"))
        or words == "cannot load this image"
    )
    return RejectedImageError(Reason.TRUNCATED if is_truncated else Reason.UNREADABLE, words)


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    # Not `ImageOps.exif_transpose`, which rewrites the EXIF data and fails on broken ones.
    return image if orientation == 1 else image.transpose(_TO_UPRIGHT[orientation])


def to_8_bit(image: Image.Image) -> Image.Image:
    """Return the image in mode RGB, or L if it has one channel."""
    if image.mode in ("RGB", "L"):
        # One that belongs to a file may still be a part of it.
        return image.copy() if isinstance(image, ImageFile.ImageFile) else image
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image)
    return image.convert("L" if image.mode in ("1", "LA", "La") else "RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """Scale 16 bits to 8; Pillow's own conversion would clip at 255. What is no number is 0."""
    scaled = np.empty((image.height, image.width), dtype=np.uint8)
    # In pieces, as the numbers in between take many bytes.
    for top in range(0, image.height, _PIECE_ROWS):
        piece = image.crop((0, top, image.width, min(top + _PIECE_ROWS, image.height)))
        values = np.nan_to_num(np.asarray(piece, dtype=np.float64), nan=0.0) / 257.0
        scaled[top : top + piece.height] = np.clip(np.rint(values), 0, 255)
    return Image.fromarray(scaled, "L")
