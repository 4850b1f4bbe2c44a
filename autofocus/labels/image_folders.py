"""The folders of images that are linked: what is in them, and how paths lead there.

Many images share a folder, so that what holds for all of them is found once: a listing takes a
quarter of the time of asking for each file, and relative paths are put together of two texts.
"""

import os
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from autofocus.labels.folders import split_path
from autofocus.runs.files import relative_to_folder
from autofocus.runs.spelling import find_spelled

# Images come sorted by path, so that few folders alternate: those above the present one.
_FOLDERS = 8
# So many names are kept of a folder; each further file is asked for by itself.
_NAMES = 20_000


@dataclass(frozen=True)
class ImageFolder:
    """A folder of images.

    Attributes:
        path: the folder, as it is spelled on the disk.
        real: its path without links.
        outdir: the output folder, without links.
        names: files that are known to be in it; there may be more.
    """

    path: Path
    real: Path
    outdir: Path
    names: frozenset[str]
    _prefixes: dict[str, str] = field(default_factory=dict)

    def prefix(self, folder: str) -> str:
        """Return what leads to this folder, with a slash at the end, or nothing.

        Args:
            folder: where paths begin, relative to the output folder; empty for that itself.
        """
        prefix = self._prefixes.get(folder)
        if prefix is None:
            path = relative_to_folder(self.real, self.outdir / folder)
            prefix = self._prefixes[folder] = "" if path == "." else f"{path}/"
        return prefix


class FoundImage(NamedTuple):
    """An image.

    Attributes:
        folder: where it is.
        name: of the file.
    """

    folder: ImageFolder
    name: str

    @property
    def path(self) -> Path:
        """Its path, as it is spelled on the disk."""
        return self.folder.path / self.name

    @property
    def filepath(self) -> str:
        """Its path relative to the output folder."""
        return self.from_folder("")

    def from_folder(self, folder: str) -> str:
        """Return its path relative to a folder below the output folder."""
        inside, name = self
        path = inside.prefix(folder) + name
        return posixpath.normpath(path) if name == ".." else path


class ImageFolders:
    """Finds images beside a table.

    Args:
        table_folder: the folder that paths in the table are relative to.
        outdir: the output folder.
        need_exist: whether only those are found that exist.
    """

    def __init__(self, table_folder: Path, outdir: Path, *, need_exist: bool) -> None:
        self._table_folder = table_folder
        self._outdir = outdir.resolve()
        self._need_exist = need_exist
        # Caches that several threads may use at once.
        self._open: Callable[[Path], ImageFolder] = lru_cache(_FOLDERS)(self._read)
        self._beside_table: Callable[[str], ImageFolder] = lru_cache(_FOLDERS)(self._resolve)

    def find(self, filepath: str) -> FoundImage | None:
        """Return an image, maybe in another spelling; None if there is none.

        Args:
            filepath: its path as in the table.
        """
        parent, name = split_path(filepath)
        folder = self._beside_table(parent)
        if name in folder.names or not self._need_exist:
            return FoundImage(folder, name)
        image = self._table_folder / filepath
        if not image.is_file():
            spelled = find_spelled(self._table_folder, filepath)
            if spelled is None:
                return None
            image = spelled
        return FoundImage(self._open(image.parent), image.name)

    def _resolve(self, folder: str) -> ImageFolder:
        return self._open(self._table_folder / folder)

    def _read(self, folder: Path) -> ImageFolder:
        names = _list_files(folder) if self._need_exist else frozenset[str]()
        return ImageFolder(folder, folder.resolve(), self._outdir, names)


def _list_files(folder: Path) -> frozenset[str]:
    """Return the first files in a folder; none if it can't be read."""
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in islice(entries, _NAMES) if entry.is_file())
    except OSError:
        return frozenset()
