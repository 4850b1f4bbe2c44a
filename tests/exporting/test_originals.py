"""Claims about what is known of the originals of preprocessed images."""

from itertools import product
from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.exporting.originals import Originals, Properties, trimmed, write_originals
from autofocus.exporting.rows import Box
from autofocus.images.preparing import CameraTrim, Preparation
from tests.exporting.making import read_table, write_properties

CAMERAS = (
    CameraTrim("RECONYX", 32, 32, 2048, 1440),
    CameraTrim("RECONYX", 64, 0, 2048, 1536),
    CameraTrim("Bushnell", 100),
    CameraTrim("Moultrie", 68, 0, 1000, 800),
)


def test_rows_are_cropped_as_in_preprocessing() -> None:
    """For each make and size the numbers are those by which `preprocess_images` crops."""
    makes = ("RECONYX", "reconyx", "Bushnell", "Moultrie", "other", "")
    sizes = ((2048, 1440), (2048, 1536), (1000, 800), (640, 480))
    forms: tuple[Preparation, ...] = (Preparation(3, 5), Preparation(3, 5, cameras=CAMERAS))
    forms += (Preparation("auto", "auto", cameras=CAMERAS), Preparation(0, "auto"))
    for preparation, make, size in product(forms, makes, sizes):
        expected = preparation.for_camera(make, *size)
        found = trimmed(preparation.to_json(), Properties("", "", "", make, "", size))
        assert found == (expected.trim_top, expected.trim_bottom), (preparation, make, size)


def test_originals_are_known_without_their_images(tmp_path: Path) -> None:
    """The table for other machines gives the same boxes as the folder of the images."""
    folder = tmp_path / "preprocessed"
    write_properties(folder, ["a/1.JPG"], trim_top=100, trim_bottom=300)
    write_originals(folder, tmp_path / "originals.csv")
    (row,) = read_table(tmp_path / "originals.csv")
    assert (row["trim_top"], row["trim_bottom"]) == ("100", "300")
    box = Box(0.25, 0.5, 0.5, 0.25)
    here = Originals(tmp_path).box(box, "preprocessed/a/1.JPG", "a/1.JPG")
    there = Originals(tmp_path / "x", known=tmp_path / "originals.csv")
    assert here == there.box(box, "y/a/1.JPG", "a/1.JPG") == Box(0.25, 0.4, 0.5, 0.15)


def test_paths_are_relative_to_the_originals(tmp_path: Path) -> None:
    """Without preprocessed images above, a path is relative to the folder that is given."""
    assert Originals(tmp_path / "out").name("../images/a/1.JPG") == "../images/a/1.JPG"
    known = Originals(tmp_path / "out", tmp_path / "images")
    assert known.name("../images/a/1.JPG") == "a/1.JPG"


def test_an_unreadable_preparation_is_named(tmp_path: Path) -> None:
    """A preparation.json that describes nothing is an error that names it."""
    write_properties(tmp_path, ["1.JPG"])
    (tmp_path / "preparation.json").write_text("[1]")
    with pytest.raises(InputDataError, match=r"preparation\.json does not describe how"):
        Originals(tmp_path).box(Box(0, 0, 1, 1), "1.JPG")
