"""A folder as a tar file: made in a stream, with the times of its files, and unpacked again."""

import errno
import os
import shutil
import struct
import tarfile
from collections.abc import Iterator
from pathlib import Path

from autofocus.errors import AutofocusError
from autofocus.runs import files

# Errors that `tarfile` lets through for headers that can't be read, and those of names that can't
# be the names of files, or of a file where another member needs a folder.
BROKEN_HEADER = (ValueError, OverflowError, EOFError, IndexError, struct.error, RecursionError)
IMPOSSIBLE_NAME = {
    errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ,
}  # fmt: skip


class ChangedFolderError(AutofocusError):
    """Files were changed while they were read."""


def tar_of(folder: Path) -> Iterator[bytes]:
    """Yield the bytes of a tar file of all files of a folder; links are left out.

    Raises:
        ChangedFolderError: the files are changed meanwhile, or can't be read.
    """
    try:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield from _member(path, path.relative_to(folder).as_posix())
    except OSError as error:
        raise ChangedFolderError(f"{folder} was not saved, as it can't be read: {error}") from None
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(path: Path, name: str) -> Iterator[bytes]:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        member = tarfile.TarInfo(name)
        member.size = status.st_size
        # To the nanosecond, as journals know files by their times.
        seconds, nanoseconds = divmod(status.st_mtime_ns, 10**9)
        member.pax_headers = {"mtime": f"{seconds}.{nanoseconds:09}"}
        yield member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        left = member.size
        while left:
            chunk = file.read(min(left, files.CHUNK))
            if not chunk:
                raise ChangedFolderError(f"{name} was not saved, as it became shorter meanwhile")
            left -= len(chunk)
            yield chunk
    yield bytes(-member.size % tarfile.BLOCKSIZE)


def unpack_tar(path: Path, folder: Path) -> bool:
    """Unpack a tar file; False if it is none, or holds anything but files below the folder."""
    folder.mkdir(parents=True)
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or member.issparse() or not files.is_below(member.name):
                    return False
                final = folder / member.name
                final.parent.mkdir(parents=True, exist_ok=True)
                with final.open("xb") as file:
                    shutil.copyfileobj(content, file)
                moment = _nanoseconds(member)
                os.utime(final, ns=(moment, moment))
    except (tarfile.TarError, *BROKEN_HEADER):
        return False
    except OSError as error:
        if error.errno not in IMPOSSIBLE_NAME:
            raise
        return False
    return True


def _nanoseconds(member: tarfile.TarInfo) -> int:
    seconds, _, fraction = member.pax_headers.get("mtime", "").partition(".")
    return int(seconds) * 10**9 + int(fraction)


def move_files(source: Path, folder: Path) -> None:
    """Move all files to another folder, in place of those of the same names."""
    for path in sorted(source.rglob("*")):
        final = folder / path.relative_to(source)
        if path.is_dir():
            final.mkdir(parents=True, exist_ok=True)
        else:
            final.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, final)
    folder.mkdir(parents=True, exist_ok=True)
