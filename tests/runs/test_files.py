"""Tests of files that are either whole or not there."""

import os
from pathlib import Path

import pytest

from autofocus.runs import files


def test_whole_file_stands_after_the_block(tmp_path: Path) -> None:
    """The file appears in its place, folders made, only when its block has ended."""
    final, scratch = tmp_path / "a" / "b.txt", tmp_path / "tmp"
    with files.whole_file(final, scratch) as unfinished:
        unfinished.write_text("whole")
        assert not final.exists()
    assert final.read_text() == "whole"
    assert list(scratch.iterdir()) == []


def test_nothing_is_left_on_error(tmp_path: Path) -> None:
    """If the block raises, neither the file nor its unfinished form is left."""
    final, scratch = tmp_path / "b.txt", tmp_path / "tmp"

    def write_half() -> None:
        with files.whole_file(final, scratch) as unfinished:
            unfinished.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert not final.exists()
    assert list(scratch.iterdir()) == []


def test_earlier_file_outlives_an_error(tmp_path: Path) -> None:
    """If the block raises, the file that stood there before is untouched."""
    final = tmp_path / "b.txt"
    final.write_text("before")
    with pytest.raises(OSError, match="disk"), files.whole_file(final, tmp_path / "tmp"):
        raise OSError("disk")
    assert final.read_text() == "before"


def test_equal_names_in_two_folders_do_not_meet(tmp_path: Path) -> None:
    """Two files of one name, written at the same time, keep apart in the scratch folder."""
    first, second = tmp_path / "a" / "x", tmp_path / "b" / "x"
    scratch = tmp_path / "tmp"
    with files.whole_file(first, scratch) as one, files.whole_file(second, scratch) as two:
        one.write_text("1")
        two.write_text("2")
    assert (first.read_text(), second.read_text()) == ("1", "2")


def test_long_names_are_written(tmp_path: Path) -> None:
    """A name as long as a file system allows can be written, as the unfinished name is short."""
    final = tmp_path / ("n" * 255)
    files.write_text(final, "long", tmp_path / "tmp")
    assert final.read_text() == "long"


def test_text_is_utf8_with_line_feeds(tmp_path: Path) -> None:
    """Text is written as UTF-8 with the same line ends on every system."""
    files.write_text(tmp_path / "t", "Füchse\n", tmp_path / "tmp")
    assert (tmp_path / "t").read_bytes() == b"F\xc3\xbcchse\n"


def test_json_is_for_people_too(tmp_path: Path) -> None:
    """JSON is indented, keeps letters and order, and ends with a line feed."""
    files.write_json(tmp_path / "j", {"b": "ü", "a": [1]}, tmp_path / "tmp")
    text = (tmp_path / "j").read_text(encoding="utf-8")
    assert text == '{\n  "b": "ü",\n  "a": [\n    1\n  ]\n}\n'


def test_digest_is_sha256(tmp_path: Path) -> None:
    """The digest of `abc` is the one in FIPS 180-2, appendix B.1."""
    (tmp_path / "abc").write_bytes(b"abc")
    assert files.digest_file(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_digest_reads_every_chunk(tmp_path: Path) -> None:
    """A change behind the first chunk changes the digest."""
    content = bytearray(files.CHUNK + 2)
    (tmp_path / "one").write_bytes(content)
    content[-1] = 1
    (tmp_path / "two").write_bytes(content)
    assert files.digest_file(tmp_path / "one") != files.digest_file(tmp_path / "two")


def test_stamp_tells_a_change(tmp_path: Path) -> None:
    """A file's stamp changes with its size and with its time, and not by reading it."""
    path = tmp_path / "x"
    path.write_bytes(b"one")
    os.utime(path, ns=(5, 1_000_000_007))
    before = files.stamp(path)
    path.read_bytes()
    assert files.stamp(path) == before == {"bytes": 3, "modified_ns": 1_000_000_007}
    os.utime(path, ns=(5, 1_000_000_008))
    assert files.stamp(path) != before


def test_empty_folder_removes_all(tmp_path: Path) -> None:
    """A folder is emptied, folders in it included, or made if it isn't there."""
    (tmp_path / "f" / "deep").mkdir(parents=True)
    (tmp_path / "f" / "deep" / "x").write_text("x")
    files.empty_folder(tmp_path / "f")
    files.empty_folder(tmp_path / "g" / "h")
    assert list((tmp_path / "f").iterdir()) == list((tmp_path / "g" / "h").iterdir()) == []


def test_inside_follows_links(tmp_path: Path) -> None:
    """A link within a folder that leads out of it does not lie inside, nor does its like-named."""
    (tmp_path / "in").mkdir()
    (tmp_path / "inner").mkdir()
    (tmp_path / "in" / "out").symlink_to(tmp_path)
    assert files.inside(tmp_path / "in", tmp_path / "in" / "x" / ".." / "y")
    assert not files.inside(tmp_path / "in", tmp_path / "in" / "out" / "x")
    assert not files.inside(tmp_path / "in", tmp_path / "inner" / "x")


def test_path_as_seen_from_a_folder(tmp_path: Path) -> None:
    """A path is told relative to a folder, upwards where it lies elsewhere."""
    seen = files.relative_to_folder(tmp_path / "a" / "x.jpg", tmp_path / "b" / "c")
    assert seen == "../../a/x.jpg"
