"""Claims about what a table of the images to label tells about them."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.predicting.known import Known, read_known


def table(folder: Path, text: str) -> Path:
    (folder / "photos").mkdir()
    path = folder / "table.csv"
    path.write_text(text)
    return path


def test_locations_and_sequences_are_read(tmp_path: Path) -> None:
    """A row that tells one speaks for all rows of its image; other columns don't matter."""
    text = "filepath,label,location,sequence\nphotos/a/1.JPG,cat,mill,\nphotos/a/1.JPG,dog, ,s7\n"
    known = read_known(table(tmp_path, text), tmp_path / "photos")
    assert known == {"a/1.JPG": Known("mill", "s7")}


def test_without_the_columns_nothing_is_known(tmp_path: Path) -> None:
    """A table of paths alone, or none, tells nothing."""
    assert read_known(table(tmp_path, "filepath\nphotos/1.JPG\n"), tmp_path / "photos") == {}
    assert read_known(None, tmp_path) == {}


def test_two_locations_of_an_image_are_told(tmp_path: Path) -> None:
    """One sentence names the image and both."""
    text = "filepath,location\nphotos/1.JPG,mill\nphotos/1.JPG,lake\n"
    with pytest.raises(InputDataError, match=r"gives 1\.JPG the locations mill and lake"):
        read_known(table(tmp_path, text), tmp_path / "photos")
