"""Claims about the classes to learn and their files."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError, MissingInputError
from autofocus.images.names import IMAGE_FORMATS
from autofocus.labels.classes import find_classes
from autofocus.runs.workspace import Workspace


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_each_folder_is_a_class(tmp_path: Path) -> None:
    """Labels are read back from the names of folders, and files are sorted by their paths."""
    make(tmp_path, "fox/x/2.jpg", "fox/1.JPG", "a%2Fb/3.png", ".autofocus/tmp.jpg")
    (tmp_path / "empty").mkdir()
    classes = find_classes(tmp_path)
    assert classes.labels == ("a/b", "fox")
    assert list(classes.files.items()) == [
        ("a%2Fb/3.png", "a/b"),
        ("fox/1.JPG", "fox"),
        ("fox/x/2.jpg", "fox"),
    ]
    assert classes.empty == ("empty",)


def test_all_endings_that_other_stages_take_are_learned(tmp_path: Path) -> None:
    """An image of each of the thirteen endings, in either case, is an input of the training."""
    names = [f"fox/lower{ending}" for ending in IMAGE_FORMATS]
    names += [f"fox/upper{ending.upper()}" for ending in IMAGE_FORMATS]
    make(tmp_path, "dog/1.jpg", *names)
    assert len(IMAGE_FORMATS) == 13
    assert sum(label == "fox" for label in find_classes(tmp_path).files.values()) == len(
        set(names)
    )


def test_other_files_are_counted_by_ending(tmp_path: Path) -> None:
    """Files in the folders that are no images are counted, and images beside the folders."""
    make(tmp_path, "fox/1.jpg", "dog/1.jpg", "fox/a.MP4", "dog/b.mp4", "dog/notes.txt")
    make(tmp_path, "links.csv", "no-label.JPG")
    assert find_classes(tmp_path).listing.ignored == {".mp4": 2, ".txt": 1, ".jpg": 1}


def test_two_folders_of_one_label_are_one_class(tmp_path: Path) -> None:
    """A label that is written in two ways keeps the images of both folders."""
    make(tmp_path, "a b/1.jpg", "a%20b/2.jpg", "fox/1.jpg")
    classes = find_classes(tmp_path)
    assert classes.labels == ("a b", "fox")
    assert classes.files == {"a b/1.jpg": "a b", "a%20b/2.jpg": "a b", "fox/1.jpg": "fox"}


def test_one_class_is_an_error_with_its_number(tmp_path: Path) -> None:
    """One class can't be told from another."""
    with pytest.raises(InputDataError, match=r"a single class, fox \(2 images\)"):
        find_classes(make(tmp_path, "fox/1.jpg", "fox/2.jpg"))


def test_no_class_is_an_error(tmp_path: Path) -> None:
    """A missing folder and one without classes are reported."""
    with pytest.raises(MissingInputError, match="There is no folder"):
        find_classes(tmp_path / "gone")
    with pytest.raises(MissingInputError, match="has no folder with images"):
        find_classes(make(tmp_path, "1.jpg"))


def test_folders_of_systems_and_of_the_program_are_no_classes(tmp_path: Path) -> None:
    """Trash, thumbnails and a model beside the folders of labels are left out, and noted."""
    make(tmp_path, "fox/1.jpg", "dog/1.jpg", "fox/@eaDir/1.jpg/thumb.jpg", "#recycle/2.jpg")
    with Workspace(tmp_path / "model", "retrain", {}):
        make(tmp_path, "model/chart.jpg")
    classes = find_classes(tmp_path)
    assert classes.files == {"dog/1.jpg": "dog", "fox/1.jpg": "fox"}
    assert classes.listing.left_out == (
        "left out: 2 files in hidden or system folders (#recycle, @eaDir)",
        "not searched, as Autofocus wrote it: model",
    )
