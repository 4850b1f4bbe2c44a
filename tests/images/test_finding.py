"""Tests of finding images below a folder."""

from pathlib import Path

import pytest

from autofocus.errors import MissingInputError, RejectedImageError
from autofocus.images.finding import check_name, find_images, list_images, note_ignored
from autofocus.runs.ledger import Reason
from autofocus.runs.workspace import Workspace
from tests.rights import plain_rights


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_nested_folders(tmp_path: Path) -> None:
    """Files are found at every depth, equal names in two folders too, in rising order."""
    make(tmp_path, "b/IMG_1.JPG", "a/x/IMG_1.JPG", "a.JPG", "a/IMG_1.JPG")
    assert find_images(tmp_path, ["JPG"]) == [
        "a.JPG",
        "a/IMG_1.JPG",
        "a/x/IMG_1.JPG",
        "b/IMG_1.JPG",
    ]


@pytest.mark.parametrize("extensions", [["JPG", "jpeg"], [".jpg", ".JPEG"], ["Jpg", "JPeg"]])
def test_extensions_in_any_case(tmp_path: Path, extensions: list[str]) -> None:
    """Extensions match in any case, with or without their dot, and no other file is taken."""
    make(tmp_path, "a.jpg", "b.JPG", "c.Jpeg", "d.png", "e.txt", "jpg", "f.jpg.txt", ".jpg")
    assert find_images(tmp_path, extensions) == ["a.jpg", "b.JPG", "c.Jpeg"]


def test_ignored_files_are_counted_by_ending(tmp_path: Path) -> None:
    """Files that are not taken are counted by their endings in any case, at any depth."""
    make(tmp_path, "a.jpg", "b.XMP", "x/c.xmp", "x/d.txt", "e", ".autofocus/f.bin")
    listing = list_images(tmp_path, ["JPG"])
    assert listing.names == ["a.jpg"]
    assert listing.ignored == {".xmp": 2, ".txt": 1, "": 1}
    assert listing.notes == ("ignored: 2 .xmp, 1 without an ending, 1 .txt",)


def test_ignored_videos_and_images_are_noted_with_what_to_do(tmp_path: Path) -> None:
    """Videos, and images in formats that weren't asked for, are named with the option to set."""
    make(tmp_path, "a.jpg", "b.MP4", "x/c.avi", "d.TIF")
    videos, others, images = list_images(tmp_path, ["JPG"]).notes
    assert videos.startswith(
        "ignored: 2 videos (.avi, .mp4): to use their frames as images, set --frame-rate"
    )
    assert others == "ignored: 1 .tif"
    assert images == "to read .tif, add them to extensions"


@pytest.mark.parametrize("stage", ["preprocess_images", "link_images_by_label", "retrain"])
def test_images_that_a_stage_wrote_are_no_inputs(tmp_path: Path, stage: str) -> None:
    """A folder below, in which a stage keeps what it wrote, is left out and named."""
    make(tmp_path, "a.jpg", "results/images/a.jpg", "results/b.jpg")
    with Workspace(tmp_path / "results" / "images", stage, {}):
        pass
    listing = list_images(tmp_path, ["JPG"])
    assert listing.names == ["a.jpg", "results/b.jpg"]
    assert listing.notes == ("not searched, as Autofocus wrote it: results/images",)
    assert find_images(tmp_path / "results" / "images", ["JPG"]) == ["a.jpg"]


def test_single_images_that_a_stage_wrote_are_no_inputs(tmp_path: Path) -> None:
    """Files that a stage recorded as its own are left out; others in that folder are taken."""
    make(tmp_path, "x/a.jpg", "x/chart.jpg")
    with Workspace(tmp_path / "x", "export", {}) as workspace:
        workspace.claim([tmp_path / "x" / "charts" / "b.jpg"], tmp_path / "ledger.csv")
    make(tmp_path, "x/charts/b.jpg", "mlruns/0/chart.jpg")
    assert find_images(tmp_path, ["JPG"]) == ["x/a.jpg", "x/chart.jpg"]


