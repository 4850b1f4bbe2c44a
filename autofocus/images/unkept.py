"""Which original images of a download were used as they arrived, and are not files.

A stage that reads originals would take those that happen to be there for all.
"""

import os
from pathlib import Path

from autofocus.errors import MissingInputError
from autofocus.images.names import PREPARATION_NAME
from autofocus.runs import files
from autofocus.runs.records import DamagedRecordError, read_record, write_record
from autofocus.runs.walking import is_made
from autofocus.runs.workspace import HIDDEN

# The stage in whose memory, in the folder of the download, the record stands.
_DOWNLOAD = "download_images"
_NAME = "unkept.json"


def record_unkept(memory: Path, below: str, scratch: Path) -> None:
    """Record that originals are not kept, before the first of them arrives.

    Args:
        memory: the folder of the download's memory.
        below: the folder of the images, relative to that of the download; may be empty.
        scratch: a folder for unfinished files.
    """
    write_record(memory / _NAME, below, scratch)


def record_kept(memory: Path) -> None:
    """Record that all originals are files."""
    (memory / _NAME).unlink(missing_ok=True)


def are_kept(folder: Path) -> bool:
    """Return whether the originals of a download into this folder are files."""
    return not _record(folder).exists()


def check_kept(folder: Path) -> None:
    """Check that a folder of original images lacks none that a download did not keep.

    Args:
        folder: the folder, which may lie anywhere in that of the download; it need not exist.

    Raises:
        MissingInputError: it does.
    """
    try:
        root = _unkept(Path(os.path.realpath(folder)))
    except (OSError, ValueError):
        # No file can have this path, or it can't be read: what reads the folder says so.
        return
    if root is not None:
        raise MissingInputError(
            f"The original images of {folder} were not kept when they were preprocessed "
            "(ingest_images, keep_raw: false): go on in that way, or fetch them with "
            f"download_images into {root} first."
        )


def _unkept(place: Path) -> Path | None:
    """Return the folder of the download that kept no files of originals of a place."""
    for root in (place, *place.parents):
        if is_made(root) or (root / PREPARATION_NAME).is_file():
            return None
        if not are_kept(root):
            images = root / _below(root)
            if files.inside(place, images) or files.inside(images, place):
                return root
    return None


def _record(folder: Path) -> Path:
    return folder / HIDDEN / _DOWNLOAD / _NAME


def _below(root: Path) -> str:
    try:
        return read_record(_record(root), str) or ""
    except DamagedRecordError:
        return ""
