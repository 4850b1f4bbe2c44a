"""Claims about restarts of link_images_by_label, and outputs that change meanwhile."""

import errno
import shutil
import sys
from pathlib import Path

import pytest

from autofocus.errors import OutputConflictError
from autofocus.runs.products import OutputFolder
from tests.killing import check_killed_runs, noted
from tests.linking import again, link, links


def test_a_second_call_reuses_all_links(tmp_path: Path) -> None:
    """Nothing is made again where nothing has changed."""
    link(tmp_path, ("1.JPG", "cat"), ("2.JPG", "dog"))
    result = again(tmp_path)
    assert (result.counts.ok, result.counts.reused) == (0, 2)


def test_a_link_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """What is missing is made, the rest is reused."""
    link(tmp_path, ("1.JPG", "cat"), ("2.JPG", "dog"))
    shutil.rmtree(tmp_path / "links" / "cat")
    result = again(tmp_path)
    assert (result.counts.ok, result.counts.reused) == (1, 1)
    assert len(links(tmp_path / "links")) == 2


def test_a_file_in_the_place_of_a_link_stays(tmp_path: Path) -> None:
    """A file that somebody put there is not overwritten; a copy of the image is."""
    link(tmp_path, ("a/IMG_1.jpg", "cat"))
    (path,) = (tmp_path / "links" / "cat").iterdir()
    path.unlink()
    path.write_text("mine")
    with pytest.raises(OutputConflictError, match="already exists"):
        again(tmp_path)
    assert path.read_text() == "mine"
    shutil.copy(tmp_path / "a" / "IMG_1.jpg", path)
    assert again(tmp_path).counts.ok == 1
    assert path.is_symlink()


def test_a_killed_run_ends_with_the_same_links(tmp_path: Path) -> None:
    """Killed in the middle of its links and started again, it ends as if it had not been."""
    for number in range(1500):
        (tmp_path / f"{number}.JPG").touch()
    rows = "".join(f"{number}.JPG,{'cat' if number % 3 else 'dog'}\n" for number in range(1500))
    (tmp_path / "labels.csv").write_text(f"filepath,label\n{rows}")
    stage = "link_images_by_label"
    words = [sys.executable, "-m", "autofocus", stage, "--detections-path"]
    check_killed_runs(
        lambda out: [*words, tmp_path / "labels.csv", "--outdir", out],
        tmp_path,
        noted(stage),
        [(1, 400)],
    )


def test_links_are_recorded_before_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a run that was stopped while it made them are its own, and are made again."""

    def stop(folder: OutputFolder, name: str, target: str) -> None:
        (folder.root / name).symlink_to(target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(OutputFolder, "_make_link", stop)
        with pytest.raises(KeyboardInterrupt):
            link(tmp_path, ("1.JPG", "cat"), ("2.JPG", "cat"))
    (made,) = (tmp_path / "links" / "cat").iterdir()
    made.unlink()
    made.symlink_to("elsewhere")
    assert again(tmp_path).counts.ok == 2
    assert sorted(links(tmp_path / "links").values()) == ["1.JPG", "2.JPG"]


def test_what_appears_in_the_place_of_a_link_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that somebody puts there while the run is at work ends it, and is not overwritten."""
    make = OutputFolder._make_link

    def race(folder: OutputFolder, name: str, target: str) -> None:
        (folder.root / name).write_text("mine")
        make(folder, name, target)

    monkeypatch.setattr(OutputFolder, "_make_link", race)
    with pytest.raises(OutputConflictError, match="already exists"):
        link(tmp_path, ("1.JPG", "cat"))
    (path,) = (tmp_path / "links" / "cat").iterdir()
    assert path.read_text() == "mine"


def test_links_without_a_memory_are_taken_over(tmp_path: Path) -> None:
    """Where the memory was deleted, the right links stay, and another link is an error."""
    link(tmp_path, ("1.JPG", "cat"), ("2.JPG", "cat"))
    shutil.rmtree(tmp_path / "links" / ".autofocus")
    assert again(tmp_path).counts.inputs == 2
    shutil.rmtree(tmp_path / "links" / ".autofocus")
    path = min((tmp_path / "links" / "cat").iterdir())
    path.unlink()
    path.symlink_to("../../2.JPG")
    with pytest.raises(OutputConflictError, match="already exists"):
        again(tmp_path)
    assert path.readlink() == Path("../../2.JPG")


def test_a_label_folder_that_vanishes_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may tidy up the output while links are made."""
    make = OutputFolder._make_link

    def tidy(folder: OutputFolder, name: str, target: str) -> None:
        shutil.rmtree(folder.root / "cat")
        make(folder, name, target)

    monkeypatch.setattr(OutputFolder, "_make_link", tidy)
    link(tmp_path, ("1.JPG", "cat"))
    assert list(links(tmp_path / "links").values()) == ["1.JPG"]


def test_a_disk_without_links_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names --copy, which then works in the same folder."""

    def fail(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "symlink_to", fail)
        with pytest.raises(OutputConflictError, match=r"can't hold symbolic links .*--copy"):
            link(tmp_path, ("1.JPG", "cat"))
    assert again(tmp_path, copy=True).counts.ok == 1


def test_links_to_deep_folders_work(tmp_path: Path) -> None:
    """A target of several hundred characters is one like any other."""
    name = "/".join(["a" * 60] * 8) + "/1.JPG"
    link(tmp_path, (name, "cat"), ("2.JPG", "cat"))
    assert sorted(links(tmp_path / "links").values()) == ["2.JPG", name]
    assert again(tmp_path).counts.reused == 2
