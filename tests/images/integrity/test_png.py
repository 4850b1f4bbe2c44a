"""Tests of PNG files that Pillow would show with black rows, or not at all."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from autofocus.errors import RejectedImageError
from autofocus.images.reading import read_image
from autofocus.runs.ledger import Reason
from tests.attack.images import chunk, chunks, interlaced, with_chunks
from tests.images.pictures import encoded, hills

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PICTURE = hills(200, 150)
WHOLE = with_chunks(encoded(PICTURE, picture_format="PNG"), 1000)


def read(path: Path, content: bytes) -> Image.Image:
    path.write_bytes(content)
    return read_image(path).image


def joined(parts: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join([SIGNATURE, *(chunk(kind, content) for kind, content in parts)])


def without_one_of_its_pixels() -> bytes:
    parts = chunks(WHOLE)
    return joined(parts[:4] + parts[5:])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (WHOLE[:3000] + bytes([WHOLE[3000] ^ 1]) + WHOLE[3001:], Reason.CORRUPT),
        (WHOLE[:3000] + b"\xff" * (len(WHOLE) - 3000), Reason.CORRUPT),
        (WHOLE[: len(WHOLE) // 2], Reason.TRUNCATED),
        (without_one_of_its_pixels(), Reason.CORRUPT),
    ],
)
def test_damage(tmp_path: Path, content: bytes, reason: Reason) -> None:
    """A changed bit, an overwritten tail, a cut, and a chunk that is lost as a whole are found."""
    with pytest.raises(RejectedImageError) as caught:
        read(tmp_path / "x.png", content)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    "content",
    [
        WHOLE,
        WHOLE[:-12],
        WHOLE + b"appended",
        interlaced(PICTURE),
        joined([*chunks(WHOLE)[:1], (b"tEXt", b"a\0b"), *chunks(WHOLE)[1:]]).replace(
            b"a\0b", b"a\0c"
        ),
    ],
    ids=["whole", "without its end", "appended", "interlaced", "text with a wrong sum"],
)
def test_sound(tmp_path: Path, content: bytes) -> None:
    """What is around the pixels rejects no image, and the pixels are right."""
    assert np.array_equal(np.asarray(read(tmp_path / "x.png", content)), PICTURE)


def test_long_text(tmp_path: Path) -> None:
    """A long text or profile says nothing of the pixels."""
    info = PngImagePlugin.PngInfo()
    info.add_text("raw", "A" * 2_000_000, zip=True)
    content = io.BytesIO()
    Image.fromarray(PICTURE).save(content, "PNG", pnginfo=info, icc_profile=bytes(3_000_000))
    assert np.array_equal(np.asarray(read(tmp_path / "x.png", content.getvalue())), PICTURE)


def test_exif_behind_the_pixels(tmp_path: Path) -> None:
    """EXIF data are found behind the pixels, too."""
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "RECONYX"
    Image.fromarray(PICTURE).save(content, "PNG", exif=exif)
    parts = chunks(content.getvalue())
    data = next(part for part in parts if part[0] == b"eXIf")
    parts.remove(data)
    path = tmp_path / "x.png"
    path.write_bytes(joined([*parts[:-1], data, parts[-1]]))
    assert read_image(path).capture.camera_make == "RECONYX"
