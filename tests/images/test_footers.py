"""Tests of the detection of footers."""

import io

import numpy as np
import pytest
from PIL import Image

from autofocus.images.footers import Band, BandHeight, find_height, measure_bands
from tests.images.footers import scenes, with_band
from tests.images.pictures import Pixels, constant, encoded


def measured(pixels: Pixels) -> tuple[int | None, int | None]:
    """Return the rows at top and bottom of an image that was saved as JPEG."""
    with Image.open(io.BytesIO(encoded(pixels, quality=80, subsampling=2))) as image:
        bands = measure_bands(image)
    return bands.top.rows, bands.bottom.rows


def heights(images: list[Pixels]) -> tuple[int, int]:
    """Return the rows at top and bottom on which images agree."""
    bands = [measure_bands(Image.fromarray(image)) for image in images]
    return (
        find_height([one.top for one in bands]).rows,
        find_height([one.bottom for one in bands]).rows,
    )


@pytest.mark.parametrize("paper", [0, 16, 255])
@pytest.mark.parametrize("rows", [20, 32, 50, 60])
def test_a_band_is_measured_to_the_pixel(rows: int, paper: int) -> None:
    """The height is exact, whatever the paper's colour, at either end, in a compressed image."""
    scene = next(scenes(1))
    assert measured(with_band(scene, rows, paper, 3)) == (0, rows)
    assert measured(with_band(scene, rows, paper, 3, top=True)) == (rows, 0)


def test_scenes_have_no_band() -> None:
    """Neither images of many brightnesses nor clipped skies nor a fixed scene have a band."""
    skies = []
    for index, scene in enumerate(scenes(8)):
        ridge = 30 + 6 * np.sin(np.arange(scene.shape[1]) / (9 + index)) + 3 * index
        skies.append(np.where(np.arange(len(scene))[:, None, None] < ridge[:, None], 255, scene))
    for images in (list(scenes(8)), skies, [next(scenes(1))] * 8):
        assert heights([image.astype(np.uint8) for image in images]) == (0, 0)


def test_a_scene_like_paper_has_no_say() -> None:
    """Of a black night nothing can be told, and the other images decide."""
    night = constant(320, 240, (2, 2, 2))
    assert measured(with_band(night, 32, 0, 1)) == (None, None)
    others = [with_band(scene, 32, 0, number) for number, scene in enumerate(scenes(4))]
    assert heights([with_band(night, 32, 0, 1), *others]) == (0, 32)
    assert heights([night]) == (0, 0)


@pytest.mark.parametrize(
    ("rows", "papers", "expected"),
    [
        ([32, 32, 33, 32], [0, 0, 0, 0], BandHeight(32, 4, 4)),  # an edge blurred by a row
        ([32, 32, 32, 0], [0, 0, 0, 0], BandHeight(32, 3, 4)),
        ([32, 32, 32, 0, 0, 0], [0] * 6, BandHeight(0, 3, 6)),  # too few agree
        ([32, 47, 91, 60], [0, 0, 0, 0], BandHeight(0, 0, 4)),  # no two agree
        ([32, 32, 32, 32], [10, 60, 120, 180], BandHeight(0, 0, 4)),  # light, not paint
        ([32] * 6, [0, 0, 0, 255, 255, 255], BandHeight(32, 6, 6)),  # two colours
        ([32], [0], BandHeight(32, 1, 1)),
        ([32, 0], [0, 0], BandHeight(0, 1, 2)),  # of two, both must agree
        ([None, None], [0, 0], BandHeight(0, 0, 0)),
    ],
)
def test_images_agree(rows: list[int | None], papers: list[int], expected: BandHeight) -> None:
    """A height counts if most images of a camera have it, on paper of the same colour."""
    bands = [Band(one, paper) for one, paper in zip(rows, papers, strict=True)]
    assert find_height(bands) == expected
