"""Find the images below a folder, and count what is ignored."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from autofocus.errors import MissingInputError, RejectedImageError
from autofocus.images.names import IMAGE_FORMATS
from autofocus.runs.ledger import Reason
from autofocus.runs.video_names import VIDEO_ENDINGS
from autofocus.runs.wording import plural
from autofocus.runs.workspace import HIDDEN, list_recorded

# macOS writes files with this prefix beside the real ones on disks without extended attributes.
APPLE_DOUBLE_PREFIX = "._"
# A note counts this many endings, and all others together.
_MAX_ENDINGS = 8
# A note names this many folders.
_MAX_FOLDERS = 4
# The stages that write images into a folder, none of which is an original.
_WRITE_IMAGES = ("preprocess_images", "link_images_by_label", "retrain")
# Where MLflow keeps the charts of a report, if it runs without a server.
_MLFLOW_FOLDERS = ("mlruns", "mlartifacts")


@dataclass(frozen=True)
class Listing:
    """The images below a folder.

    Attributes:
        names: paths relative to the folder, with `/` between parts, sorted.
        ignored: the number of all other files, by their endings in lower case; what stages wrote
            beside the images is not counted.
        outputs: folders that Autofocus or MLflow wrote, relative to the folder, sorted; the
            images in them are no inputs.
    """

    names: list[str]
    ignored: Mapping[str, int] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the files and folders that are ignored, such as ``ignored: 3 .txt``."""
        images = sorted(ending for ending in self.ignored if ending in IMAGE_FORMATS)
        known = [f"to read {' and '.join(images)}, add them to extensions"] if images else []
        return (*note_ignored(self.ignored), *known, *_note_outputs(self.outputs))


def _note_outputs(outputs: Sequence[str]) -> tuple[str, ...]:
    if not outputs:
        return ()
    shown = ", ".join(outputs[:_MAX_FOLDERS])
    more = f" and {len(outputs) - _MAX_FOLDERS:,} more" if len(outputs) > _MAX_FOLDERS else ""
    return (f"not searched, as Autofocus wrote it: {shown}{more}",)


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

    What Autofocus wrote is never listed: neither the folders below this one in which a stage
    keeps images, nor single files that a stage recorded as its own.

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
    walk = _Walk(folder, {path.resolve() for path in leave_out})
    for name in walk.files():
        ending = PurePath(name).suffix.lower()
        if name in walk.recorded:
            continue
        if ending in suffixes:
            names.append(name)
        else:
            ignored[ending] += 1
    listing = Listing(sorted(names), ignored, tuple(sorted(walk.outputs)))
    if not names and not allow_empty:
        notes = f" ({'; '.join(listing.notes)})" if listing.notes else ""
        raise MissingInputError(
            f"No file below {folder} ends in {', '.join(sorted(suffixes))}: "
            f"give another folder or other --extensions{notes}."
        )
    return listing


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


@dataclass
class _Walk:
    """A walk through a folder.

    Attributes:
        folder: where it begins.
        seen: real folders that are not entered (again).
        outputs: the folders that were left out as outputs of a stage.
        recorded: single files that a stage recorded as its own.
    """

    folder: Path
    seen: set[Path]
    outputs: list[str] = field(default_factory=list)
    recorded: set[str] = field(default_factory=set)

    def files(self) -> Iterator[str]:
        """Yield the paths of all files, relative to the folder."""
        root = self.folder.resolve()
        for path, folders, names in os.walk(self.folder, followlinks=True, onerror=_raise):
            real, relative = Path(path).resolve(), Path(path).relative_to(self.folder)
            has_own_path = real.is_relative_to(root) and real != root / relative
            if real in self.seen or has_own_path or self._is_output(Path(path), relative, folders):
                folders.clear()
                continue
            self.seen.add(real)
            prefix = "" if relative == Path() else f"{relative.as_posix()}/"
            if HIDDEN in folders:
                self.recorded |= {prefix + name for name in list_recorded(Path(path))}
            folders[:] = sorted(name for name in folders if name != HIDDEN)
            for name in names:
                yield prefix + name

    def _is_output(self, path: Path, relative: Path, folders: Sequence[str]) -> bool:
        """Tell whether a folder holds images that are no originals, and record it."""
        if relative == Path():
            return False
        is_output = path.name in _MLFLOW_FOLDERS or (
            HIDDEN in folders and any((path / HIDDEN / name).is_dir() for name in _WRITE_IMAGES)
        )
        if is_output:
            self.outputs.append(relative.as_posix())
        return is_output


def _raise(error: OSError) -> None:
    raise error
