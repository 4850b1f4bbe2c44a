"""Finding the photographs below a folder."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from autofocus.errors import MissingInputError
from autofocus.images.decoding import RejectedImageError
from autofocus.runs.ledger import Reason
from autofocus.runs.workspace import HIDDEN

# macOS keeps what other disks can't hold in files of this prefix beside the real ones.
APPLE_DOUBLE_PREFIX = "._"


def find_images(
    folder: Path,
    extensions: Collection[str],
    leave_out: Collection[Path] = (),
    *,
    allow_empty: bool = False,
) -> list[str]:
    """Return the paths of all files below the folder that have one of the extensions.

    Links to folders are followed, each real folder once; one that lies below `folder` itself goes
    by its own path, so that names don't depend on the order in which a disk lists them.

    Args:
        folder: where to look.
        extensions: such as ``JPG``, in any case, with or without a dot.
        leave_out: folders not to look into, such as the output folder.
        allow_empty: whether to return nothing where there is nothing, rather than raise.

    Returns:
        Paths relative to the folder, with `/` between parts, in rising order.

    Raises:
        MissingInputError: there is no such folder, or no such file in it.
    """
    if not folder.is_dir():
        if allow_empty:
            return []
        raise MissingInputError(f"There is no folder {folder}: give one that holds photographs.")
    wanted = {"." + extension.lower().lstrip(".") for extension in extensions}
    found = sorted(
        name
        for name in _files(folder, {path.resolve() for path in leave_out})
        if Path(name).suffix.lower() in wanted
    )
    if not found and not allow_empty:
        raise MissingInputError(
            f"No file below {folder} ends in {', '.join(sorted(wanted))}: "
            "give another folder or other --extensions."
        )
    return found


def check_name(name: str) -> None:
    """Reject a file whose very name tells that it can't be used (raises RejectedImageError)."""
    if Path(name).name.startswith(APPLE_DOUBLE_PREFIX):
        raise RejectedImageError(Reason.APPLE_DOUBLE, "what macOS keeps beside a file, no picture")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise RejectedImageError(
            Reason.UNREADABLE, "the file's name is not in UTF-8: rename it"
        ) from None


def _files(folder: Path, leave_out: set[Path]) -> Iterator[str]:
    root, seen = folder.resolve(), set(leave_out)
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_raise):
        real, relative = Path(place).resolve(), Path(place).relative_to(folder)
        has_own_path = real.is_relative_to(root) and real != root / relative
        if real in seen or has_own_path:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if name != HIDDEN)
        prefix = relative.as_posix()
        for name in names:
            yield name if prefix == "." else f"{prefix}/{name}"


def _raise(error: OSError) -> None:
    raise error
