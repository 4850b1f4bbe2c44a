"""Tests of opening images of all sorts, and of rejecting what is none."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from autofocus.errors import RejectedImageError
from autofocus.images.capture import read_capture
from autofocus.images.decoding import decode, open_image
from autofocus.runs.ledger import Reason
from tests.images import pictures
from tests.images.pictures import Pixels, constant, encoded, hills, write

# Pillow warns of much that ends in the ledger; the program silences it as the tests do here.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

RED = (200, 40, 40)


def decoded(path: Path, shrink: float = 1.0) -> tuple[Image.Image, float]:
    with open_image(path) as opened:
        return decode(opened, shrink)


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image)


def rejection(path: Path) -> RejectedImageError:
    with pytest.raises(RejectedImageError) as caught:
        decoded(path)
    return caught.value


def palette() -> Image.Image:
    return Image.fromarray(constant(40, 30, RED)).quantize(4)


def deep(value: int) -> Image.Image:
    return Image.fromarray(np.full((30, 40), value, np.uint16))


def mode(colour: int | tuple[int, ...], name: str) -> Image.Image:
    return Image.new(name, (40, 30), colour)


@pytest.mark.parametrize(
    ("picture", "how", "expected"),
    [
        pytest.param(mode(90, "L"), {"picture_format": "JPEG"}, 90, id="gray JPEG"),
        pytest.param(mode(90, "L"), {"picture_format": "PNG"}, 90, id="gray PNG"),
        pytest.param(mode(RED, "RGB"), {"picture_format": "PNG"}, RED, id="RGB PNG"),
        pytest.param(mode((*RED, 7), "RGBA"), {"picture_format": "PNG"}, RED, id="RGBA PNG"),
        pytest.param(mode((90, 7), "LA"), {"picture_format": "PNG"}, 90, id="gray PNG with alpha"),
        pytest.param(mode(1, "1"), {"picture_format": "PNG"}, 255, id="1 bit"),
        pytest.param(palette(), {"picture_format": "PNG"}, RED, id="palette"),
        pytest.param(palette(), {"picture_format": "GIF"}, RED, id="GIF"),
        # 200 * 257 of 65535 is 200 of 255.
        pytest.param(deep(51400), {"picture_format": "PNG"}, 200, id="16 bits"),
        pytest.param(deep(65535), {"picture_format": "TIFF"}, 255, id="16 bits of TIFF"),
        # (255 - cyan) * (255 - black) / 255 is red, and so on.
        pytest.param(
            mode((0, 100, 200, 50), "CMYK"),
            {"picture_format": "JPEG"},
            (205, 125, 44),
            id="CMYK",
        ),
        pytest.param(mode(RED, "RGB"), {"picture_format": "BMP"}, RED, id="BMP"),
        pytest.param(
            mode(RED, "RGB"), {"picture_format": "WEBP", "lossless": True}, RED, id="WEBP"
        ),
    ],
)
def test_every_mode(
    tmp_path: Path, picture: Image.Image, how: dict[str, Any], expected: int | tuple[int, ...]
) -> None:
    """Each mode and depth becomes 8-bit RGB, or L where there is one channel."""
    image, share = decoded(write(tmp_path / "x.jpg", picture, **how))
    assert image.mode == ("L" if isinstance(expected, int) else "RGB")
    assert image.size == (40, 30)
    assert share == 1
    np.testing.assert_array_equal(pixels(image), constant(40, 30, expected))


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg(tmp_path: Path, progressive: bool) -> None:
    """A JPEG file, baseline or progressive, is decoded to what was encoded, up to its losses."""
    path = write(tmp_path / "x.jpg", hills(200, 120), progressive=progressive)
    image, _ = decoded(path)
    assert image.mode == "RGB"
    assert np.abs(pixels(image).astype(int) - hills(200, 120)).mean() < 1.5


def test_mpo_is_its_first_image(tmp_path: Path) -> None:
    """Of a file with several images, as some cameras write, the first counts."""
    other = Image.fromarray(constant(64, 48, 200))
    path = write(
        tmp_path / "x.JPG",
        constant(64, 48, 80),
        "MPO",
        save_all=True,
        append_images=[other],
        quality=95,
    )
    with Image.open(path) as opened:
        assert opened.format == "MPO"
    image, share = decoded(path, 0.5)
    assert share == 0.5
    np.testing.assert_array_equal(pixels(image), constant(32, 24, 80))


def test_content_goes_before_the_name(tmp_path: Path) -> None:
    """A PNG file named .JPG is decoded as what it is."""
    image, share = decoded(write(tmp_path / "x.JPG", hills(40, 30), "PNG"), 0.25)
    assert share == 1
    np.testing.assert_array_equal(pixels(image), hills(40, 30))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path: Path, orientation: int) -> None:
    """Each of the eight EXIF orientations is turned upright, and so are width and height."""
    upright = hills(48, 32)
    data = pictures.exif({pictures.ORIENTATION: orientation})
    path = write(tmp_path / "x.png", pictures.stored(upright, orientation), "PNG", exif=data)
    with open_image(path) as opened:
        assert (opened.width, opened.height) == (48, 32)
        image, _ = decode(opened)
    np.testing.assert_array_equal(pixels(image), upright)


@pytest.mark.parametrize("orientation", [0, 9, 65535, "6"])
def test_orientation_that_is_none(tmp_path: Path, orientation: Any) -> None:
    """An orientation outside 1 to 8 leaves the image as it is stored."""
    data = pictures.exif({pictures.ORIENTATION: orientation})
    if isinstance(orientation, str):
        data = pictures.exif({pictures.MAKE: orientation})
    image, _ = decoded(write(tmp_path / "x.png", hills(48, 32), "PNG", exif=data))
    np.testing.assert_array_equal(pixels(image), hills(48, 32))


@pytest.mark.parametrize(
    ("shrink", "share"),
    [
        (1.0, 1.0),
        (0.51, 1.0),
        (0.5, 0.5),
        (0.26, 0.5),
        (0.25, 0.25),
        (0.125, 0.125),
        (0.01, 0.125),
    ],
)
def test_reduced_size(tmp_path: Path, shrink: float, share: float) -> None:
    """JPEG is decoded at the smallest of 1, 1/2, 1/4 and 1/8 that isn't smaller than required."""
    image, got = decoded(write(tmp_path / "x.jpg", hills(320, 240)), shrink)
    assert got == share
    assert image.size == (320 * share, 240 * share)


