"""Claims about misclassified images."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.images.thumbnails import read_thumbnail
from autofocus.reporting.mistakes import (
    Misclassified,
    draw_contact_sheet,
    withhold,
)

RED = (200, 30, 30)
# Where GPS and comments of a JPEG file are.
GPS_INFO = 0x8825


def mistakes(folder: Path, number: int) -> list[Misclassified]:
    path = folder / "red.png"
    Image.new("RGB", (320, 160), RED).save(path)
    return [
        Misclassified(partial(read_thumbnail, path), f"cam/{n}.JPG", "cat", "dog", 0.9)
        for n in range(number)
    ]


def reds(sheet: Path, number: int) -> list[bool]:
    """Tell of each place of a sheet whether a red photograph is there."""
    with Image.open(sheet) as picture:
        pixels = np.asarray(picture).astype(int)
    centres = [(10 + n // 4 * 294 + 170, 10 + n % 4 * 330 + 100) for n in range(number)]
    return [bool(pixels[centre][0] - pixels[centre][1] > 100) for centre in centres]


def test_a_contact_sheet_has_a_photograph_for_each_mistake(tmp_path: Path) -> None:
    """Five mistakes are five red fields in two rows of four places."""
    draw_contact_sheet(mistakes(tmp_path, 5), tmp_path / "sheet.jpg")
    assert reds(tmp_path / "sheet.jpg", 8) == [True] * 5 + [False] * 3
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.size == (1330, 598)


def test_no_mistakes_are_said(tmp_path: Path) -> None:
    """Without mistakes the sheet has words, not nothing."""
    draw_contact_sheet([], tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert np.asarray(sheet.convert("L")).min() < 80


def test_a_contact_sheet_shows_no_withheld_photograph(tmp_path: Path) -> None:
    """The place of a photograph that is withheld, or can't be read, has words instead."""
    broken = Misclassified(
        partial(read_thumbnail, tmp_path / "not there.jpg"), "a.jpg", "cat", "dog", 0.5
    )
    first, second = mistakes(tmp_path, 2)
    withheld = withhold([second], ["dog"])
    draw_contact_sheet([first, *withheld, broken], tmp_path / "sheet.jpg")
    assert reds(tmp_path / "sheet.jpg", 3) == [True, False, False]


@pytest.mark.parametrize(
    ("label", "answer", "is_withheld"),
    [
        ("human", "dog", True),
        ("dog", "Human", True),
        ("deer; human", "deer", True),
        ("dog", "deer; HUMAN", True),
        ("dog", "deer", False),
        ("humanoid", "dog", False),
        ("", "dog", False),
    ],
)
def test_photographs_that_may_show_people_are_withheld(
    label: str, answer: str, is_withheld: bool
) -> None:
    """Either label is enough, in any case and among several; a part of a word is not."""
    mistake = Misclassified(bytes, "a.jpg", label, answer, 0.5)
    assert withhold([mistake], ("human", "person"))[0].is_withheld is is_withheld


def test_a_low_score_of_people_withholds_an_image() -> None:
    """A label that is neither true nor predicted counts if it is possible."""
    one = Misclassified(bytes, "a.jpg", "deer", "fox", 0.5, possible=("fox", "Human"))
    assert withhold([one], ("human",))[0].is_withheld
    assert not withhold([one], ("person",))[0].is_withheld


def test_a_thumbnail_does_not_tell_where_it_was_taken(tmp_path: Path) -> None:
    """Neither EXIF nor a comment is carried into a small copy."""
    path, copy = tmp_path / "photograph.jpg", tmp_path / "copy.jpg"
    picture = Image.new("RGB", (640, 480), RED)
    exif = picture.getexif()
    exif.get_ifd(GPS_INFO)[1] = "N"
    exif[0x010F] = "Maker"
    picture.save(path, exif=exif, comment=b"41.8781 N")
    copy.write_bytes(read_thumbnail(path))
    assert b"41.8781" in path.read_bytes()
    assert b"Maker" in path.read_bytes()
    assert b"41.8781" not in copy.read_bytes()
    assert b"Exif" not in copy.read_bytes()
    with Image.open(copy) as thumbnail:
        assert thumbnail.size == (256, 192)


def test_a_mistake_is_shown_by_the_path_of_the_original() -> None:
    """The name of a link says nothing to people; without an original it is all there is."""
    one = Misclassified(bytes, "deer/a~1.jpg", "deer", "fox", 0.9)
    assert one.shown_name == "deer/a~1.jpg"
    assert replace(one, original="cam1/IMG_1.JPG").shown_name == "cam1/IMG_1.JPG"
