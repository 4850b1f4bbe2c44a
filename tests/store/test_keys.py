"""Tests of which keys may become files, and where."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofocus.runs.ledger import Reason
from autofocus.store.keys import Disk, by_path, find_rejections, folders_above, path_of, probe
from autofocus.store.listing import StoredObject

PLAIN = Disk(is_windows=False)
CASE_BLIND = Disk(folds_case=True, is_windows=False)
WINDOWS = Disk(folds_case=True, is_windows=True)
NOWHERE = Path("no-such-folder")

# Texts of the parts that keys go wrong by, and of a few harmless ones.
keys = st.lists(
    st.sampled_from(["a", "A", "b", "..", ".", "", "é", "e\u0301", "\0", "x" * 256, ".autofocus"])
    | st.text(min_size=1, max_size=3),
    min_size=1,
    max_size=4,
).map("/".join)


def stored(*names: str, size: int = 1) -> list[StoredObject]:
    """Return objects of these keys; folder markers are empty."""
    return [
        StoredObject(name, 0 if name.endswith("/") else size, "etag") for name in sorted(names)
    ]


def reasons(*names: str, disk: Disk = PLAIN, folder: Path = NOWHERE) -> dict[str, Reason]:
    """Return the keys that are refused, and why."""
    found = find_rejections(stored(*names), disk, folder)
    return {name: rejection.reason for name, rejection in found.items()}


@pytest.mark.parametrize(
    "key",
    [
        "../up.jpg",
        "a/../../up.jpg",
        "a/..",
        "/../etc/passwd",
        "./a.jpg",
        "a/./b.jpg",
        "a//..//b.jpg",
        "nul\0.jpg",
        "é" * 128,
    ],
)
def test_keys_that_are_no_path_within_the_folder_are_unsafe(key: str) -> None:
    """Whatever would leave the folder, or can't be a path as it stands, is refused."""
    assert reasons(key) == {key: Reason.UNSAFE_KEY}


@pytest.mark.parametrize(
    "key", ["a b.jpg", "a%2Fb", "..a", "a..", "...", "~", "a\\b", "C:\\x", "x" * 255, "é" * 127]
)
def test_unusual_keys_are_fine(key: str) -> None:
    """What only looks odd may become a file."""
    assert reasons(key) == {}


@pytest.mark.parametrize(
    "key", ["a\\b", "C:/x", "..\\up", "a?", "nul.txt", "dir/COM1", "dot.", "blank ", "tab\t"]
)
def test_windows_has_rules_of_its_own(key: str) -> None:
    """What Windows would change, or take for a device or a way out, is refused there alone."""
    assert reasons(key, disk=WINDOWS) == {key: Reason.UNSAFE_KEY}
    assert reasons(key) == {}


def test_empty_parts_are_dropped() -> None:
    """A key with empty parts becomes a path below the folder."""
    assert reasons("/etc/passwd", "a//b.jpg", "///c//", "/", "//") == {}
    assert [path_of(key) for key in ("/etc/passwd", "a//b.jpg", "///c//", "/")] == [
        "etc/passwd",
        "a/b.jpg",
        "c",
        "",
    ]


def test_empty_parts_that_make_two_names_one() -> None:
    """Where two keys would be one path, only a key that is that path is taken."""
    assert reasons("a/b.jpg", "a//b.jpg", "/c.jpg", "//c.jpg", "//d", "d/e") == {
        "a//b.jpg": Reason.UNSAFE_KEY,
        "/c.jpg": Reason.UNSAFE_KEY,
        "//c.jpg": Reason.UNSAFE_KEY,
        "//d": Reason.FILE_AND_FOLDER,
    }
    assert reasons("A/b", "a//b", disk=CASE_BLIND) == {"a//b": Reason.UNSAFE_KEY}
    assert sorted(by_path(stored("a/b", "a//b", "/c", "//c", "/d", "/e/"))) == ["a/b", "d"]


def test_names_beside_good_ones_are_checked() -> None:
    """In a folder in which one key is fine, another one is refused for its name all the same."""
    long = "x" * 256
    assert reasons("+", "a/+", "a/..", f"a/{long}", "a/ledger.csv", "ledger.csv", long) == {
        "a/..": Reason.UNSAFE_KEY,
        f"a/{long}": Reason.UNSAFE_KEY,
        "ledger.csv": Reason.RESERVED_NAME,
        long: Reason.UNSAFE_KEY,
    }


def test_reserved_names() -> None:
    """No key takes the place of the ledger or of a stage's memory."""
    names = ["ledger.csv", ".autofocus/download_images/settings.json", "sub/.autofocus/x"]
    assert reasons(*names, "sub/ledger.csv") == dict.fromkeys(names, Reason.RESERVED_NAME)


def test_reserved_names_on_a_case_blind_disk() -> None:
    """Where case doesn't count, it doesn't help to get around reserved names."""
    names = ["Ledger.CSV", ".AutoFocus/x"]
    assert reasons(*names) == {}
    assert reasons(*names, disk=CASE_BLIND) == dict.fromkeys(names, Reason.RESERVED_NAME)


