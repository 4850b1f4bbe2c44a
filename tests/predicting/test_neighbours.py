"""Claims about the neighbours of an image."""

import os
from pathlib import Path

import pytest

from autofocus.grouping.locations import LocationPattern
from autofocus.localization.finding import BoxSettings
from autofocus.motion.settings import MotionSettings
from autofocus.predicting.neighbours import Neighbours, find_neighbours
from autofocus.runs.workspace import Workspace
from tests.predicting.models import make_image

GREY = (90, 90, 90)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two cameras' images, a minute apart."""
    for camera in ("a", "b"):
        for number in range(5):
            moment = f"2016-07-05T11:0{number}:00"
            make_image(tmp_path / "in" / camera / f"{number}.JPG", GREY, moment)
    return tmp_path / "in"


def neighbours_of(photos: Path, *names: str) -> Neighbours:
    with Workspace(photos.parent, "stage_x", {}) as workspace:
        pattern = LocationPattern()
        return find_neighbours(
            photos, names, ("JPG",), None, BoxSettings(MotionSettings()), pattern, workspace, 2
        )


def change(path: Path) -> None:
    """Write a file anew, as another image that was taken at the same time."""
    before = path.stat()
    make_image(path, (10, 200, 10), f"2016-07-05T11:0{path.stem}:00")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def test_neighbours_are_those_of_the_same_camera(photos: Path) -> None:
    """All images of a folder are read, though only one is to be labelled."""
    neighbours = neighbours_of(photos, "a/2.JPG").finder.neighbours("a/2.JPG")
    assert set(neighbours) >= {"a/1.JPG", "a/3.JPG"}
    assert {Path(name).parent for name in neighbours} == {Path("a")}


def test_locations_in_names_part_the_cameras_of_a_folder(tmp_path: Path) -> None:
    """In a flat folder of two sites, an image's neighbours are those of its own."""
    for number in range(6):
        site = ("D03-AMP1", "R05-WWP1")[number % 2]
        path = tmp_path / "in" / f"CHIL - {site}-JU16_{number}.JPG"
        make_image(path, GREY, f"2016-07-05T11:0{number}:00")
    name = "CHIL - D03-AMP1-JU16_2.JPG"
    assert neighbours_of(tmp_path / "in", name).finder.neighbours(name) == (
        "CHIL - D03-AMP1-JU16_0.JPG",
        "CHIL - D03-AMP1-JU16_4.JPG",
    )


def test_the_mark_tells_of_neighbours_that_changed(photos: Path) -> None:
    """A neighbour written anew, gone or come changes the mark; another camera's doesn't."""
    mark = neighbours_of(photos, "a/2.JPG", "b/2.JPG").mark("a/2.JPG")
    change(photos / "b" / "1.JPG")
    change(photos / "a" / "2.JPG")
    assert neighbours_of(photos, "a/2.JPG").mark("a/2.JPG") == mark
    change(photos / "a" / "1.JPG")
    changed = neighbours_of(photos, "a/2.JPG").mark("a/2.JPG")
    (photos / "a" / "3.JPG").unlink()
    gone = neighbours_of(photos, "a/2.JPG").mark("a/2.JPG")
    assert len({mark, changed, gone}) == 3


def test_a_header_is_read_once(photos: Path) -> None:
    """What was read is kept: a file that seems unchanged is not opened again."""
    before = neighbours_of(photos, "a/2.JPG").finder.neighbours("a/2.JPG")
    for path in (photos / "a").iterdir():
        stamp = path.stat()
        path.write_bytes(b"x" * stamp.st_size)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert neighbours_of(photos, "a/2.JPG").finder.neighbours("a/2.JPG") == before


def test_what_can_t_be_read_is_no_neighbour(photos: Path) -> None:
    """A file that is no image, or is missing, is skipped."""
    (photos / "a" / "1.JPG").write_text("text")
    around = neighbours_of(photos, "a/2.JPG", "a/gone.JPG")
    assert "a/1.JPG" not in around.finder.neighbours("a/2.JPG")
    assert "a/gone.JPG" not in around.marks
