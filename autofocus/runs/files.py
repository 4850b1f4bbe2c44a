"""Files that are either whole or not there."""

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _csv import Writer as CsvWriter

CHUNK = 1 << 20


@contextmanager
def whole_file(final: Path, scratch: Path) -> Iterator[Path]:
    """Write a file beside its place and rename it into it when it is whole.

    Args:
        final: where the file is to stand; its folders are made.
        scratch: a folder on the same file system for the unfinished file.

    Yields:
        The path to write to. If the body raises, nothing is left of it.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    # A digest keeps the name short and apart from those of files written at the same time.
    unfinished = scratch / hashlib.sha256(os.fsencode(final)).hexdigest()[:32]
    try:
        yield unfinished
        final.parent.mkdir(parents=True, exist_ok=True)
        unfinished.replace(final)
    finally:
        unfinished.unlink(missing_ok=True)


def write_text(final: Path, text: str, scratch: Path) -> None:
    """Write a text file whole, in UTF-8 and with the same line ends on every system."""
    with whole_file(final, scratch) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")


def write_json(final: Path, value: Any, scratch: Path) -> None:
    """Write a JSON file whole: sorted as given, indented, with a last line end."""
    write_text(final, json.dumps(value, indent=2, ensure_ascii=False) + "\n", scratch)


class _UnixLineEnds:
    """A text file for `csv_writer`: rows come with CR LF and go with LF."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, row: str) -> int:
        return self._file.write(row.removesuffix("\r\n") + "\n")


def csv_writer(file: IO[str]) -> "CsvWriter":
    """Return a writer of CSV rows that end in a line feed on every system.

    Told to end rows so, Python's own writer leaves a carriage return within a cell unquoted, and a
    reader takes it for the row's end; macOS keeps files with one in their names.
    """
    return csv.writer(_UnixLineEnds(file), lineterminator="\r\n")


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, as 64 hex digits, in flat memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def stamp(path: Path) -> dict[str, int]:
    """Return what tells whether a file may have been changed, without reading it."""
    status = path.stat()
    return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def is_unchanged(path: Path, noted: Mapping[str, Any]) -> bool:
    """Tell whether a file still has the stamp that was noted, among other values."""
    return all(noted.get(key) == value for key, value in stamp(path).items())


def empty_folder(folder: Path) -> None:
    """Make the folder, or remove all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def inside(folder: Path, path: Path) -> bool:
    """Tell whether the path, all links followed, lies in the folder."""
    return path.resolve().is_relative_to(folder.resolve())


def relative_to_folder(path: Path, folder: Path) -> str:
    """Return the path as seen from the folder, with `/` between parts, upwards if need be."""
    return Path(os.path.relpath(path, folder)).as_posix()


def is_case_blind(folder: Path) -> bool:
    """Tell whether the folder's disk takes upper and lower case for the same name."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / "case_probe"
    probe.touch()
    try:
        return (folder / "CASE_PROBE").exists()
    finally:
        probe.unlink()
