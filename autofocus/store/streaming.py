"""Objects that are used once, as they arrive, and are not kept as files.

The memory of the download records them as it records files, so that the ledger is the same and a
later download fetches what is missing. In place of the marks of a file it holds the time that the
file would have had.
"""

import os
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from autofocus.errors import RejectedImageError
from autofocus.images.memory_budget import MemoryBudget
from autofocus.runs import files, marks
from autofocus.runs.journal import Journal, Outcome, read_earlier
from autofocus.runs.memory_files import memory_file
from autofocus.runs.products import FILES, Product, recorded
from autofocus.runs.walking import is_made, is_never_input
from autofocus.runs.workspace import HIDDEN, Workspace
from autofocus.store.downloading import VERIFIED, Downloader, arrived, failed, is_of_version
from autofocus.store.keys import path_of
from autofocus.store.listing import StoredObject
from autofocus.store.reading import TransferError
from autofocus.store.selection import ObjectKind, kind_of
from autofocus.store.transfer import Fetched, Fetcher

# Of the objects that are in memory at the same time, in bytes.
CAPACITY = 256 << 20
# Of the values that the memory keeps of an object: the modification time of its file.
_MODIFIED = "modified_ns"
_UNKNOWN = -1


class Stream:
    """Objects that are fetched into memory when they are needed; thread-safe.

    Args:
        fetcher: fetches them.
        objects: in rising order of their keys, which are plain paths.
        folder: the folder in which their files would be.
        workspace: the memory of the download into this folder; it must have been entered.

    Attributes:
        settled: the outcomes, by key, of objects that are not to be fetched again in this run,
            as they could not be fetched, or were replaced since they were listed.
        lost: the keys of the stream's objects that could not be fetched.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        objects: Sequence[StoredObject],
        folder: Path,
        workspace: Workspace,
    ) -> None:
        self.settled: dict[str, Outcome] = {}
        self.lost: set[str] = set()
        self._fetcher = fetcher
        self._objects = objects
        self._keys = [item.key for item in objects]
        self._folder = folder
        self._workspace = workspace
        # A million objects need 8 MB.
        self._modified = array("q", [_UNKNOWN]) * len(objects)
        self._fresh: dict[str, Outcome] = {}
        self._budget = MemoryBudget(CAPACITY)

    def __contains__(self, key: str) -> bool:
        index = bisect_left(self._keys, key)
        return index < len(self._keys) and self._keys[index] == key

    def recall(self) -> None:
        """Look up in the memory of the download which objects have arrived before."""
        with closing(self._new_journal()) as journal:
            for index, item in enumerate(self._objects):
                earlier = journal.earlier(item.key)
                known = _as_streamed(item, earlier) if earlier else None
                if known is not None:
                    self._modified[index] = known.extra[_MODIFIED]
                    if known is not earlier:
                        journal.append(known)

    def version(self, key: str) -> list[str | int]:
        """Return size and ETag of an object as it was listed."""
        item = self._objects[bisect_left(self._keys, key)]
        return [item.size, item.etag]

    def missing(self) -> list[StoredObject]:
        """Return the objects that have not arrived yet."""
        return [
            item
            for item, modified in zip(self._objects, self._modified, strict=True)
            if modified == _UNKNOWN
        ]

    def stamp(self, key: str) -> dict[str, int] | None:
        """Return the stamp that an object's file would have; None if it has not arrived."""
        index = bisect_left(self._keys, key)
        modified = self._modified[index]
        if modified == _UNKNOWN:
            return None
        return {"bytes": self._objects[index].size, "modified_ns": modified}

    @contextmanager
    def open(self, key: str) -> Iterator[Path]:
        """Fetch an object and yield the path of a file with its bytes and its time.

        Raises:
            RejectedImageError: it could not be fetched; its key is then among `lost`.
            StoreError: no object can be fetched any more.
        """
        if key in self.lost:
            raise _lost(self.settled[key])
        index = bisect_left(self._keys, key)
        item, place = self._objects[index], self._folder / key
        in_memory = memory_file(item.size, place, self._workspace.scratch)
        with self._budget.claim(item.size), in_memory as path:
            try:
                fetched = self._fetcher.fetch(item, path)
            except TransferError as error:
                outcome = self._fresh[key] = self.settled[key] = failed(item, error.failure)
                self.lost.add(key)
                raise _lost(outcome) from None
            self._note(index, fetched, path)
            yield path

    def _note(self, index: int, fetched: Fetched, path: Path) -> None:
        item, known = self._objects[index], self._modified[index]
        is_replaced = fetched.item != item
        if known != _UNKNOWN and not is_replaced:
            # A file would not have been written again.
            os.utime(path, ns=(known, known))
            return
        modified = self._modified[index] = path.stat().st_mtime_ns
        outcome = arrived(fetched.item, fetched.verified)
        outcome = replace(outcome, extra={**outcome.extra, _MODIFIED: modified, FILES: {}})
        self._fresh[item.key] = outcome
        if is_replaced:
            self.settled[item.key] = outcome

    def fetch_again(self, key: str) -> Outcome:
        """Fetch an object whatever is known of it, and return its outcome."""
        self._modified[bisect_left(self._keys, key)] = _UNKNOWN
        with suppress(RejectedImageError), self.open(key):
            pass
        return self._fresh.pop(key)

    def recorder(self) -> "Recorder":
        """Return what records in the memory of the download what arrives, until it is closed."""
        return Recorder(self._new_journal(), self._fresh)

    def _new_journal(self) -> Journal:
        workspace = self._workspace
        return Journal(workspace.folder, is_continued=workspace.is_continued)


