"""Tests of where a stage may write."""

import os
from pathlib import Path

import pytest

from autofocus.errors import OutputConflictError
from autofocus.runs.outputs import check_folders_between, check_outputs


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Return a folder with one of everything that can't be an output."""
    (tmp_path / "in.csv").write_text("input")
    os.link(tmp_path / "in.csv", tmp_path / "other.csv")
    (tmp_path / "link.csv").symlink_to("new.csv")
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to("circle")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("in.csv", "is an input"),
        ("other.csv", "is the input"),
        ("link.csv", "is a link"),
        ("folder", "is a folder"),
        ("pipe", "is a pipe"),
        ("/dev/null", "is a device"),
        ("in.csv/x.csv", "a file stands in the place of one of its folders"),
        ("circle/x.csv", "links in it lead in a circle"),
        ("x" * 300, "the name is too long"),
    ],
)
def test_what_stands_there_is_left_alone(places: Path, name: str, words: str) -> None:
    """An output that is an input, a link or no plain file is named in one sentence."""
    with pytest.raises(OutputConflictError, match=words):
        check_outputs([places / name], [], [places / "in.csv"])


@pytest.mark.parametrize("name", ["in.csv", "pipe", "link.csv"])
def test_an_output_folder_is_a_folder(places: Path, name: str) -> None:
    """A file, a pipe or a link to nowhere can't be the output folder."""
    with pytest.raises(OutputConflictError):
        check_outputs(folders=[places / name])


def test_what_is_sound_passes(places: Path) -> None:
    """A new file, a plain one, a new folder, and a link to a folder can be outputs."""
    (places / "to_folder").symlink_to("folder")
    check_outputs(
        [places / "new.csv", places / "other.csv", places / "no" / "new.csv"],
        [places / "folder", places / "to_folder", places / "no"],
        [None, places / "missing.csv"],
    )


def test_nothing_is_written_through_a_link(places: Path) -> None:
    """The output folder may be a link, but no folder below it."""
    (places / "out").symlink_to("folder")
    (places / "folder" / "cam").symlink_to(places)
    check_folders_between(places / "out", places / "out" / "other" / "a.jpg")
    with pytest.raises(OutputConflictError, match="is a link to another folder"):
        check_folders_between(places / "out", places / "out" / "cam" / "a.jpg")
