"""Files that are either complete or absent."""

import errno
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from autofocus.runs.outputs import check_file

CHUNK = 1 << 20
# Components of paths that name nothing of their own.
_NO_NAMES = frozenset(("", ".", ".."))


@contextmanager
def whole_file(final: Path, scratch: Path) -> Iterator[Path]:
    """Write a file in a scratch folder and rename it to its final path when it is complete.

    The content is flushed to the disk before the file is renamed, and the folder afterwards, so
    that a power cut leaves either the old file or the whole new one. That costs about 0.5 ms per
    file on an SSD.

    Args:
        final: the path of the complete file; its folders are created.
        scratch: a folder on the same file system for the unfinished file.

    Yields:
        The path to write to. If the body raises, the unfinished file is removed.
    """
    unfinished = unfinished_path(final, scratch)
    try:
        yield unfinished
        final.parent.mkdir(parents=True, exist_ok=True)
        put_in_place(unfinished, final)
    finally:
        unfinished.unlink(missing_ok=True)


def unfinished_path(final: Path, scratch: Path) -> Path:
    """Return the path of a file until it is complete; the scratch folder is created."""
    scratch.mkdir(parents=True, exist_ok=True)
    return scratch / unfinished_name(final)


def unfinished_name(final: Path | str) -> str:
    """Return the name of a file in a scratch folder until it is complete."""
    # A digest keeps the name short, and different from those of files written at the same time.
    return hashlib.sha256(os.fsencode(final)).hexdigest()[:32]


def unfinished_link(final: Path, target: str, scratch: Path) -> Path:
    """Make a link in a scratch folder that is to be renamed to its place, and return its path."""
    path = unfinished_path(final, scratch)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    return path


def put_in_place(unfinished: Path, final: Path) -> None:
    """Rename a complete file to its final path, durably.

    Raises:
        OutputConflictError: a link, a device or anything else but a plain file stands there.
    """
    check_file(final)
    sync(unfinished)
    unfinished.replace(final)
    sync(final.parent)


def sync(path: Path) -> None:
    """Flush a file or folder to the disk; symbolic links need no flush."""
    if path.is_symlink() or (path.is_dir() and os.name == "nt"):
        return
    # Windows flushes only files that are open for writing.
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_open(descriptor: int, path: Path | str) -> None:
    """Flush an open file to the disk; an error names it, see `write_bytes`."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def sync_folders(folders: Iterable[Path], root: Path) -> None:
    """Flush folders in which files were renamed, and those above them, which may be new.

    Args:
        folders: at or below the root; those that are gone by now are ignored.
        root: the highest folder to flush.
    """
    missing = {above for folder in folders for above in (folder, *folder.parents)}
    for folder in sorted(missing):
        if folder.is_relative_to(root):
            with suppress(FileNotFoundError, NotADirectoryError):
                sync(folder)


def open_plain(path: Path, flags: int) -> int:
    """Open a plain file without following a link or waiting, and return its descriptor.

    Args:
        path: the file.
        flags: as of `os.open`.

    Raises:
        OSError: there is no such file, or something else stands there.
    """
    # Windows has no such flags.
    more = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC"))
    descriptor = os.open(path, flags | more, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "no plain file", str(path))
    return descriptor


def read_plain(path: Path) -> bytes:
    """Return the content of a plain file; see `open_plain`."""
    with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
        return file.read()


def write_bytes(unfinished: Path, content: bytes) -> None:
    """Write an unfinished file; an error names it, by which it is known to concern an output."""
    try:
        unfinished.write_bytes(content)
    except OSError as error:
        error.filename = error.filename or os.fspath(unfinished)
        raise


def write_text(final: Path, text: str, scratch: Path) -> None:
    """Write a complete text file, in UTF-8 and with line feeds on every system."""
    with whole_file(final, scratch) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")


def write_json(final: Path, value: Any, scratch: Path) -> None:
    """Write a complete JSON file: keys in the given order, indented, with a final line feed."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if not _is_unicode(text):
        # Names of files need not be.
        text = json.dumps(value, indent=2)
    write_text(final, text + "\n", scratch)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def digest_file(path: Path, algorithm: str = "sha256") -> str:
    """Return the digest of a file's content in hex digits; the file need not fit into memory.

    Args:
        path: the file.
        algorithm: a name that `hashlib.new` knows.
    """
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def stamp(path: Path) -> dict[str, int]:
    """Return a file's size and modification time, by which a change is noticed without reading."""
    return stamp_of(path.stat())


def find_stamp(path: Path) -> dict[str, int] | None:
    """Return the stamp of a file; None if there is none."""
    try:
        return stamp(path)
    except OSError:
        return None


def stamp_of(status: os.stat_result) -> dict[str, int]:
    """Return the stamp of a file whose status is known; see `stamp`."""
    return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def text_of_stamp(stamp: Mapping[str, Any]) -> str:
    """Return a stamp, which may stand among other values, as a text."""
    return f"{stamp['bytes']} {stamp['modified_ns']}"


def stamp_text(path: str) -> str:
    """Return the stamp of a file as a text, for millions of files in a row.

    Raises:
        OSError: there is no such file.
    """
    return text_of_stamp(stamp_of(os.stat(path)))  # noqa: PTH116 - making a Path takes longer


def is_unchanged(path: Path, recorded: Mapping[str, Any]) -> bool:
    """Return whether a file is there with the stamp that was recorded, among other values."""
    now = find_stamp(path)
    return now is not None and all(recorded.get(key) == value for key, value in now.items())


def empty_folder(folder: Path) -> None:
    """Create the folder, or remove everything in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def inside(folder: Path, path: Path) -> bool:
    """Tell whether the path lies in the folder once all links are resolved."""
    # Not `resolve`, which raises an exception for links that lead in a circle.
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def is_below(name: object) -> bool:
    """Tell whether a text is a relative path that leads to a file below its folder."""
    if not isinstance(name, str) or "\0" in name or name.startswith("/"):
        return False
    return _NO_NAMES.isdisjoint(name.split("/"))


def relative_to_folder(path: Path, folder: Path) -> str:
    """Return the path relative to the folder, with `/` between parts and `..` where needed."""
    return Path(os.path.relpath(path, folder)).as_posix()


def is_case_blind(folder: Path) -> bool:
    """Tell whether the folder's file system ignores case in names."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / "case_probe"
    probe.touch()
    try:
        return (folder / "CASE_PROBE").exists()
    finally:
        probe.unlink()
