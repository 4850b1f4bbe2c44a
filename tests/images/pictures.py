"""Pictures made by the tests themselves: constant colours, scenes with footers, broken files."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

ORIENTATION, MAKE, MODEL, DATE_TIME = 0x0112, 0x010F, 0x0110, 0x0132
EXIF_FOLDER, DATE_TIME_ORIGINAL = 0x8769, 0x9003


def constant(width: int, height: int, colour: int | tuple[int, ...]) -> Pixels:
    """Return an image of one colour, `[height, width]` or `[height, width, channels]`."""
    shape = (height, width) if isinstance(colour, int) else (height, width, len(colour))
    return np.full(shape, colour, np.uint8)


def scene(size: tuple[int, int], bars: tuple[int, int], shade: int, bar_shade: int) -> Pixels:
    """Return a gray scene, `size` wide and high, with bars so high at its top and bottom."""
    pixels = constant(*size, (shade, shade, shade))
    top, bottom = bars
    pixels[:top] = bar_shade
    pixels[size[1] - bottom :] = bar_shade
    return pixels


def hills(width: int, height: int) -> Pixels:
    """Return a smooth coloured image with shapes of many sizes, as photographs have."""
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    waves = [
        np.sin(across / 31.0) + np.cos(down / 17.0),
        np.sin((across + 2 * down) / 23.0) + np.cos(across / 47.0),
        np.sin((across - down) / 11.0) + np.cos(down / 5.0),
    ]
    return np.stack([np.rint(127 + 60 * wave) for wave in waves], axis=-1).astype(np.uint8)


def stored(upright: Pixels, orientation: int) -> Pixels:
    """Return an upright image as a camera of this EXIF orientation stores it.

    Written from the table in the EXIF specification (CIPA DC-008, tag 0x0112), which says where
    the first stored row and column are in the upright image.
    """
    ways: dict[int, Pixels] = {
        1: upright,  # top, left
        2: upright[:, ::-1],  # top, right
        3: upright[::-1, ::-1],  # bottom, right
        4: upright[::-1],  # bottom, left
        5: upright.swapaxes(0, 1),  # left, top
        6: upright[:, ::-1].swapaxes(0, 1),  # right, top
        7: upright[::-1, ::-1].swapaxes(0, 1),  # right, bottom
        8: upright[::-1].swapaxes(0, 1),  # left, bottom
    }
    return np.ascontiguousarray(ways[orientation])


def exif(tags: dict[int, Any], original: str | None = None) -> Image.Exif:
    """Return EXIF data with these tags, and DateTimeOriginal where it is given."""
    data = Image.Exif()
    for tag, value in tags.items():
        data[tag] = value
    if original is not None:
        data.get_ifd(EXIF_FOLDER)[DATE_TIME_ORIGINAL] = original
    return data


def encoded(picture: Pixels | Image.Image, picture_format: str = "JPEG", **how: Any) -> bytes:
    """Return an image as a file's bytes; JPEG at quality 95 with full colour by default."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    if picture_format == "JPEG":
        how = {"quality": 95, "subsampling": 0} | how
    file = io.BytesIO()
    image.save(file, picture_format, **how)
    return file.getvalue()


def write(
    path: Path, picture: Pixels | Image.Image, picture_format: str = "JPEG", **how: Any
) -> Path:
    """Write an image to a file, folders made, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(picture, picture_format, **how))
    return path


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """Return a gray PNG file written by hand, with these chunks behind its header."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, *chunks)
    )


def png_data(height: int, row: bytes) -> bytes:
    """Return the chunk that holds so many equal rows of pixels."""
    return b"IDAT" + zlib.compress((b"\0" + row) * height)
