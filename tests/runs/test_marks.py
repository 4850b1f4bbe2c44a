"""Tests of marks: a file that was damaged is noticed, one that was only copied is not."""

import os
import shutil
from pathlib import Path

import pytest

from autofocus.runs import marks


def make(folder: Path) -> tuple[Path, dict[str, object]]:
    path = folder / "a"
    path.write_bytes(b"abc")
    os.utime(path, (10**9, 10**9))
    return path, marks.mark_of(path)


def test_a_mark_holds_size_time_and_digest(tmp_path: Path) -> None:
    """The digest is the SHA-256 of the content, by default."""
    _, mark = make(tmp_path)
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert mark == {"bytes": 3, "modified_ns": 10**18, "digest": f"sha256:{sha256}"}


@pytest.mark.parametrize("content", [b"", b"ab", b"\0\0\0", b"abd", None])
def test_damage_is_noticed(tmp_path: Path, content: bytes | None) -> None:
    """A file that is empty, cut off, zeroed, replaced or missing is not intact."""
    path, mark = make(tmp_path)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert marks.check(path, mark) is None


def test_a_copy_is_intact(tmp_path: Path) -> None:
    """A file of the same content is intact whatever its time, and its mark gets the new time."""
    path, mark = make(tmp_path)
    os.utime(path, (2 * 10**9, 2 * 10**9))
    assert marks.check(path, mark) == {**mark, "modified_ns": 2 * 10**18}


def test_a_given_digest_is_checked_by_its_algorithm(tmp_path: Path) -> None:
    """A stage may give an MD5 that it has at hand."""
    path, _ = make(tmp_path)
    mark = marks.mark_of(path, "md5:900150983cd24fb0d6963f7d28e17f72")
    os.utime(path, (2 * 10**9, 2 * 10**9))
    assert marks.check(path, mark)
    path.write_bytes(b"abd")
    assert marks.check(path, mark) is None


def test_a_link_is_known_by_its_target(tmp_path: Path) -> None:
    """A link to another target, or a file in a link's place, is not intact."""
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    mark = marks.mark_of(link)
    assert marks.check(link, mark) == mark == {"link": "nowhere"}
    link.unlink()
    link.symlink_to("elsewhere")
    assert marks.check(link, mark) is None
    link.unlink()
    shutil.copy(__file__, link)
    assert marks.check(link, mark) is None


def test_same_content(tmp_path: Path) -> None:
    """Files are compared byte by byte, links by their targets, and never one with the other."""
    one, two, link = tmp_path / "one", tmp_path / "two", tmp_path / "link"
    one.write_bytes(b"abc")
    two.write_bytes(b"abc")
    link.symlink_to("one")
    assert marks.is_same_content(one, two)
    assert not marks.is_same_content(one, link)
    two.write_bytes(b"abd")
    assert not marks.is_same_content(one, two)
    two.unlink()
    assert not marks.is_same_content(one, two)
    two.symlink_to("one")
    assert marks.is_same_content(link, two)
