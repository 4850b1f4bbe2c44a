"""Find the images below a folder, and count what is ignored."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autofocus.errors import MissingInputError, RejectedImageError
from autofocus.images.names import IMAGE_FORMATS, suffixes_of
from autofocus.runs.ledger import Reason
from autofocus.runs.packed_names import PackedNames, merge_names, sort_names
from autofocus.runs.video_names import VIDEO_ENDINGS
from autofocus.runs.walking import APPLE_DOUBLE_PREFIX, Walk, list_names
from autofocus.runs.wording import plural

# A note counts this many endings, and all others together.
_MAX_ENDINGS = 8
# A folder that can't be read stands in for the images in it.
_FOLDER_MARK = "/"


@dataclass(frozen=True)
class Listing:
    """The images below a folder.

    Attributes:
        names: paths relative to the folder, with `/` between parts, sorted.
        ignored: the number of all other files, by their endings in lower case; what stages wrote
            beside the images is not counted.
        unreadable: the folders that can't be read, each with a `/` at the end, sorted.
        left_out: notes on what is never input, and on folders that can't be read.
    """

    names: Sequence[str]
    ignored: Mapping[str, int] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the files and folders that are ignored, such as ``ignored: 3 .txt``."""
        images = sorted(ending for ending in self.ignored if ending in IMAGE_FORMATS)
        known = [f"to read {' and '.join(images)}, add them to extensions"] if images else []
        return (*note_ignored(self.ignored), *known, *self.left_out)

    @property
    def inputs(self) -> Sequence[str]:
        """The images, and the folders that can't be read, each of which is a rejected input."""
        return merge_names(self.names, self.unreadable)


def note_ignored(ignored: Mapping[str, int]) -> tuple[str, ...]:
    """Return notes on ignored files: videos and what to do, then all others by their endings.

    Args:
        ignored: the number of files by ending.
    """
    videos = {ending: n for ending, n in ignored.items() if ending in VIDEO_ENDINGS}
    others = {ending: n for ending, n in ignored.items() if ending not in VIDEO_ENDINGS}
    return (*_note_videos(videos), *_note_endings(others))


def _note_videos(videos: Mapping[str, int]) -> tuple[str, ...]:
    if not videos:
        return ()
    number = sum(videos.values())
    whose = "its" if number == 1 else "their"
    note = (
        f"ignored: {plural(number, 'video')} ({', '.join(sorted(videos))}): to use {whose} frames "
        "as images, set --frame-rate (frame_rate of preprocess_images; it needs the extra video)"
    )
    return (note,)


def _note_endings(ignored: Mapping[str, int]) -> tuple[str, ...]:
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
) -> Sequence[str]:
    """Return the names that `list_images` finds."""
    return list_images(folder, extensions, leave_out, allow_empty=allow_empty).names


def need_folder(folder: Path) -> None:
    """Check that a folder of images exists.

    Raises:
        MissingInputError: it does not.
    """
    if not folder.is_dir():
        raise MissingInputError(f"There is no folder {folder}: give one that holds images.")


def list_images(
    folder: Path,
    extensions: Collection[str],
    leave_out: Collection[Path] = (),
    *,
    allow_empty: bool = False,
) -> Listing:
    """List all files below the folder that have one of the extensions, and count all others.

    See `runs.walking.Walk` for what is searched, and what is never listed: hidden and system
    folders, those that Autofocus made, and single files that a stage recorded as its own.

    Args:
        folder: where to search.
        extensions: such as ``JPG``, in upper or lower case, with or without a dot.
        leave_out: folders not to search, such as the output folder.
        allow_empty: return an empty list if there are no images, instead of raising.

    Raises:
        MissingInputError: the folder is missing, can't be read, or holds no such file.
    """
    if allow_empty and not folder.is_dir():
        return Listing([])
    need_folder(folder)
    suffixes = suffixes_of(extensions)
    walk = Walk(folder, leave_out)
    listing = _list(walk, walk, suffixes)
    if not listing.inputs and not allow_empty:
        notes = f" ({'; '.join(listing.notes)})" if listing.notes else ""
        raise MissingInputError(
            f"No file below {folder} ends in {', '.join(sorted(suffixes))}: "
            f"give another folder or other --extensions{notes}."
        )
    return listing


def list_by_folder(folder: Path) -> tuple[list[str], Listing]:
    """List the images in each folder of a folder, such as those of labels.

    Args:
        folder: the folder that holds the others.

    Returns:
        The names of the folders that were searched, sorted, and the images below them. Images
        beside them count as ignored.

    Raises:
        MissingInputError: the folder can't be read.
    """
    walk = Walk(folder)
    folders: list[str] = []
    every = walk.by_subfolder(folders)
    # Tables beside them are the program's own, or a person's.
    listing = _list(
        walk, (name for name in every if "/" in name or _is_image(name)), IMAGE_FORMATS
    )
    beside = Counter(_ending(name) for name in listing.names if "/" not in name)
    names = PackedNames(name for name in listing.names if "/" in name)
    return folders, replace(listing, names=names, ignored=Counter(listing.ignored) + beside)


def _is_image(name: str) -> bool:
    return _ending(name) in IMAGE_FORMATS


def _ending(name: str) -> str:
    """Return the ending of a file's name in lower case, as `PurePath.suffix` does, only sooner."""
    base = name[name.rfind("/") + 1 :]
    dot = base.rfind(".")
    return base[dot:].lower() if 0 < dot < len(base) - 1 else ""


def _list(walk: Walk, found: Iterable[str], suffixes: Collection[str]) -> Listing:
    ignored: Counter[str] = Counter()
    irregular: list[str] = []

    def images() -> Iterator[str]:
        for name in found:
            ending = _ending(name)
            if ending in suffixes:
                yield name
            elif name in walk.irregular:
                irregular.append(name)
            else:
                ignored[ending] += 1

    try:
        names = sort_names(images())
    except OSError as error:
        raise MissingInputError(
            f"The folder {walk.folder} can't be read ({error.strerror}): correct its permissions."
        ) from None
    notes = (*walk.notes, *_note_irregular(irregular))
    return Listing(names, ignored, tuple(sorted(walk.unreadable)), notes)


def _note_irregular(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (f"ignored, as links to nowhere or no plain files: {list_names(sorted(names))}",)


def check_name(name: str) -> None:
    """Reject a file that can't be used because of its name.

    Raises:
        RejectedImageError: it is a folder that can't be read, one of macOS's `._` files, or its
            name is not in UTF-8.
    """
    if name.endswith(_FOLDER_MARK):
        raise RejectedImageError(Reason.UNREADABLE, "a folder that can't be read")
    if Path(name).name.startswith(APPLE_DOUBLE_PREFIX):
        raise RejectedImageError(Reason.APPLE_DOUBLE, "what macOS keeps beside a file, no picture")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise RejectedImageError(
            Reason.UNREADABLE, "the file's name is not in UTF-8: rename it"
        ) from None
