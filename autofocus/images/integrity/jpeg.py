"""Decoding JPEG files with a decoder that reports what libjpeg warns of.

libjpeg decodes a damaged file to its end, fills what is missing with grey, and only warns. Most
warnings are about damage; some are about what many cameras write.
"""

import re
from dataclasses import dataclass

from PIL import Image

from autofocus.errors import RejectedImageError, need
from autofocus.images.content import Content
from autofocus.images.integrity import jpeg_stream
from autofocus.images.integrity.damage import corrupt, truncated
from autofocus.runs.ledger import Reason

# Pillow's names of modes, and those of TurboJPEG's pixel formats.
_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
# From this size on, both decoders round the sizes of reduced images to the same fractions.
_MIN_SIDE = 64
_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker 0x([0-9a-f]{2})")
# Some cameras fill the last bytes of the coded pixels up, so that their number is even; so few
# bytes of any value are none of the image.
_MAX_FILL = 3
# A file has been put right so many times before it is given up.
_MAX_REPAIRS = 20
_CHANNELS = {"L": 1, "RGB": 3, "CMYK": 4}
# Encoders write about ten scans. Far more are rejected if decoding them takes several seconds: so
# many pixels of a scan take about one.
_MAX_SEGMENTS, _MAX_STRAYS = 20_000, 200_000
_MAX_SCANS, _MAX_WORK = 40, 250_000_000


def check_header(content: Content) -> None:
    """Reject a file whose header would take many seconds to read.

    Raises:
        RejectedImageError: it has far more segments or stray bytes than an image.
    """
    with content.open() as file:
        segments, strays = jpeg_stream.count_before_scan(file, _MAX_STRAYS)
    if segments > _MAX_SEGMENTS or strays > _MAX_STRAYS:
        raise corrupt("the header holds far more than that of an image")


@dataclass(frozen=True)
class Target:
    """What to decode.

    Attributes:
        mode: of Pillow: RGB, L or CMYK.
        width: of the result, in pixels.
        height: of the result, in pixels.
        pixels: of the stored image at full size.
    """

    mode: str
    width: int
    height: int
    pixels: int


def decode_jpeg(data: bytes, target: Target) -> Image.Image | None:
    """Decode a JPEG file, if it is whole.

    Args:
        data: the content of the file.
        target: mode and size: the full size, or the half, quarter or eighth of it, rounded up.

    Returns:
        The image, with the pixels that Pillow would decode; None if this decoder can't decode such
        a file.

    Raises:
        RejectedImageError: the file is damaged, or decoding it would take too long.
    """
    _check_scans(data, target)
    image = _decode(data, target)
    if isinstance(image, str):
        data, image = _decode_rebuilt(jpeg_stream.rebuild(data), target)
    if image is not None and jpeg_stream.has_hole(data):
        raise corrupt("a part of the pixels was overwritten with zeros")
    return image


def _decode(data: bytes, target: Target) -> Image.Image | str | None:
    """Return the image, or the first warning or error as text; None if it is for Pillow."""
    simplejpeg = need("simplejpeg", "preprocess")
    if target.mode not in _SPACES:
        return None
    try:
        pixels = simplejpeg.decode_jpeg(
            data,
            _SPACES[target.mode],
            # What Pillow decodes with.
            fastdct=False,
            fastupsample=False,
            min_height=target.height,
            min_width=target.width,
        )
    except ValueError as error:
        return str(error)
    height, width = pixels.shape[:2]
    if (width, height) != (target.width, target.height):
        return None
    # Pillow takes all files of four channels for Adobe's, which are stored inverted.
    raw = "CMYK;I" if target.mode == "CMYK" else target.mode
    return Image.frombuffer(target.mode, (width, height), pixels, "raw", raw, 0, 1)


def _check_scans(data: bytes, target: Target) -> None:
    """Reject a file that would be decoded over and over, or lacks scans."""
    if jpeg_stream.has_one_scan(data, _CHANNELS.get(target.mode, 0)):
        return
    scans = jpeg_stream.count_scans(data)
    if scans > _MAX_SCANS and scans * target.pixels > _MAX_WORK:
        raise RejectedImageError(Reason.TOO_LARGE, f"{scans} scans, far more than an image has")
    if not jpeg_stream.is_complete(data):
        raise truncated("scans are missing")


def _decode_rebuilt(data: bytes, target: Target) -> tuple[bytes, Image.Image | None]:
    """Decode what `jpeg_stream.rebuild` returned, of which warnings are about the pixels alone.

    Returns:
        What was decoded in the end, and the image.
    """
    for _ in range(_MAX_REPAIRS):
        image = _decode(data, target)
        if not isinstance(image, str):
            return data, image
        if not (match := _EXTRANEOUS.search(image)):
            _explain(image)
            return data, None
        data = _without_fill(data, int(match[1]), int(match[2], 16))
    raise corrupt("there are bytes that belong to no pixels")


def _explain(warning: str) -> None:
    """Raise what a warning means, unless it is an error that says nothing of the pixels."""
    if "remature end" in warning:
        raise truncated("the pixels end too early")
    if "Corrupt JPEG data" in warning or "Inconsistent progression" in warning:
        raise _damage(warning)


def _damage(warning: str) -> RejectedImageError:
    return corrupt(warning.removeprefix("Corrupt JPEG data: "))


def _without_fill(data: bytes, number: int, marker: int) -> bytes:
    """Remove bytes that follow the coded pixels of a scan, if they are no pixels themselves.

    Raises:
        RejectedImageError: they are left over, as pixels before them were lost.
    """
    for segment in jpeg_stream.read_segments(data):
        is_scan = segment.end - segment.start > number
        if is_scan and data[segment.end + 1] == marker and _is_fill(data, segment, number):
            return data[: segment.end - number] + data[segment.end :]
    raise corrupt(f"{number} bytes are left over behind the pixels")


def _is_fill(data: bytes, segment: jpeg_stream.Segment, number: int) -> bool:
    if number <= _MAX_FILL:
        return True
    fill = data[segment.end - number : segment.end]
    # Where the zeros began among the pixels, these were lost as well.
    before = data[max(segment.start, segment.end - number - _MIN_SIDE) : segment.end - number]
    is_cut_off = not before.strip(b"\0") and not jpeg_stream.may_hold_zeros(data)
    return not fill.strip(b"\0\xff") and not is_cut_off