def test_a_key_that_is_file_and_folder() -> None:
    """A file in the place of a folder is refused; what is in the folder is not."""
    assert reasons("a", "a/b", "a/b/c.jpg") == {
        "a": Reason.FILE_AND_FOLDER,
        "a/b": Reason.FILE_AND_FOLDER,
    }


def test_a_file_beside_a_folder_marker() -> None:
    """A marker alone makes a folder, too."""
    assert reasons("a", "a/") == {"a": Reason.FILE_AND_FOLDER}


def test_a_marker_with_content() -> None:
    """A key that ends like a folder's but holds bytes can't become a file."""
    found = find_rejections([StoredObject("a/", 3, "etag")], PLAIN, NOWHERE)
    assert found["a/"].reason is Reason.FILE_AND_FOLDER


def test_refused_keys_make_no_folders() -> None:
    """A key that is refused for itself takes no other's place."""
    assert reasons("a", "a/../b") == {"a/../b": Reason.UNSAFE_KEY}


def test_keys_that_differ_by_case() -> None:
    """On a case-blind disk the first key is kept, and named to the others."""
    names = ["IMG.JPG", "Img.jpg", "img.jpg", "other.jpg"]
    assert reasons(*names) == {}
    found = find_rejections(stored(*names), CASE_BLIND, NOWHERE)
    assert {name: rejection.reason for name, rejection in found.items()} == {
        "Img.jpg": Reason.CASE_COLLISION,
        "img.jpg": Reason.CASE_COLLISION,
    }
    assert "IMG.JPG" in found["img.jpg"].detail


def test_folders_that_differ_by_case() -> None:
    """Folders that differ by case become one, and only files of the same name collide."""
    found = reasons("A/", "A/1.jpg", "a/1.jpg", "a/2.jpg", disk=CASE_BLIND)
    assert found == {"a/1.jpg": Reason.CASE_COLLISION}


def test_a_file_and_a_folder_that_differ_by_case() -> None:
    """A file can't stand beside a folder whose name differs by case alone."""
    assert reasons("A", "a/b", disk=CASE_BLIND) == {"A": Reason.FILE_AND_FOLDER}


def test_keys_that_differ_by_normalisation() -> None:
    """The same letter written in two ways is one name on some disks."""
    names = ["e\u0301.jpg", "\u00e9.jpg"]
    assert reasons(*names) == {}
    assert reasons(*names, disk=Disk(folds_unicode=True, is_windows=False)) == {
        "\u00e9.jpg": Reason.CASE_COLLISION
    }


def test_links_in_the_folder_are_not_followed(tmp_path: Path) -> None:
    """A key that leads through a link that stands in the folder is refused."""
    folder = tmp_path / "data"
    (folder / "real").mkdir(parents=True)
    (folder / "real" / "out").symlink_to(tmp_path)
    found = reasons("real/out/x.jpg", "real/out/", "real/x.jpg", folder=folder)
    assert found == dict.fromkeys(["real/out/x.jpg", "real/out/"], Reason.UNSAFE_KEY)


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    """Where the local folder is a link, that is the user's choice."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    assert reasons("a/b.jpg", folder=tmp_path / "data") == {}


def test_the_probe_sees_what_this_disk_does(tmp_path: Path) -> None:
    """The probe agrees with what becomes of files of such names, and leaves nothing behind."""
    disk = probe(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "case").touch()
    assert disk.folds_case == (tmp_path / "CASE").exists()


def test_folders_above() -> None:
    """The folders of a key come outermost first; a marker's own folder is one."""
    assert list(folders_above("a/b/c.jpg")) == ["a", "a/b"]
    assert list(folders_above("a/")) == ["a"]
    assert list(folders_above("a.jpg")) == []


@given(st.lists(keys, unique=True), st.booleans(), st.booleans())
def test_all_that_is_left_can_be_written_side_by_side(
    names: list[str], folds_case: bool, folds_unicode: bool
) -> None:
    """No two files left are one, none is a folder, and none leaves the folder."""
    disk = Disk(folds_case, folds_unicode, is_windows=False)
    refused = reasons(*names, disk=disk)
    left = [name for name in names if name not in refused]
    paths = {name: path_of(name) for name in left}
    files = [disk.fold(path) for name, path in paths.items() if not name.endswith("/")]
    folders = {disk.fold(above) for path in paths.values() for above in folders_above(path)}
    assert len(set(files)) == len(files)
    assert not folders & set(files)
    for name in left:
        path = paths[name]
        assert os.path.normpath(path) == (path or ".")
        assert ".." not in path.split("/")
        assert not path.startswith("/")


@given(st.lists(keys, unique=True))
def test_only_bad_names_are_refused_on_a_plain_disk(names: list[str]) -> None:
    """On a disk that tells all names apart nothing is refused as a collision."""
    assert Reason.CASE_COLLISION not in reasons(*names).values()
