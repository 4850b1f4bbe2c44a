"""Files in memory, for what is read once and need not touch a disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autofocus.runs import files

# What is larger is kept on the disk instead, in bytes.
MAX_BYTES = 64 << 20
_DESCRIPTORS = Path("/proc/self/fd")


@contextmanager
def memory_file(size: int, beside: Path, scratch: Path) -> Iterator[Path]:
    """Yield the path of an empty file that is gone at the end of the `with` block.

    On Linux it is in memory (`memfd_create`), and so is gone even if the process is killed. On
    other systems, and for more than `MAX_BYTES`, it lies in the scratch folder.

    Args:
        size: how much is going to be written, in bytes.
        beside: the path that the content would have if it were kept.
        scratch: a folder for unfinished files.
    """
    descriptor = _create(size)
    if descriptor is not None:
        try:
            yield _DESCRIPTORS / str(descriptor)
        finally:
            os.close(descriptor)
        return
    path = files.unfinished_path(beside, scratch)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _create(size: int) -> int | None:
    create = getattr(os, "memfd_create", None)
    if create is None or size > MAX_BYTES or not _DESCRIPTORS.is_dir():
        return None
    try:
        return int(create("autofocus"))
    except OSError:  # a sandbox without it, or too many open files
        return None
