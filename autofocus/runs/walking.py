"""The one walk through a folder of inputs, and the one list of what is never input.

Systems, disk stations and programs keep trash, thumbnails and copies beside images. So does
Autofocus: a results folder may lie among the images. None of that is an input of any stage.
"""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autofocus.runs.wording import plural, shown
from autofocus.runs.workspace import HIDDEN, MADE_NAME, list_recorded

# macOS writes files with this prefix beside the real ones on disks without extended attributes.
APPLE_DOUBLE_PREFIX = "._"
# Folders of systems and programs, in lower case; those that begin with a dot are hidden anyway.
_SYSTEM = frozenset((
    # Windows, and FAT disks after a check
    "$recycle.bin", "recycler", "recycled", "system volume information", "$extend",
    "found.000", "found.001", "found.002",
    # Linux, Android, macOS and archives made with it
    "lost+found", "lost.dir", "__macosx", "network trash folder", "temporary items",
    "thevolumesettingsfolder",
    # disk stations of Synology and QNAP, and snapshots of NetApp
    "@eadir", "@tmp", "@sharebin", "#recycle", "#snapshot", "@recycle", "@recently-snapshot",
    "~snapshot",
    # programs that synchronise folders or sort images: GoodSync, Timelapse
    "_gsdata_", "deletedfiles",
))  # fmt: skip
# Previews that Lightroom keeps beside a catalogue, in a folder of the catalogue's name.
_SYSTEM_ENDINGS = (".lrdata",)
# Where MLflow keeps the charts of a report, if it runs without a server.
_MLFLOW_FOLDERS = ("mlruns", "mlartifacts")
# The stages that own a whole folder of images, none of which is an original.
_WRITE_IMAGES = (
    "preprocess_images", "link_images_by_label", "retrain", "blur_people", "export_folders",
)  # fmt: skip
# The commands that run all stages in one folder; what they download belongs to their results.
_RUN_STAGES = ("run", "label")
_DOWNLOAD = "download_images"
# The files in a folder that is left out are counted up to this number.
_MAX_COUNT = 100_000
# A note names this many folders or links.
_MAX_NAMES = 4


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is hidden; a `._` file is not, as the ledger lists it."""
    return name.startswith(".") and not name.startswith(APPLE_DOUBLE_PREFIX)


def is_system_folder(name: str) -> bool:
    """Return whether a folder is one that systems and programs keep, none of which is input."""
    folded = name.casefold()
    return name.startswith(".") or folded in _SYSTEM or folded.endswith(_SYSTEM_ENDINGS)


def is_never_input(path: str) -> bool:
    """Return whether a path leads to a hidden file, or through a hidden or system folder.

    Args:
        path: of a file or key, relative to the folder of the inputs, with `/` between parts.
    """
    *folders, name = path.split("/")
    return is_hidden(name) or any(map(is_system_folder, folders))


def is_made(folder: Path) -> bool:
    """Return whether Autofocus or MLflow made a folder, so that no original lies in it."""
    memory = folder / HIDDEN
    return (
        folder.name in _MLFLOW_FOLDERS
        or (memory / MADE_NAME).exists()
        or any((memory / stage).is_dir() for stage in _WRITE_IMAGES)
    )


def _is_download_of_run(folder: Path) -> bool:
    """Tell whether a folder, which has a memory, is what a run downloaded beside its results."""
    return (folder / HIDDEN / _DOWNLOAD).is_dir() and any(
        (folder.parent / HIDDEN / stage).is_dir() for stage in _RUN_STAGES
    )


def is_below_made(root: Path, path: Path) -> bool:
    """Return whether a path leads through a folder below the root that Autofocus made."""
    return any(
        is_made(folder) for folder in path.parents if folder != root and root in folder.parents
    )


@dataclass
class Walk:
    """A walk through the files below a folder, in order.

    Iterating yields the paths of files relative to the folder, with `/` between parts. Links to
    folders are followed, each real folder once; one that lies below `folder` itself has its own
    path, so that names don't depend on the order in which a disk lists them.

    Hidden files, hidden and system folders, and those that Autofocus or MLflow made are left out;
    `folder` itself is searched whatever it is. What was left out is known after the iteration.

    Attributes:
        folder: where it begins.
        leave_out: folders not to search and not to mention, such as the output folder.
        made: the folders that Autofocus or MLflow made, relative to the folder.
        unreadable: why folders can't be read, by their relative paths with a `/` at the end.
        irregular: the files that are yielded although they hold nothing to read: links to
            nowhere, pipes, sockets and devices.
    """

    folder: Path
    leave_out: Collection[Path] = ()
    made: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    irregular: set[str] = field(default_factory=set)
    _left_out: Counter[str] = field(default_factory=Counter)
    _hidden: int = 0

    def __iter__(self) -> Iterator[str]:
        """Yield the relative paths of the files, folder by folder.

        Raises:
            OSError: the folder itself can't be read.
        """
        return self._search("", self.folder.resolve())

    def by_subfolder(self, subfolders: list[str]) -> Iterator[str]:
        """Yield the files in the folder, then those below each of its subfolders, by itself.

        A real folder to which two subfolders link is searched for both.

        Args:
            subfolders: the names of those that are searched are added to it.

        Raises:
            OSError: the folder itself can't be read.
        """
        for entry in self._list(""):
            if not _is_folder(entry):
                yield from self._file(entry, "")
            elif is_system_folder(entry.name):
                self._count(entry)
            elif not entry.is_symlink() and is_made(Path(entry.path)):
                self.made.append(entry.name)
            else:
                subfolders.append(entry.name)
        for name in subfolders:
            yield from self._search(f"{name}/", (self.folder / name).resolve())

    def _search(self, start: str, root: Path) -> Iterator[str]:
        seen = {path.resolve() for path in self.leave_out}
        recorded: set[str] = set()
        waiting = [(start, root)]
        while waiting:
            prefix, real = waiting.pop()
            if real in seen:
                continue
            seen.add(real)
            inside = self._list(prefix)
            if any(entry.name == HIDDEN for entry in inside):
                if prefix != start and (is_made(real) or _is_download_of_run(real)):
                    self.made.append(prefix[:-1])
                    continue
                recorded |= {prefix + name for name in list_recorded(real)}
            folders: list[os.DirEntry[str]] = []
            files: list[os.DirEntry[str]] = []
            for entry in inside:
                (folders if _is_folder(entry) else files).append(entry)
            waiting += reversed([*self._choose(folders, prefix, real, root)])
            for entry in files:
                if prefix + entry.name not in recorded:
                    yield from self._file(entry, prefix)

    def _list(self, prefix: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.folder / prefix) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise
            # One that has vanished meanwhile is as good as one that never was.
            if not isinstance(error, FileNotFoundError):
                self.unreadable[prefix] = error.strerror or type(error).__name__
            return []

    def _choose(
        self, folders: Sequence[os.DirEntry[str]], prefix: str, real: Path, root: Path
    ) -> Iterator[tuple[str, Path]]:
        """Yield the folders to search with their real paths, and count what is in the others."""
        for entry in folders:
            name = entry.name
            if is_system_folder(name):
                self._count(entry)
            elif name in _MLFLOW_FOLDERS:
                self.made.append(prefix + name)
            elif not entry.is_symlink():
                yield f"{prefix}{name}/", real / name
            elif not _has_own_path(target := Path(entry.path).resolve(), root):
                if _is_of_made(target, root):
                    self.made.append(prefix + name)
                else:
                    yield f"{prefix}{name}/", target

    def _count(self, folder: os.DirEntry[str]) -> None:
        """Count what is in a folder that is left out; the program's own memory is no news."""
        if folder.name != HIDDEN:
            self._left_out[folder.name] += _count_files(folder.path)

    def _file(self, entry: os.DirEntry[str], prefix: str) -> Iterator[str]:
        if is_hidden(entry.name):
            self._hidden += 1
            return
        if not _is_plain(entry):
            self.irregular.add(prefix + entry.name)
        yield prefix + entry.name

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on what was left out."""
        return (*self._note_left_out(), *_note_made(self.made), *_note_unreadable(self.unreadable))

    def _note_left_out(self) -> tuple[str, ...]:
        parts = []
        if self._hidden:
            parts.append(plural(self._hidden, "hidden file"))
        folders = {name: number for name, number in self._left_out.items() if number}
        if folders:
            number = sum(folders.values())
            least = "at least " if max(folders.values()) >= _MAX_COUNT else ""
            parts.append(
                f"{least}{plural(number, 'file')} in hidden or system folders "
                f"({list_names(sorted(folders))})"
            )
        return (f"left out: {', '.join(parts)}",) if parts else ()


def list_names(names: Sequence[str]) -> str:
    """Return the first of some names for a note, and the number of all others."""
    some = ", ".join(shown(name) for name in names[:_MAX_NAMES])
    return f"{some} and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else some


def _note_made(made: Sequence[str]) -> tuple[str, ...]:
    return (f"not searched, as Autofocus wrote it: {list_names(sorted(made))}",) if made else ()


def _note_unreadable(unreadable: Mapping[str, str]) -> tuple[str, ...]:
    if not unreadable:
        return ()
    names = [f"{name} ({why})" for name, why in sorted(unreadable.items())]
    return (f"can't be read: {plural(len(names), 'folder')}, {list_names(names)}",)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself, or through a folder that can't be read
        return False


def _is_plain(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _has_own_path(target: Path, root: Path) -> bool:
    """Tell whether the walk finds a linked folder by its own path, too."""
    return target.is_relative_to(root) and not any(
        map(is_system_folder, target.relative_to(root).parts)
    )


def _is_of_made(target: Path, root: Path) -> bool:
    """Tell whether a linked folder is part of one that Autofocus made: the nearest one decides."""
    for folder in (target, *target.parents):
        if root.is_relative_to(folder):
            return False
        if (folder / HIDDEN).is_dir():
            return is_made(folder)
    return False


def _count_files(folder: str) -> int:
    number = 0
    for _, _, names in os.walk(folder):
        number += len(names)
        if number >= _MAX_COUNT:
            break
    return number
