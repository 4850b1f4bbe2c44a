"""Claims about boxes of originals in preprocessed images."""

from pathlib import Path

import pytest

from autofocus.boxes.box import Box
from autofocus.boxes.prepared import PreparedFolder, Rows
from autofocus.errors import InputDataError
from autofocus.exporting.originals import Originals
from autofocus.exporting.rows import Box as OriginalBox
from autofocus.runs.csv_files import CsvWriter

PREPARATION = (
    '{"trim_top": 10, "trim_bottom": 90, "min_side": 256, "cameras": '
    '[{"make": "Reconyx", "trim_bottom": 32, "trim_top": 32, "width": 0, "height": 0}]}'
)


def write_folder(folder: Path, *rows: tuple[str, str, str, str]) -> Path:
    (folder / "preparation.json").write_text(PREPARATION, encoding="utf-8")
    with CsvWriter(
        folder / "image_properties.csv", ["filepath", "width", "height", "camera_make"]
    ) as writer:
        writer.write_all(rows)
    return folder


def test_a_box_moves_with_the_rows_that_were_cropped() -> None:
    """Its edges are the same pixels of the scene."""
    box = Rows(1000, 100, 100).prepared(Box(0.2, 0.5, 0.3, 0.2, 0.7, status="detector"))
    assert box == Box(0.2, 0.5, 0.3, 0.25, 0.7, status="detector")


def test_a_box_that_reaches_into_the_footer_ends_above_it() -> None:
    """What is cropped can't be seen."""
    box = Rows(1000, 0, 200).prepared(Box(0.0, 0.7, 1.0, 0.3, status="detector"))
    assert box is not None
    assert (box.top, box.height) == (0.875, 0.125)


def test_a_box_in_the_footer_is_none() -> None:
    """A detector may take the camera's emblem for an animal."""
    assert Rows(1000, 0, 200).prepared(Box(0.0, 0.85, 1.0, 0.1, status="detector")) is None


def test_each_camera_has_its_own_rows(tmp_path: Path) -> None:
    """Make and size in the table of properties choose them."""
    folder = write_folder(
        tmp_path,
        ("a.jpg", "800", "600", "RECONYX"),
        ("b.jpg", "800", "600", ""),
        ("c.jpg", *"   "),
    )
    rows = PreparedFolder.read(folder).rows
    assert rows == {"a.jpg": Rows(600, 32, 32), "b.jpg": Rows(600, 10, 90), "c.jpg": None}


def test_exports_return_the_box_of_the_original(tmp_path: Path) -> None:
    """There and back gives the same edges, for every camera."""
    folder = write_folder(
        tmp_path, ("a.jpg", "800", "600", "RECONYX"), ("b.jpg", "800", "600", "other")
    )
    for name, rows in PreparedFolder.read(folder).rows.items():
        assert rows is not None
        box = rows.prepared(Box(0.25, 0.4, 0.5, 0.3, status="detector"))
        assert box is not None
        back = Originals(folder).box(OriginalBox(box.left, box.top, box.width, box.height), name)
        assert back is not None
        assert back.values == pytest.approx((0.25, 0.4, 0.5, 0.3), abs=1e-4)


def test_a_folder_without_sizes_is_explained(tmp_path: Path) -> None:
    """Without the height of the original, a box can't be placed."""
    (tmp_path / "preparation.json").write_text(PREPARATION, encoding="utf-8")
    with pytest.raises(InputDataError, match=r"lacks image_properties\.csv"):
        PreparedFolder.read(tmp_path)