@dataclass(frozen=True)
class Recorder:
    """Records in the memory of the download what has arrived."""

    journal: Journal
    fresh: dict[str, Outcome]

    def record(self, key: str) -> None:
        """Record an object, if it has just been fetched; keys must be given in rising order."""
        outcome = self.fresh.pop(key, None)
        if outcome is not None:
            self.journal.append(outcome)

    def close(self) -> None:
        """Let others write to the memory."""
        self.journal.close()


def _lost(outcome: Outcome) -> RejectedImageError:
    row = outcome.row
    if row.reason is None:
        raise TypeError("This object was not lost.")
    return RejectedImageError(row.reason, row.detail)


def _as_streamed(item: StoredObject, earlier: Outcome) -> Outcome | None:
    """Return an earlier outcome as that of an object without a file; None if it doesn't hold."""
    extra = earlier.extra
    if earlier.row.reason is not None or VERIFIED not in extra or not is_of_version(item, earlier):
        return None
    if isinstance(extra.get(_MODIFIED), int) and not extra.get(FILES):
        return earlier
    # It was downloaded, and its file was removed to save space.
    modified = recorded(earlier).get(path_of(item.key), {}).get(_MODIFIED)
    if not isinstance(modified, int):
        return None
    return replace(earlier, extra={**extra, _MODIFIED: modified, FILES: {}})


@dataclass(frozen=True)
class StreamingDownloader(Downloader):
    """Downloads all objects but those of a stream, and reports these with the others."""

    stream: Stream

    def _has_file(self, item: StoredObject) -> bool:
        return item.key not in self.stream and super()._has_file(item)

    def _work(self, item: StoredObject) -> Outcome | Product:
        settled = self.stream.settled.get(item.key)
        if settled is not None:
            return settled
        if item.key in self.stream:
            # Somebody has changed the memory meanwhile.
            return self.stream.fetch_again(item.key)
        return super()._work(item)


def choose_streamed(
    objects: Sequence[StoredObject],
    rejected: Collection[str],
    folder: Path,
    indir: str,
    suffixes: Collection[str],
    left_out: Path,
) -> list[StoredObject]:
    """Return the objects that need no file: images that would be found below a folder.

    An image whose file is there already is none of them.

    Args:
        objects: all that are selected.
        rejected: the keys that can't become files.
        folder: the folder that the bucket is downloaded to.
        indir: the folder of the images, relative to it; empty for the folder itself.
        suffixes: of the images, in lower case.
        left_out: a folder that is not searched for images.
    """
    prefix = f"{indir}/" if indir else ""
    folders = _Folders(folder / indir, left_out)
    return [
        item
        for item in objects
        if item.key.startswith(prefix)
        and kind_of(item.key) is ObjectKind.IMAGE
        and PurePosixPath(item.key).suffix.lower() in suffixes
        and path_of(item.key) == item.key
        and item.key not in rejected
        and folders.is_searched(item.key.removeprefix(prefix))
        and _is_absent(folder / item.key)
    ]


def _is_absent(path: Path) -> bool:
    """Tell whether a file could be written here, and nothing stands in its place."""
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except (OSError, ValueError):  # a file in place of its folder; no name for this disk
        return False
    return False


class _Folders:
    """Tells which folders are searched for images; each is looked at once."""

    def __init__(self, root: Path, left_out: Path) -> None:
        self._root = root
        self._left_out = left_out
        self._known: dict[str, bool] = {"": not files.inside(left_out, root)}

    def is_searched(self, name: str) -> bool:
        return not is_never_input(name) and self._is_searched(name.rpartition("/")[0])

    def _is_searched(self, folder: str) -> bool:
        if folder not in self._known:
            path = self._root / folder
            self._known[folder] = (
                self._is_searched(folder.rpartition("/")[0])
                and not (is_made(path) or (path / HIDDEN).exists())
                and not files.inside(self._left_out, path)
            )
        return self._known[folder]


def find_leaving(workspace: Workspace, folder: Path, kept: Sequence[StoredObject]) -> set[str]:
    """Return the paths of files that a download is going to move aside.

    Args:
        workspace: the memory of the download; it must have been entered.
        folder: the folder of the files.
        kept: the objects whose files stay, in rising order of their keys.
    """
    keys = [item.key for item in kept]
    leaving: dict[str, None] = {}
    for outcome in read_earlier(workspace.folder):
        index = bisect_left(keys, outcome.row.input)
        if index < len(keys) and keys[index] == outcome.row.input:
            continue
        for path, mark in recorded(outcome).items():
            if marks.check(folder / path, mark):
                leaving[path] = None
    in_use = {path_of(key) for key in keys} if leaving else set()
    return {path for path in leaving if path not in in_use}
