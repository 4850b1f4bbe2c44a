"""Claims about the originals of the images in a table."""

from pathlib import Path

from autofocus.splits.originals import find_originals


def test_preprocessed_images_have_the_path_of_their_original(tmp_path: Path) -> None:
    """It begins below the folder that holds `preparation.json`, wherever the table is."""
    (tmp_path / "run/preprocessed/D03/DCIM").mkdir(parents=True)
    (tmp_path / "run/links").mkdir()
    (tmp_path / "run/links/preparation.json").write_text("{}")
    (tmp_path / "run/preprocessed/preparation.json").write_text("{}")
    paths = ["../preprocessed/D03/DCIM/1.JPG", "../preprocessed/2.JPG"]
    assert find_originals(tmp_path / "run/links", paths) == {
        paths[0]: "D03/DCIM/1.JPG",
        paths[1]: "2.JPG",
    }


def test_the_properties_mark_the_folder_too(tmp_path: Path) -> None:
    """A folder of an older version, or of a component, may hold the table alone."""
    (tmp_path / "pre/x/a").mkdir(parents=True)
    (tmp_path / "pre/image_properties.csv").touch()
    assert find_originals(tmp_path, ["pre/x/a/1.JPG"]) == {"pre/x/a/1.JPG": "x/a/1.JPG"}
    assert find_originals(tmp_path / "pre", ["x/a/1.JPG"]) == {"x/a/1.JPG": "x/a/1.JPG"}


def test_links_beside_the_originals_mark_no_folder(tmp_path: Path) -> None:
    """`preparation.json` beside the table tells how links were prepared, not where images are."""
    (tmp_path / "preparation.json").touch()
    paths = ["raw/a/1.JPG", "raw/b/1.JPG"]
    assert list(find_originals(tmp_path, paths).values()) == ["a/1.JPG", "b/1.JPG"]


def test_other_images_begin_below_what_they_share(tmp_path: Path) -> None:
    """The folder of all cameras is that of the originals; an only camera keeps its name."""
    paths = ["../../raw/a/DCIM/100RECNX/1.JPG", "../../raw/b/DCIM/100RECNX/1.JPG"]
    both = find_originals(tmp_path, paths)
    assert list(both.values()) == ["a/DCIM/100RECNX/1.JPG", "b/DCIM/100RECNX/1.JPG"]
    assert find_originals(tmp_path, paths[:1]) == {paths[0]: "a/DCIM/100RECNX/1.JPG"}
    nested = find_originals(tmp_path, ["../raw/1.JPG", "../raw/a/2.JPG"])
    assert list(nested.values()) == ["1.JPG", "a/2.JPG"]
    assert find_originals(tmp_path, ["1.JPG"]) == {"1.JPG": "1.JPG"}
    assert find_originals(tmp_path, []) == {}