@pytest.mark.parametrize("width", [8, 9, 15, 17, 33])
def test_share_of_odd_sizes(tmp_path: Path, width: int) -> None:
    """The share is exact where the reduced size is rounded up to whole pixels."""
    image, share = decoded(write(tmp_path / "x.jpg", hills(width, 2 * width)), 0.06)
    assert share == 0.125
    assert image.size == (-(-width // 8), -(-2 * width // 8))


@pytest.mark.parametrize("share", [0.5, 0.25, 0.125])
@pytest.mark.parametrize("how", [{}, {"subsampling": 2}, {"progressive": True}])
def test_reduced_is_close_to_full(tmp_path: Path, share: float, how: dict[str, Any]) -> None:
    """An image decoded at reduced size differs little from one decoded in full, then averaged."""
    path = write(tmp_path / "x.jpg", hills(640, 480), **how)
    full, _ = decoded(path)
    reduced, _ = decoded(path, share)
    averaged = pixels(full.resize(reduced.size, Image.Resampling.BOX))
    assert np.abs(pixels(reduced).astype(int) - averaged).mean() < 1.0


def test_empty_file(tmp_path: Path) -> None:
    """A file of no bytes is rejected as empty."""
    (tmp_path / "x.jpg").write_bytes(b"")
    assert rejection(tmp_path / "x.jpg").reason is Reason.EMPTY_FILE


@pytest.mark.parametrize(
    "content",
    [
        b"this is no image",
        b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n",
        b"%PDF-1.7\n",
        b"\0" * 1000,
        b"P6 1 1 255 abc",
    ],
)
def test_no_image(tmp_path: Path, content: bytes) -> None:
    """Text, AppleDouble, PostScript and the like are rejected as no image, whatever their name."""
    (tmp_path / "x.jpg").write_bytes(content)
    assert rejection(tmp_path / "x.jpg").reason is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize("part", [0.002, 0.02, 0.05, 0.3, 0.6, 0.99])
@pytest.mark.parametrize(
    "how",
    [{}, {"progressive": True}, {"picture_format": "PNG"}],
    ids=["JPEG", "progressive", "PNG"],
)
def test_truncated(tmp_path: Path, part: float, how: dict[str, Any]) -> None:
    """A file that was cut off, in its header or its pixels, is rejected as truncated."""
    whole = encoded(hills(320, 240), **how)
    (tmp_path / "x.jpg").write_bytes(whole[: max(4, int(part * len(whole)))])
    assert rejection(tmp_path / "x.jpg").reason is Reason.TRUNCATED


def test_truncated_before_the_pixels(tmp_path: Path) -> None:
    """A JPEG file that ends just where its pixels should begin is rejected as truncated."""
    whole = encoded(hills(320, 240))
    (tmp_path / "x.jpg").write_bytes(whole[: whole.index(b"\xff\xda") + 1])
    assert rejection(tmp_path / "x.jpg").reason is Reason.TRUNCATED


def test_broken_header(tmp_path: Path) -> None:
    """A PNG file whose header is too short is rejected, though Pillow raises no system's error."""
    whole = pictures.png(40, 30, pictures.png_data(30, bytes(40)))
    (tmp_path / "x.png").write_bytes(whole.replace(b"\x0dIHDR", b"\x05IHDR"))
    assert rejection(tmp_path / "x.png").reason is Reason.TRUNCATED


def test_broken_pixels(tmp_path: Path) -> None:
    """A PNG file with rubbish amid its pixels is rejected, though Pillow raises a syntax error."""
    half = pictures.png_data(30, os.urandom(40))[:-20]
    (tmp_path / "x.png").write_bytes(pictures.png(40, 30, half, b"I\xffND"))
    assert rejection(tmp_path / "x.png").reason is Reason.TRUNCATED


def test_truncated_is_seen_at_reduced_size(tmp_path: Path) -> None:
    """A cut off JPEG is rejected at 1/8 of its size, too."""
    whole = encoded(hills(320, 240))
    (tmp_path / "x.jpg").write_bytes(whole[: len(whole) * 9 // 10])
    with pytest.raises(RejectedImageError) as caught:
        decoded(tmp_path / "x.jpg", 0.125)
    assert caught.value.reason is Reason.TRUNCATED


def test_decompression_bomb(tmp_path: Path) -> None:
    """A small file that claims to be of 1.6 gigapixels is rejected before it is decoded."""
    (tmp_path / "x.png").write_bytes(pictures.png(40_000, 40_000, pictures.png_data(1, b"\0")))
    assert rejection(tmp_path / "x.png").reason is Reason.TOO_LARGE


@pytest.mark.parametrize("kind", ["link", "pipe", "gone", "endless"])
def test_what_is_no_file(tmp_path: Path, kind: str) -> None:
    """What can't be opened, such as a link to nowhere or a pipe, is rejected, without its path."""
    path = tmp_path / ("x" * 300 if kind == "endless" else "x.jpg")
    if kind == "link":
        path.symlink_to(tmp_path / "nowhere.jpg")
    elif kind == "pipe":
        os.mkfifo(path)
    error = rejection(path)
    assert error.reason is Reason.UNREADABLE
    words = "File name too long" if kind == "endless" else "no plain file, or a link to nowhere"
    assert error.detail == words


@pytest.mark.parametrize("as_cwd", [True, False])
def test_detail_holds_no_path(
    tmp_path: Path, as_cwd: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said of a broken file is the same wherever it lies, so that ledgers are the same."""
    whole = encoded(hills(320, 240), "TIFF")
    (tmp_path / "x.tif").write_bytes(whole[:5000])
    monkeypatch.chdir(tmp_path)
    path = Path("x.tif") if as_cwd else tmp_path / "x.tif"
    assert "x.tif" not in rejection(path).detail


def test_file_is_closed(tmp_path: Path) -> None:
    """Images leave no open file behind, whether they could be decoded or not."""
    whole = encoded(hills(320, 240))
    (tmp_path / "whole.jpg").write_bytes(whole)
    (tmp_path / "cut.jpg").write_bytes(whole[:3000])
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 - only their number
    decoded(tmp_path / "whole.jpg")
    rejection(tmp_path / "cut.jpg")
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208 - likewise


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("decoding") / "x.jpg"


@settings(max_examples=200)
@given(st.binary(max_size=120), st.sampled_from([b"MM\0*\0\0\0\x08", b"II*\0\x08\0\0\0", b""]))
def test_broken_exif_costs_no_image(place: Path, start: bytes, rest: bytes) -> None:
    """Whatever the EXIF data hold, the image is decoded, and nothing is raised."""
    place.write_bytes(encoded(constant(16, 16, 90), exif=b"Exif\0\0" + start + rest))
    with open_image(place) as opened:
        read_capture(opened.image)
        image, _ = decode(opened, 0.5)
    np.testing.assert_array_equal(pixels(image), constant(8, 8, 90))


def test_broken_exif_is_turned_upright(tmp_path: Path) -> None:
    """An image whose EXIF data are broken but for the orientation is turned upright."""
    tags = b"\x00\x02\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x01\x1a\x00\x05\x00\x00"
    broken = b"Exif\0\0MM\0*\0\0\0\x08" + tags + b"\xff\xff\xff\xff\xff\xff"
    path = write(tmp_path / "x.jpg", constant(32, 16, 90), exif=broken)
    image, _ = decoded(path)
    assert image.size == (16, 32)


FILES = [
    encoded(hills(96, 64), picture_format, exif=pictures.exif({pictures.ORIENTATION: 6}, "x"))
    for picture_format in ("JPEG", "PNG", "TIFF", "WEBP")
] + [encoded(hills(96, 64), picture_format) for picture_format in ("BMP", "GIF")]


@settings(max_examples=300)
@given(st.sampled_from(FILES), st.data())
def test_broken_bytes_are_rejected(place: Path, whole: bytes, data: st.DataObject) -> None:
    """With any bytes changed, a file is decoded or rejected; no other error ever ends a run."""
    near = st.integers(0, 299)
    anywhere = st.integers(0, len(whole) - 1)
    changed = bytearray(whole)
    for at in data.draw(st.lists(near | anywhere, min_size=1, max_size=5)):
        changed[at] = data.draw(st.integers(0, 255))
    place.write_bytes(changed)
    try:
        with open_image(place) as opened:
            read_capture(opened.image)
            image, _ = decode(opened, 0.25)
    except RejectedImageError:
        return
    assert image.mode in ("RGB", "L")
