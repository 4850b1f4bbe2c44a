"""Tests of the small files in a stage's memory."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from autofocus.runs.records import DamagedRecordError, read_record, write_record

VALUE = {"trim": 198, "names": ["a", "ü"], "share": 0.5}


def test_a_record_comes_back(tmp_path: Path) -> None:
    """A record is read as it was written; without one there is none."""
    path = tmp_path / "settings.json"
    assert read_record(path, dict) is None
    write_record(path, VALUE, tmp_path)
    assert read_record(path, dict) == VALUE


def test_a_record_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """A record without a checksum is taken as it is."""
    (tmp_path / "a.json").write_text('{"trim": 198}')
    assert read_record(tmp_path / "a.json", dict) == {"trim": 198}


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_text(path.read_text().replace("198", "199")),
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\0\xff\xfe"),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text("[1, 2]"),
        lambda path: path.write_text("1" * 10_000),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.unlink() or os.mkfifo(path),  # type: ignore[func-returns-value]
        lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
    ],
)
def test_damage_is_named(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """A record that was edited, cut or replaced is not used, and the sentence says what to do."""
    path = tmp_path / "settings.json"
    write_record(path, VALUE, tmp_path / "tmp")
    damage(path)
    with pytest.raises(DamagedRecordError, match=r"settings.json can't be read: delete it"):
        read_record(path, dict)