def test_downloads_are_inputs(tmp_path: Path) -> None:
    """What was downloaded into a folder below are originals."""
    make(tmp_path, "data/a.jpg")
    with Workspace(tmp_path / "data", "download_images", {}):
        pass
    assert find_images(tmp_path, ["JPG"]) == ["data/a.jpg"]


def test_what_stages_wrote_is_not_ignored(tmp_path: Path) -> None:
    """Tables that a stage recorded as its own beside the images are not counted as ignored."""
    make(tmp_path, "a.jpg", "ledger.csv", "notes.csv")
    with Workspace(tmp_path, "preprocess_images", {}) as workspace:
        workspace.claim([tmp_path / "table.csv"], tmp_path / "other.csv")
        make(tmp_path, "table.csv")
    assert list_images(tmp_path, ["JPG"]).ignored == {".csv": 2}


def test_a_note_names_eight_endings() -> None:
    """The most frequent endings come first, and the many others make one number."""
    ignored = {f".{n}": n for n in range(1, 11)}
    (note,) = note_ignored(ignored)
    assert note.startswith("ignored: 10 .10, 9 .9, ")
    assert note.endswith(", 3 .3, 3 others")
    assert note_ignored({}) == ()


@pytest.mark.parametrize(
    "name",
    [
        "with blank.JPG",
        "CHIL - D03-AMP1-JU16_00037.JPG",
        "!!urgent!!.JPG",
        "Füchse/süß 狐.JPG",
        "dots.in.name/x.y.JPG",
        'quote",comma.JPG',
        "back\\slash.JPG",
        "two\nlines.JPG",
        "no text\udcff.JPG",
        "folder.JPG/inside.JPG",
        "._elephant.JPG",
    ],
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    """Whatever letters a name holds, the file is found under just that name."""
    make(tmp_path, name)
    assert find_images(tmp_path, ["JPG"]) == [name]


def test_hidden_workspace_is_left_out(tmp_path: Path) -> None:
    """What a stage keeps in its hidden folder is no input, at any depth."""
    make(tmp_path, "a.JPG", ".autofocus/x/tmp/b.JPG", "sub/.autofocus/c.JPG")
    assert find_images(tmp_path, ["JPG"]) == ["a.JPG"]


def test_output_folder_is_left_out(tmp_path: Path) -> None:
    """The output folder, and all below it, is no input where it lies in the input folder."""
    make(tmp_path, "a.JPG", "out/b.JPG", "out/deep/c.JPG", "outside/d.JPG")
    found = find_images(tmp_path, ["JPG"], leave_out=[tmp_path / "a" / ".." / "out"])
    assert found == ["a.JPG", "outside/d.JPG"]


def test_links_are_followed_once(tmp_path: Path) -> None:
    """A folder elsewhere to which two links lead is found once, under the first link's name."""
    make(tmp_path / "elsewhere", "x.JPG", "deep/y.JPG")
    (tmp_path / "in").mkdir()
    for name in ("zebra", "ape", "mole"):
        (tmp_path / "in" / name).symlink_to(tmp_path / "elsewhere")
    assert find_images(tmp_path / "in", ["JPG"]) == ["ape/deep/y.JPG", "ape/x.JPG"]


def test_links_into_the_folder_itself(tmp_path: Path) -> None:
    """A folder that lies below the input folder is found by its own path, whatever links to it."""
    make(tmp_path, "mole/x.JPG")
    (tmp_path / "ape").symlink_to(tmp_path / "mole")
    assert find_images(tmp_path, ["JPG"]) == ["mole/x.JPG"]


def test_circular_links_end(tmp_path: Path) -> None:
    """Links that lead back to where they stand don't go round in circles."""
    make(tmp_path, "a/x.JPG")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to("self")
    assert find_images(tmp_path, ["JPG"]) == ["a/x.JPG"]


def test_links_to_files_are_taken(tmp_path: Path) -> None:
    """A link to a file is an input, and so is one to nowhere, which the ledger then reports."""
    make(tmp_path, "a.JPG")
    (tmp_path / "b.JPG").symlink_to("a.JPG")
    (tmp_path / "c.JPG").symlink_to("nowhere.JPG")
    assert find_images(tmp_path, ["JPG"]) == ["a.JPG", "b.JPG", "c.JPG"]


def test_input_folder_may_be_a_link(tmp_path: Path) -> None:
    """The input folder itself may be a link, or the working folder."""
    make(tmp_path / "real", "a/x.JPG")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert find_images(tmp_path / "link", ["JPG"]) == ["a/x.JPG"]


def test_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder may be given as `.`."""
    make(tmp_path, "a/x.JPG")
    monkeypatch.chdir(tmp_path)
    assert find_images(Path(), ["JPG"]) == ["a/x.JPG"]


@pytest.mark.parametrize("name", ["nowhere", "file.txt"])
def test_no_folder(tmp_path: Path, name: str) -> None:
    """A folder that isn't there, or is a file, is rejected by its path."""
    make(tmp_path, "file.txt")
    with pytest.raises(MissingInputError, match=f"There is no folder .*{name}"):
        find_images(tmp_path / name, ["JPG"])


def test_no_image(tmp_path: Path) -> None:
    """A folder without one such file is rejected, with the extensions that were looked for."""
    make(tmp_path, "a.png")
    with pytest.raises(MissingInputError, match=r"No file below .* ends in \.jpeg, \.jpg: give"):
        find_images(tmp_path, ["JPG", "JPEG"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [("a/._x.JPG", Reason.APPLE_DOUBLE), ("a/no text\udcff.JPG", Reason.UNREADABLE)],
)
def test_names_that_are_rejected(name: str, reason: Reason) -> None:
    """What macOS keeps beside a file, and a name that no table can hold, are rejected as such."""
    with pytest.raises(RejectedImageError) as caught:
        check_name(name)
    assert caught.value.reason is reason


@pytest.mark.parametrize("name", ["a/x.JPG", "._a/x.JPG", "a/x._y.JPG", "süß 狐!!.JPG"])
def test_names_that_are_fine(name: str) -> None:
    """Other names are fine, also below a folder that looks like what macOS keeps."""
    check_name(name)


def test_an_empty_folder_may_be_fine(tmp_path: Path) -> None:
    """Where nothing is allowed, an empty or missing folder gives no names; others give theirs."""
    make(tmp_path, "a/1.JPG", "b/x.txt")
    found = [
        find_images(tmp_path / name, ["JPG"], allow_empty=True) for name in ("a", "b", "gone")
    ]
    assert found == [["1.JPG"], [], []]


def test_a_folder_that_cannot_be_read_is_an_input(tmp_path: Path) -> None:
    """It is listed beside the images, with a note on why; the images of others are found."""
    make(tmp_path, "a/1.JPG", "b/2.JPG")
    (tmp_path / "b").chmod(0)
    with plain_rights():
        listing = list_images(tmp_path, ["JPG"])
        with pytest.raises(MissingInputError, match="b can't be read"):
            list_images(tmp_path / "b", ["JPG"])
    (tmp_path / "b").chmod(0o700)
    assert listing.names == ["a/1.JPG"]
    assert listing.inputs == ["a/1.JPG", "b/"]
    assert listing.notes == ("can't be read: 1 folder, b/ (Permission denied)",)
    with pytest.raises(RejectedImageError, match="a folder that can't be read"):
        check_name("b/")


def test_links_to_nowhere_without_an_ending_are_named(tmp_path: Path) -> None:
    """One that led to a folder, such as a disk that isn't mounted, is named in a note."""
    make(tmp_path, "a.JPG")
    (tmp_path / "disk").symlink_to("/nowhere/disk")
    listing = list_images(tmp_path, ["JPG"])
    assert listing.names == ["a.JPG"]
    assert listing.notes == ("ignored, as links to nowhere or no plain files: disk",)
