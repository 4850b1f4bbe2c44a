"""Claims about the boxes that preprocess_images writes."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from autofocus.errors import OutputConflictError
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from tests.motion.scenes import ANIMAL, HEIGHT, WIDTH, frame, to_image, with_animal

SETTINGS = PreprocessSettings(trim_bottom=0, min_side=HEIGHT, motion_boxes=True)


@pytest.fixture
def camera(tmp_path: Path) -> Path:
    """Seven photographs of one scene; on the fourth there is an animal."""
    folder = tmp_path / "in" / "cam"
    folder.mkdir(parents=True)
    for number in range(7):
        picture = with_animal(frame(number)) if number == 3 else frame(number)
        to_image(picture).save(folder / f"{number}.JPG", quality=95)
    return tmp_path / "in"


def boxes(outdir: Path) -> list[dict[str, str]]:
    with (outdir / "motion_boxes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_photograph_has_a_row_and_the_animal_a_box(camera: Path, tmp_path: Path) -> None:
    """The table tells where the animal is, and that on the other photographs nothing moved."""
    result = preprocess_images(camera, tmp_path / "out", SETTINGS)
    rows = boxes(tmp_path / "out")
    assert [row["filepath"] for row in rows] == [f"cam/{n}.JPG" for n in range(7)]
    assert [row["status"] for row in rows].index("motion") == 3
    assert {row["detail"] for row in rows if row["status"] != "motion"} == {"nothing moved"}
    box = {key: float(rows[3][key]) for key in ("left", "top", "width", "height", "score")}
    middle = (ANIMAL[0] + ANIMAL[2]) / 2 / WIDTH
    assert box["left"] < middle < box["left"] + box["width"]
    assert "motion was detected in 1 of 7 images" in result.notes[-1]


def test_without_being_asked_for_there_is_no_table(camera: Path, tmp_path: Path) -> None:
    """Boxes cost time, and are made on request; the same output can have them later."""
    preprocess_images(camera, tmp_path / "out", replace(SETTINGS, motion_boxes=False))
    assert not (tmp_path / "out" / "motion_boxes.csv").exists()
    preprocess_images(camera, tmp_path / "out", SETTINGS)
    assert len(boxes(tmp_path / "out")) == 7


def test_photographs_of_other_locations_are_not_compared(camera: Path, tmp_path: Path) -> None:
    """Where a folder holds photographs of several locations, each is compared with its own."""
    alone = replace(SETTINGS, location_pattern=r"(\d)\.JPG$")
    preprocess_images(camera, tmp_path / "out", alone)
    details = {row["detail"] for row in boxes(tmp_path / "out")}
    assert details == {"no other frame of this scene in the same light"}


def test_a_new_photograph_changes_the_table(camera: Path, tmp_path: Path) -> None:
    """The table is made anew when photographs have come, and left alone when none have."""
    preprocess_images(camera, tmp_path / "out", SETTINGS)
    table = tmp_path / "out" / "motion_boxes.csv"
    before = table.stat().st_mtime_ns
    preprocess_images(camera, tmp_path / "out", SETTINGS)
    assert table.stat().st_mtime_ns == before
    to_image(frame(9)).save(camera / "cam" / "9.JPG")
    preprocess_images(camera, tmp_path / "out", SETTINGS)
    assert len(boxes(tmp_path / "out")) == 8


def test_drawings_show_the_boxes_on_copies(camera: Path, tmp_path: Path) -> None:
    """Each photograph has a drawing of its size elsewhere, and stays as it is."""
    settings = replace(SETTINGS, motion_drawings=tmp_path / "drawn")
    preprocess_images(camera, tmp_path / "out", settings)
    assert len(list((tmp_path / "drawn").rglob("*.jpg"))) == 7
    with Image.open(tmp_path / "drawn" / "cam" / "3.jpg") as drawn:
        assert drawn.size == (WIDTH, HEIGHT)
        assert drawn.mode == "RGB"
    with Image.open(tmp_path / "out" / "cam" / "3.JPG") as photograph:
        assert photograph.mode == "L"


@pytest.mark.parametrize("place", ["in/drawn", "out/drawn"])
def test_drawings_among_the_photographs_are_refused(
    camera: Path, tmp_path: Path, place: str
) -> None:
    """A drawing must not be taken for a photograph by the next run."""
    settings = replace(SETTINGS, motion_drawings=tmp_path / place)
    with pytest.raises(OutputConflictError, match="motion_drawings"):
        preprocess_images(camera, tmp_path / "out", settings)
