"""Tests of trimming, resizing and measuring images."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from autofocus.errors import InputDataError, RejectedImageError
from autofocus.images.decoding import open_image
from autofocus.images.preparing import (
    MAX_STRETCH,
    Preparation,
    colourfulness,
    mean_brightness,
    prepare,
)
from autofocus.runs.files import write_json
from autofocus.runs.ledger import Reason
from tests.images import pictures
from tests.images.pictures import Pixels, constant, encoded, hills, scene, write


def prepared(path: Path, preparation: Preparation) -> Image.Image:
    with open_image(path) as opened:
        return prepare(opened, preparation)


def image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("size", "trims", "min_side", "expected"),
    [
        # 1536 - 198 = 1338 rows; 256 / 1338 * 2048 = 391.8
        ((2048, 1536), (0, 198), 256, (392, 256)),
        # 1536 - 32 - 32 = 1472 rows; 256 / 1472 * 2048 = 356.2
        ((2048, 1536), (32, 32), 256, (356, 256)),
        # Upright: 1936 - 198 = 1738 rows; the width is the shorter side; 256 / 1296 * 1738 = 343.3
        ((1296, 1936), (0, 198), 256, (256, 343)),
        ((500, 500), (0, 0), 100, (100, 100)),
        # A small image is enlarged.
        ((40, 30), (0, 10), 60, (120, 60)),
        # 2.5 times: half a pixel is rounded up.
        ((5, 2), (0, 0), 5, (13, 5)),
    ],
)
def test_output_size(
    size: tuple[int, int], trims: tuple[int, int], min_side: int, expected: tuple[int, int]
) -> None:
    """The shorter side of what is left becomes `min_side`, and the shape is kept."""
    assert Preparation(*trims, min_side).output_size(*size) == expected


@settings(max_examples=300)
@given(width=st.integers(1, 10_000), height=st.integers(1, 10_000), min_side=st.integers(1, 1000))
def test_shorter_side_is_exact(width: int, height: int, min_side: int) -> None:
    """Whatever the size, the shorter side is `min_side` and the shape is off by half a pixel."""
    assume(max(width, height) <= MAX_STRETCH * min(width, height))
    size = Preparation(0, 0, min_side).output_size(width, height)
    assert min(size) == min_side
    assert abs(max(size) - min_side * max(width, height) / min(width, height)) <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("size", "trims"),
    [
        ((640, 198), (0, 198)),
        ((640, 100), (0, 198)),
        ((640, 50), (30, 20)),
        ((640, 210), (0, 198)),
    ],
)
def test_too_short_to_trim(size: tuple[int, int], trims: tuple[int, int]) -> None:
    """An image of which nothing, or only a strip, is left is rejected with its numbers."""
    with pytest.raises(RejectedImageError) as caught:
        Preparation(*trims).output_size(*size)
    assert caught.value.reason is Reason.TOO_SHORT_TO_TRIM
    left = max(size[1] - sum(trims), 0)
    assert caught.value.detail == (
        f"{size[0]} x {size[1]} pixels leave {left} rows after {sum(trims)} are trimmed"
    )


def test_preparation_comes_back(tmp_path: Path) -> None:
    """What is written beside the results is read as the same preparation."""
    preparation = Preparation(3, 68, 224)
    write_json(tmp_path / "p.json", preparation.to_json(), tmp_path / "tmp")
    assert Preparation.from_file(tmp_path / "p.json") == preparation


@pytest.mark.parametrize("content", [b"", b"[]", b'{"trim": 3}', b"\xff", b"3"])
def test_no_preparation(tmp_path: Path, content: bytes) -> None:
    """A file that is no preparation is rejected by its path."""
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(InputDataError, match=r"p\.json does not describe"):
        Preparation.from_file(tmp_path / "p.json")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("preparing") / "x.jpg"


@settings(max_examples=250)
@given(
    size=st.tuples(st.integers(8, 400), st.integers(8, 400)),
    trims=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    min_side=st.integers(1, 120),
    orientation=st.integers(1, 8),
    shades=st.sampled_from([(0, 255), (255, 0), (100, 255)]),
    subsampling=st.sampled_from([0, 2]),
)
def test_no_trimmed_row_shines_through(
    place: Path,
    size: tuple[int, int],
    trims: tuple[int, int],
    min_side: int,
    orientation: int,
    shades: tuple[int, int],
    subsampling: int,
) -> None:
    """At every size, trim, reduced scale and orientation, bars that are trimmed leave no trace."""
    rows = size[1] - sum(trims)
    assume(rows >= 1 and max(size[0], rows) <= MAX_STRETCH * min(size[0], rows))
    picture = pictures.stored(scene(size, trims, *shades), orientation)
    data = pictures.exif({pictures.ORIENTATION: orientation})
    place.write_bytes(encoded(picture, subsampling=subsampling, exif=data))
    result = prepared(place, Preparation(*trims, min_side))
    # JPEG at quality 95 itself is off by up to 2 beside such an edge.
    assert np.abs(np.asarray(result).astype(int) - shades[0]).max() <= 3


@pytest.mark.parametrize("min_side", [400, 200, 100, 50, 25])
def test_close_to_the_slow_way(tmp_path: Path, min_side: int) -> None:
    """At every scale the result is close to one decoded in full, cropped and then resized."""
    path = write(tmp_path / "x.jpg", hills(640, 480))
    result = prepared(path, Preparation(16, 64, min_side))
    slow = image(hills(640, 480)[16:-64]).resize(result.size, Image.Resampling.BICUBIC)
    assert result.size == (min_side * 640 // 400, min_side)
    assert np.abs(np.asarray(result).astype(int) - np.asarray(slow)).mean() < 2.0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rows_are_trimmed_of_the_upright_picture(tmp_path: Path, orientation: int) -> None:
    """Header and footer are those of the upright image, however it is stored."""
    upright = hills(160, 120)
    data = pictures.exif({pictures.ORIENTATION: orientation})
    path = write(tmp_path / "x.png", pictures.stored(upright, orientation), "PNG", exif=data)
    result = prepared(path, Preparation(16, 24, 80))
    np.testing.assert_array_equal(np.asarray(result), upright[16:-24])


def test_one_channel_stays_one(tmp_path: Path) -> None:
    """An image of one channel gives one of one channel."""
    result = prepared(write(tmp_path / "x.jpg", constant(80, 60, 90)), Preparation(0, 20, 20))
    assert (result.mode, result.size) == ("L", (40, 20))


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        (77, 77.0),
        ((0, 0, 0), 0.0),
        ((255, 255, 255), 255.0),
        # 0.299 * 200 + 0.587 * 120 + 0.114 * 40 = 134.8
        ((200, 120, 40), 135.0),
        # Each channel alone: 0.299 * 255 = 76.2, 0.587 * 255 = 149.7, 0.114 * 255 = 29.1
        ((255, 0, 0), 76.0),
        ((0, 255, 0), 150.0),
        ((0, 0, 255), 29.0),
    ],
)
def test_brightness_of_one_colour(colour: int | tuple[int, ...], expected: float) -> None:
    """Brightness is the luma of ITU-R 601-2, rounded for each pixel."""
    assert mean_brightness(image(constant(6, 4, colour))) == expected


def test_brightness_is_the_mean() -> None:
    """Brightness is the mean over all pixels: three of 100 and one of 201 give 125.25."""
    pixels = constant(2, 2, 100)
    pixels[0, 1] = 201
    assert mean_brightness(image(pixels)) == 125.25


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        (77, 0.0),
        ((90, 90, 90), 0.0),
        ((90, 92, 91), 2.0),
        ((255, 0, 128), 255.0),
        ((0, 128, 255), 255.0),
        ((40, 200, 120), 160.0),
    ],
)
def test_colourfulness_of_one_colour(colour: int | tuple[int, ...], expected: float) -> None:
    """Colourfulness is the largest channel less the smallest, 0 for one channel."""
    assert colourfulness(image(constant(6, 4, colour))) == expected


def test_colourfulness_is_the_mean() -> None:
    """Colourfulness is the mean over all pixels: one pixel of 30 among eight gives 3.75."""
    pixels = constant(4, 2, (90, 90, 90))
    pixels[1, 2] = (100, 90, 120)
    assert colourfulness(image(pixels)) == 3.75
