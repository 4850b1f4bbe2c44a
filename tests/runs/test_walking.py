"""Claims about the walk through a folder of inputs, and about what is never input."""

import os
import socket
from pathlib import Path

import pytest

from autofocus.runs.memory import RunMemory
from autofocus.runs.walking import Walk, is_below_made, is_never_input
from autofocus.runs.workspace import Workspace


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.mark.parametrize(
    "folder",
    [
        "@eaDir", "@EADIR", "#recycle", "#snapshot", "$RECYCLE.BIN", "$Recycle.Bin", "RECYCLER",
        "System Volume Information", "lost+found", "LOST.DIR", "__MACOSX", ".Trashes", ".git",
        ".thumbnails", "@Recycle", "@Recently-Snapshot", ".@__thumb", "Catalog Previews.lrdata",
    ],
)  # fmt: skip
def test_system_folders_are_left_out_and_counted(tmp_path: Path, folder: str) -> None:
    """What systems and programs keep in folders of their own is no input, at any depth."""
    make(tmp_path, "a.JPG", f"{folder}/b.JPG", f"site/{folder}/x/c.JPG", f"{folder}.JPG")
    walk = Walk(tmp_path)
    is_hidden = folder.startswith(".")
    names = ["a.JPG"] if is_hidden else sorted(["a.JPG", f"{folder}.JPG"])
    assert list(walk) == names
    hidden = "1 hidden file, " if is_hidden else ""
    assert walk.notes == (f"left out: {hidden}2 files in hidden or system folders ({folder})",)
    assert is_never_input(f"site/{folder}/x/c.JPG")
    assert is_never_input(f"{folder}.JPG") is is_hidden


def test_folders_that_only_resemble_them_are_searched(tmp_path: Path) -> None:
    """Names of sites and cameras that contain such a name, or are one of a file, are inputs."""
    names = ["@eaDir2/a.JPG", "lost/a.JPG", "recycle/a.JPG", "site.1/._a.JPG", "thumbs/a.JPG"]
    make(tmp_path, *names, "lost+found.JPG")
    assert list(Walk(tmp_path)) == ["lost+found.JPG", *names]
    assert Walk(tmp_path).notes == ()


def test_the_whole_folder_of_a_run_is_left_out(tmp_path: Path) -> None:
    """A folder that a run made is no input, with all that people put there, killed or not."""
    make(tmp_path, "a.JPG")
    with RunMemory.of(tmp_path / "results", "run"):
        make(tmp_path, "results/data/b.JPG", "results/mine.JPG")
        walk = Walk(tmp_path)
        assert list(walk) == ["a.JPG"]
    assert list(Walk(tmp_path)) == ["a.JPG"]
    assert walk.made == ["results"]
    assert list(Walk(tmp_path / "results")) == ["mine.JPG", "data/b.JPG"]
    assert is_below_made(tmp_path, tmp_path / "results" / "data" / "b.csv")
    assert not is_below_made(tmp_path / "results", tmp_path / "results" / "data" / "b.csv")


def test_originals_in_the_folder_of_a_run_stay_inputs(tmp_path: Path) -> None:
    """Where a run wrote into a folder of images, these are searched, and its outputs aren't."""
    make(tmp_path, "site/a.JPG")
    with (
        RunMemory.of(tmp_path / "site", "run"),
        Workspace(tmp_path / "site" / "links", "x", {}),
        Workspace(tmp_path / "site" / "data", "download_images", {}),
    ):
        make(tmp_path, "site/links/b.JPG", "site/data/c.JPG")
    walk = Walk(tmp_path)
    assert list(walk) == ["site/a.JPG"]
    assert walk.made == ["site/data", "site/links"]


def test_a_linked_folder_is_judged_by_where_it_lies(tmp_path: Path) -> None:
    """A link into a folder that Autofocus made is left out, and one to a download isn't."""
    make(tmp_path, "in/a.JPG", "out/x/b.JPG", "got/x/c.JPG", "in/.real/d.JPG")
    with (
        Workspace(tmp_path / "out", "retrain", {}),
        Workspace(tmp_path / "got", "download_images", {}),
    ):
        pass
    for name, target in [("1", "out/x"), ("2", "got/x"), ("3", "in/.real")]:
        (tmp_path / "in" / name).symlink_to(tmp_path / target)
    walk = Walk(tmp_path / "in")
    assert list(walk) == ["a.JPG", "2/c.JPG", "3/d.JPG"]
    assert walk.made == ["1"]


def test_what_holds_nothing_to_read_is_known(tmp_path: Path) -> None:
    """Links to nowhere or to themselves, pipes and sockets are yielded, and known as such."""
    make(tmp_path, "a.JPG")
    (tmp_path / "b.JPG").symlink_to("nowhere")
    (tmp_path / "c").symlink_to("c")
    os.mkfifo(tmp_path / "d.JPG")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "e"))
    walk = Walk(tmp_path)
    assert list(walk) == ["a.JPG", "b.JPG", "c", "d.JPG", "e"]
    assert walk.irregular == {"b.JPG", "c", "d.JPG", "e"}
