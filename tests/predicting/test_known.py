"""Claims about what a table of the images to label tells about them."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.predicting.known import Known, add_locations, read_known


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


def test_a_new_image_has_the_location_of_the_others_in_its_camera_s_folder(tmp_path: Path) -> None:
    """The table may list preprocessed copies; what is known already stays."""
    (tmp_path / "pre").mkdir()
    (tmp_path / "pre" / "preparation.json").touch()
    text = (
        "filepath,location\npre/a/DCIM/100RECNX/1.JPG,mill\npre/b/1.JPG,lake\n"
        "pre/b/2.JPG,pond\npre/c/1.JPG,\n"
    )
    (tmp_path / "clean.csv").write_text(text)
    names = ["a/DCIM/101RECNX/1.JPG", "b/1.JPG", "b/2.JPG", "b/9.JPG", "c/1.JPG"]
    known = add_locations({"b/2.JPG": Known("hut", "s1")}, names, tmp_path / "clean.csv")
    assert known == {
        "a/DCIM/101RECNX/1.JPG": Known("mill"),
        "b/1.JPG": Known("lake"),
        "b/2.JPG": Known("hut", "s1"),
    }


def test_a_table_without_locations_is_none_of_them(tmp_path: Path) -> None:
    """The sentence names the column that lacks; without a table nothing is added."""
    (tmp_path / "clean.csv").write_text("filepath,date\n1.JPG,\n")
    with pytest.raises(InputDataError, match="lacks the column location"):
        add_locations({}, ["1.JPG"], tmp_path / "clean.csv")
    assert add_locations({}, ["1.JPG"], None) == {}
