"""Marks: what a stage's memory records of a file that it wrote, to notice damage later.

The mark of a file holds its size, its modification time and a digest of its content; the mark of
a symbolic link holds its target. While size and time are the same, the file counts as intact
without being read; where only the time differs, as in a copied folder, the digest decides.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autofocus.runs import files

# A mark as plain JSON values: `bytes`, `modified_ns` and `digest`, or `link`.
Mark = Mapping[str, Any]
# Of no file: what was never marked is not intact.
MISSING: Mark = {"bytes": -1, "modified_ns": -1, "digest": ""}


def mark_of(path: Path, digest: str = "") -> dict[str, Any]:
    """Return the mark of a file or symbolic link.

    Args:
        path: the file; a link is not followed.
        digest: of its content, where it is known, such as `md5:<32 hex digits>`; by default the
            file is read, and its SHA-256 is taken.
    """
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return {"link": os.fspath(path.readlink())}
    digest = digest or f"sha256:{files.digest_file(path)}"
    return {**files.stamp_of(status), "digest": digest}


def check(path: Path, mark: Mark, doubted_ns: int | None = None) -> dict[str, Any] | None:
    """Return the present mark of a file that still has the content of an earlier mark.

    Args:
        path: the file; a link is not followed.
        mark: the earlier mark, as it was recorded.
        doubted_ns: a file that was written since then is read; see `runs.trust`.

    Returns:
        None if the file is missing, its size or content differ, or the mark can't be understood.
    """
    try:
        if "link" in mark:
            is_same = path.is_symlink() and os.fspath(path.readlink()) == mark["link"]
            return dict(mark) if is_same else None
        if path.is_symlink() or not path.is_file():
            return None
        stamp = files.stamp(path)
        is_doubted = doubted_ns is not None and stamp["modified_ns"] >= doubted_ns
        is_same = stamp["bytes"] == mark["bytes"]
        if is_same and (is_doubted or stamp["modified_ns"] != mark["modified_ns"]):
            algorithm, _, digest = str(mark["digest"]).partition(":")
            is_same = files.digest_file(path, algorithm) == digest
    except (OSError, ValueError, TypeError, KeyError):
        # The file is gone or can't be read, or the mark was edited.
        return None
    return {**mark, **stamp} if is_same else None


def is_same_content(path: Path, other: Path) -> bool:
    """Tell whether two files have the same bytes, or two symbolic links the same target."""
    if path.is_symlink() or other.is_symlink():
        both_links = path.is_symlink() and other.is_symlink()
        return both_links and path.readlink() == other.readlink()
    if not (path.is_file() and other.is_file()):
        return False
    if path.stat().st_size != other.stat().st_size:
        return False
    with path.open("rb") as first, other.open("rb") as second:
        while chunk := first.read(files.CHUNK):
            if chunk != second.read(files.CHUNK):
                return False
    return True
