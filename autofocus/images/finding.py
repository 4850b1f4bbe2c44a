"""Find the images below a folder, and count what is ignored."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from autofocus.errors import MissingInputError, RejectedImageError
from autofocus.runs.ledger import Reason
from autofocus.runs.workspace import HIDDEN, list_recorded

# macOS writes files with this prefix beside the real ones on disks without extended attributes.
APPLE_DOUBLE_PREFIX = "._"
# A note counts this many endings, and all others together.
_MAX_ENDINGS = 8


@dataclass(frozen=True)
class Listing:
    """The images below a folder.

    Attributes:
        names: paths relative to the folder, with `/` between parts, sorted.
        ignored: the number of all other files, by their endings in lower case; what stages wrote
            beside the images is not counted.
    """

    names: list[str]
    ignored: Mapping[str, int] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """One note that counts what is ignored, such as ``ignored: 3 .txt, 1 .mp4``, or none."""
        return note_ignored(self.ignored)


def note_ignored(ignored: Mapping[str, int]) -> tuple[str, ...]:
    """Return a note that counts ignored files, the most frequent endings first, or none.

    Args:
        ignored: the number of files by ending.
    """
    if not ignored:
        return ()
    ordered = sorted(ignored.items(), key=lambda item: (-item[1], item[0]))
    counts = [f"{number:,} {ending or 'without an ending'}" for ending, number in ordered]
    others = sum(number for _, number in ordered[_MAX_ENDINGS:])
    more = [f"{others:,} others"] if others else []
    return (f"ignored: {', '.join(counts[:_MAX_ENDINGS] + more)}",)


def find_images(
    folder: Path,
    extensions: Collection[str],
    leave_out: Collection[Path] = (),
    *,
    allow_empty: bool = False,
) -> list[str]:
    """Return the names that `list_images` finds."""
    return list_images(folder, extensions, leave_out, allow_empty=allow_empty).names


def list_images(
    folder: Path,
    extensions: Collection[str],
    leave_out: Collection[Path] = (),
    *,
    allow_empty: bool = False,
) -> Listing:
    """List all files below the folder that have one of the extensions, and count all others.

    Links to folders are followed, each real folder once; one that lies below `folder` itself has
    its own path, so that names don't depend on the order in which a disk lists them.

    Args:
        folder: where to search.
        extensions: such as ``JPG``, in upper or lower case, with or without a dot.
        leave_out: folders not to search, such as the output folder.
        allow_empty: return an empty list if there are no images, instead of raising.

    Raises:
        MissingInputError: the folder is missing or holds no such file.
    """
    if not folder.is_dir():
        if allow_empty:
            return Listing([])
        raise MissingInputError(f"There is no folder {folder}: give one that holds images.")
    suffixes = {"." + extension.lower().lstrip(".") for extension in extensions}
    names: list[str] = []
    ignored: Counter[str] = Counter()
    own = list_recorded(folder)
    for name in _files(folder, {path.resolve() for path in leave_out}):
        ending = PurePath(name).suffix.lower()
        if ending in suffixes:
            names.append(name)
        elif name not in own:
            ignored[ending] += 1
    if not names and not allow_empty:
        raise MissingInputError(
            f"No file below {folder} ends in {', '.join(sorted(suffixes))}: "
            "give another folder or other --extensions."
        )
    return Listing(sorted(names), ignored)


def check_name(name: str) -> None:
    """Reject a file that can't be used because of its name.

    Raises:
        RejectedImageError: it is one of macOS's `._` files, or its name is not in UTF-8.
    """
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
    for path, folders, names in os.walk(folder, followlinks=True, onerror=_raise):
        real, relative = Path(path).resolve(), Path(path).relative_to(folder)
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
