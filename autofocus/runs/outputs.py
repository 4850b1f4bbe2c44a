"""Where a stage may write: at a path where nothing stands, or a plain file that it wrote itself.

An output folder may itself be a link that somebody made; below it, nothing is written through a
link, so that no file outside is overwritten. Everything here is checked before a stage writes.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from autofocus.errors import OutputConflictError
from autofocus.runs.wording import shown

# So much of a path that somebody gave is repeated in a message.
_PATH = 300
_KINDS = {
    stat.S_IFLNK: "a link, and nothing is written through links",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe and no plain file",
    stat.S_IFCHR: "a device and no plain file",
    stat.S_IFBLK: "a device and no plain file",
    stat.S_IFSOCK: "a socket and no plain file",
}


def check_outputs(
    files: Iterable[Path] = (),
    folders: Iterable[Path] = (),
    inputs: Iterable[Path | None] = (),
) -> None:
    """Check that a stage can write its files and folders without harm to anything else.

    Whether a plain file that stands there is the stage's own is checked later, with its memory.

    Args:
        files: what is going to be written.
        folders: what is going to be written into, and may be created.
        inputs: files that are read; None and what does not exist are ignored.

    Raises:
        OutputConflictError: an output is an input, under whatever name; or a link, a device or
            another thing that is no plain file or folder stands in its place.
    """
    read = {one: path for path in inputs if path is not None and (one := _identity(path))}
    for folder in folders:
        _check_folder(folder)
    for file in files:
        check_file(file)
        mark = _identity(file)
        if mark is not None and (same := read.get(mark)) is not None:
            name = "an input" if same == file else f"the input {shown(same, _PATH)}"
            raise OutputConflictError(
                f"{shown(file, _PATH)} is {name}, which would be overwritten: choose another "
                "output."
            )


def check_file(path: Path) -> None:
    """Check that nothing stands at a path, or a plain file.

    Raises:
        OutputConflictError: a link, a folder or anything else stands there, or the path can't be
            one of a file.
    """
    try:
        kind = stat.S_IFMT(path.lstat().st_mode)
    except (OSError, ValueError) as error:
        _check_missing(path, error)
        return
    if kind != stat.S_IFREG:
        raise OutputConflictError(
            f"{shown(path, _PATH)} is {_KINDS.get(kind, 'no plain file')}: choose another output."
        )


def check_folders_between(root: Path, path: Path) -> None:
    """Check that all folders on the way from an output folder to a file in it are folders.

    Those that are missing will be made.

    Raises:
        OutputConflictError: one is a link, or a file stands in its place.
    """
    check_links_between(root, path)
    if (folder := blocked_by(root, path)) is not None:
        raise OutputConflictError(
            f"{shown(folder, _PATH)} stands in the place of a folder: move it away, or choose "
            "another output."
        )


def check_links_between(root: Path, path: Path) -> None:
    """Check that no folder on the way from an output folder to a file in it is a link.

    Raises:
        OutputConflictError: one is.
    """
    for folder in _folders_between(root, path):
        if folder.is_symlink():
            raise OutputConflictError(
                f"{shown(folder, _PATH)} is a link to another folder, into which nothing is "
                "written: remove it, or choose another output."
            )


def blocked_by(root: Path, path: Path) -> Path | None:
    """Return what stands in the place of a folder on the way to a file; None for nothing."""
    standing = (f for f in _folders_between(root, path) if kind_of(f) not in (None, stat.S_IFDIR))
    return next(standing, None)


def _folders_between(root: Path, path: Path) -> Iterator[Path]:
    for folder in path.parents if path.is_relative_to(root) else ():
        if folder == root:
            return
        yield folder


def kind_of(path: Path | str) -> int | None:
    """Return what stands at a path, as `stat.S_IFMT` does; None for nothing."""
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return None


def _check_folder(path: Path) -> None:
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError) as error:
        _check_missing(path, error)
        if path.is_symlink():
            raise OutputConflictError(
                f"{shown(path, _PATH)} is a link that leads nowhere: choose another output."
            ) from None
        return
    if kind != stat.S_IFDIR:
        raise OutputConflictError(
            f"{shown(path, _PATH)} can't be used as an output folder: a file stands in its place."
        )


def _check_missing(path: Path, error: OSError | ValueError) -> None:
    """Check that a path is only missing, and not impossible."""
    number = error.errno if isinstance(error, OSError) else errno.EINVAL
    if number == errno.ENOENT:
        return
    words = {
        errno.ENOTDIR: "a file stands in the place of one of its folders",
        errno.ELOOP: "links in it lead in a circle",
        errno.ENAMETOOLONG: "the name is too long",
        errno.EINVAL: "no file can have this name",
    }
    if number in words:
        raise OutputConflictError(
            f"{shown(path, _PATH)} can't be written, as {words[number]}: choose another output."
        ) from None
    raise error


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what all names of a file have in common; None if there is no such file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino)
