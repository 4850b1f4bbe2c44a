"""Claims about copies of images on which people are blurred."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.images.preparing import Preparation
from autofocus.predicting.blurring import blur, blur_images

BOX = Box(0.25, 0.5, 0.25, 0.25, 0.9, status="detector")


@pytest.fixture
def noise() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    return Image.fromarray(pixels)


def changed(one: Image.Image, other: Image.Image) -> tuple[int, int, int, int] | None:
    """Return the edges of the part in which images differ."""
    differences = np.abs(np.asarray(one, int) - np.asarray(other, int)).sum(axis=2) > 0
    return Image.fromarray(differences).getbbox()


def test_a_box_is_blurred_with_a_margin_and_the_rest_stays(noise: Image.Image) -> None:
    """A fifth of the box's longer side is blurred around it."""
    copy = blur(noise, [BOX])
    assert changed(noise, copy) == (60, 85, 165, 165)


def test_a_box_shows_no_more_than_a_blurred_image(noise: Image.Image) -> None:
    """Its pixels are those of the whole image's blur: coarse patches, also at its edges."""
    edges = (60, 85, 165, 165)
    one, other = blur(noise, [BOX]).crop(edges), blur(noise).crop(edges)
    assert changed(one, other) is None
    pixels = np.asarray(one, int)
    assert max(np.abs(np.diff(pixels, axis=axis)).max() for axis in (0, 1)) < 12


def test_without_a_box_all_is_blurred(noise: Image.Image) -> None:
    """Nothing sharp is left."""
    assert changed(noise, blur(noise)) == (0, 0, 300, 200)


def test_a_box_at_the_edge_is_blurred_to_the_edge(noise: Image.Image) -> None:
    """The margin ends where the image does."""
    copy = blur(noise, [Box(0.9, 0.9, 0.1, 0.1, status="detector")])
    assert changed(noise, copy) == (264, 174, 300, 200)


def test_boxes_are_placed_in_the_original(noise: Image.Image, tmp_path: Path) -> None:
    """Rows that were cropped before the detection shift its boxes down."""
    folder = tmp_path / "in"
    folder.mkdir()
    noise.save(folder / "a.png")
    preparation = Preparation(trim_top=100, trim_bottom=0, min_side=50)
    people = {"a.png": (BOX,)}
    blur_images(folder, people, tmp_path / "out", 1, preparation)
    assert changed(noise, Image.open(tmp_path / "out" / "a.png")) == (60, 135, 165, 190)


def test_a_copy_is_made_anew_for_other_boxes(noise: Image.Image, tmp_path: Path) -> None:
    """The same image with the same boxes is reused, and with others it is not."""
    folder = tmp_path / "in"
    folder.mkdir()
    noise.save(folder / "a.png")
    for people, reused in (((BOX,), 0), ((BOX,), 1), ((), 0)):
        counts = blur_images(folder, {"a.png": people}, tmp_path / "out", 1)
        assert counts is not None
        assert counts.reused == reused
    assert changed(noise, Image.open(tmp_path / "out" / "a.png")) == (0, 0, 300, 200)


def test_a_copy_holds_no_thumbnail_and_no_position(tmp_path: Path) -> None:
    """Of the metadata, only date, time and camera are left."""
    folder = tmp_path / "in"
    folder.mkdir()
    thumbnail = Image.new("RGB", (40, 30), "red")
    image = Image.new("RGB", (160, 120), "red")
    exif = Image.Exif()
    exif[0x010E], exif[0x010F] = "SECRET of the zoo", "RECONYX"
    exif.get_ifd(0x8825)[2] = (41.0, 55.0, 1.0)
    exif[0x8825] = exif.get_ifd(0x8825)
    thumbnail.save(tmp_path / "thumb.jpg")
    inside = (tmp_path / "thumb.jpg").read_bytes()
    image.save(
        folder / "a.jpg", exif=exif, comment=b"SECRET", xmp=b"<x>SECRET</x>", icc_profile=b"SECRET"
    )
    # As cameras do it, the thumbnail and a video may follow the image.
    (folder / "a.jpg").write_bytes((folder / "a.jpg").read_bytes() + inside + b"SECRET")
    blur_images(folder, {"a.jpg": (BOX,)}, tmp_path / "out", 1)
    content = (tmp_path / "out" / "a.jpg").read_bytes()
    assert b"SECRET" in (folder / "a.jpg").read_bytes()
    assert b"SECRET" not in content
    assert content.count(b"\xff\xd8\xff") == 1
    with Image.open(tmp_path / "out" / "a.jpg") as copy:
        assert copy.getexif().get(0x010F) == "RECONYX"
        assert not copy.getexif().get_ifd(0x8825)
