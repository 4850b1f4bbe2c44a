"""Tests of finding the images that are linked."""

import os
from pathlib import Path

import pytest

from autofocus.labels import image_folders
from autofocus.labels.folders import split_path
from autofocus.labels.image_folders import ImageFolders


@pytest.fixture
def table_folder(tmp_path: Path) -> Path:
    """A folder with some images, one of them behind a link to a folder."""
    for name in ("cam/1.JPG", "cam/2.JPG", "elsewhere/3.JPG"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "linked").symlink_to("elsewhere")
    return tmp_path


@pytest.mark.parametrize(
    "path", ["a/b.JPG", "b.JPG", "a//b.JPG", "a/b.JPG/", "a/./b.JPG", "a/.", "/b.JPG", "//b.JPG"]
)
def test_paths_are_split_as_pathlib_splits_them(path: str) -> None:
    """Folder and name lead to the same file, however the path is written."""
    folder, name = split_path(path)
    assert (Path(folder) / name, name) == (Path(path), Path(path).name)


@pytest.mark.parametrize("path", ["cam/1.JPG", "linked/3.JPG", "cam/../cam/2.JPG", "cam/1.JPG/"])
def test_relative_paths_lead_to_the_real_image(table_folder: Path, path: str) -> None:
    """From the output folder, and from one of a label, without links on the way."""
    found = ImageFolders(table_folder, table_folder / "out", need_exist=True).find(path)
    assert found is not None
    for folder in ("", "cat"):
        relative = os.path.relpath((table_folder / path).resolve(), table_folder / "out" / folder)
        assert found.from_folder(folder) == relative


def test_only_images_that_exist_are_found(table_folder: Path) -> None:
    """A folder, a missing file and one in a missing folder are none; a trial asks for none."""
    names = ["cam", "cam/9.JPG", "none/1.JPG", "cam/..", ""]
    really = ImageFolders(table_folder, table_folder / "out", need_exist=True)
    assert [really.find(name) for name in names] == [None] * len(names)
    found = ImageFolders(table_folder, table_folder / "out", need_exist=False).find("none/1.JPG")
    assert found is not None
    assert found.filepath == "../none/1.JPG"


def test_large_folders_are_not_kept_in_memory(
    table_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files beyond the names that are kept are found, too."""
    monkeypatch.setattr(image_folders, "_NAMES", 1)
    images = ImageFolders(table_folder, table_folder / "out", need_exist=True)
    assert images.find("cam/1.JPG")
    assert images.find("cam/2.JPG")
    assert images.find("cam/3.JPG") is None
