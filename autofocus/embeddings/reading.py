"""Reading several folders of embeddings, one per shard or pod, as if they were one.

Nothing of them is in memory but the table of images and a short index of the embeddings; rows are
read when they are needed. Each has a checksum, so that a damaged one is never used.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autofocus.embeddings.description import IMAGES, IMAGES_NAME, Description, read_descriptions
from autofocus.embeddings.frames import EmbeddedImage
from autofocus.errors import InputDataError
from autofocus.features.embedding_cache import (
    NOTES_NAME,
    Keys,
    cache_name,
    checksum,
)
from autofocus.features.thumbnail_cache import THUMBNAILS_NAME
from autofocus.runs.csv_files import CsvReader

# Of a key, in hex digits, as many as an index holds.
_DIGITS = 16


class _Table:
    """A table in a file of each folder, read by key; safe to use from several threads.

    Args:
        paths: the files.
        query: reads content and checksum of a key's row.
    """

    def __init__(self, paths: Sequence[Path], query: str) -> None:
        self._paths = paths
        self._query = query
        self._databases: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._last = 0

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Within the block, the files are open."""
        with ExitStack() as stack:
            for path in self._paths:
                # What is immutable needs no lock, and may lie on a disk that can't be written.
                uri = f"{path.absolute().as_uri()}?immutable=1&mode=ro"
                try:
                    database = sqlite3.connect(uri, uri=True, check_same_thread=False)
                except sqlite3.OperationalError as error:
                    raise InputDataError(
                        f"{path} can't be opened ({error}): check that it may be read and, with "
                        f"{len(self._paths)} folders, how many files a process may open "
                        "(ulimit -n)."
                    ) from None
                stack.callback(database.close)
                self._databases.append(database)
            yield

    def get(self, key: str, folder: int | None = None) -> bytes | None:
        """Return the content of a row; None if there is none.

        Args:
            key: of the row.
            folder: the number of the only folder to look in.

        Raises:
            InputDataError: the file is damaged.
        """
        with self._lock:
            # The images of one camera are in the same folder.
            order = [self._last, *range(len(self._databases))] if folder is None else [folder]
            for number in order:
                content = self._read(number, key)
                if content is not None:
                    self._last = number
                    return content
        return None

    def starts(self, query: str) -> Iterator[tuple[int, int]]:
        """Yield the number of each folder with the start of each of its keys, as a number."""
        for number, key in self.keys(query):
            with self._damage_explained(number):
                yield number, _start_of(key)

    def keys(self, query: str) -> Iterator[tuple[int, str]]:
        """Yield the number of each folder with each of its keys."""
        for number, database in enumerate(self._databases):
            with self._damage_explained(number):
                for (key,) in database.execute(query):
                    yield number, key

    def _read(self, number: int, key: str) -> bytes | None:
        with self._damage_explained(number):
            row = self._databases[number].execute(self._query, (key,)).fetchone()
            if row is None:
                return None
            content, recorded = row
            if not isinstance(content, bytes) or recorded != checksum(key, content):
                raise sqlite3.DatabaseError("a row was changed")
            return content

    @contextmanager
    def _damage_explained(self, number: int) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, ValueError) as error:
            raise InputDataError(
                f"{self._paths[number]} is damaged ({error}): run autofocus embed again, or copy "
                "the whole folder again."
            ) from None


class _Notes(Mapping[str, str]):
    """The notes of all folders."""

    def __init__(self, table: _Table) -> None:
        self._table = table

    def __getitem__(self, key: str) -> str:
        content = self._table.get(key)
        if content is None:
            raise KeyError(key)
        return content.decode()

    def __iter__(self) -> Iterator[str]:
        return (key for _, key in self._table.keys("SELECT key FROM notes"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _start_of(key: object) -> int:
    """Return the start of a key as a number (raises ValueError if it can't be one)."""
    return int(str(key)[:_DIGITS], 16)


class _Index(Keys):
    """Which folder has the embedding of a key: 10 bytes of memory per key."""

    def __init__(self, starts: Iterable[tuple[int, int]]) -> None:
        pairs = np.fromiter(
            ((start, number) for number, start in starts),
            dtype=[("start", "<u8"), ("folder", "<u2")],
        )
        order = np.argsort(pairs["start"], kind="stable")
        self._starts: NDArray[np.uint64] = pairs["start"][order]
        self._folders: NDArray[np.uint16] = pairs["folder"][order]

    def __contains__(self, key: object) -> bool:
        return self.folder(str(key)) is not None

    def __len__(self) -> int:
        return len(self._starts)

    def folder(self, key: str) -> int | None:
        """Return the number of the folder that has a key; None if there is none."""
        start = np.uint64(_start_of(key))
        place = int(np.searchsorted(self._starts, start))
        if place == len(self._starts) or self._starts[place] != start:
            return None
        return int(self._folders[place])


class Embeddings:
    """Folders of embeddings, open for reading. They take the place of caches of an `Extractor`.

    Args:
        folders: that `embed` wrote.

    Attributes:
        folders: the folders.
        description: what they hold.
        known: the keys of all embeddings.
        notes: facts and boxes.

    Raises:
        MissingInputError: (on entering) one isn't there, or holds no embeddings.
        InputDataError: (on entering, or later) one is incomplete or damaged, or two were made in
            different ways, or name the same image.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.description: Description = read_descriptions(self.folders)
        one = self.description
        name = cache_name(one.backbone, one.backbone_digest)
        self._vectors = self._table(name, "features", "bottlenecks WHERE digest = ?")
        self._thumbnails = self._table(THUMBNAILS_NAME, "jpeg", "thumbnails WHERE digest = ?")
        noted = self._table(NOTES_NAME, "CAST(text AS BLOB)", "notes WHERE key = ?")
        with ExitStack() as stack:
            for table in (self._vectors, self._thumbnails, noted):
                stack.enter_context(table.opened())
            self.notes: Mapping[str, str] = _Notes(noted)
            self.known = _Index(self._vectors.starts("SELECT digest FROM bottlenecks"))
            self.images: Mapping[str, EmbeddedImage] = self._read_images()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _table(self, name: str, content: str, rows: str) -> _Table:
        paths = [folder / name for folder in self.folders]
        return _Table(paths, f"SELECT {content}, checksum FROM {rows}")  # noqa: S608 - all fixed

    def _read_images(self) -> dict[str, EmbeddedImage]:
        images: dict[str, EmbeddedImage] = {}
        for folder in self.folders:
            for image in read_images(folder):
                if image.name in images:
                    raise InputDataError(
                        f"{folder} names {image.name} a second time: shards overlap, or one is "
                        "given twice."
                    )
                images[image.name] = image
        return images

    def put_notes(self, notes: Mapping[str, str]) -> None:
        """Fail: see `put`."""
        if notes:
            raise self.missing(f"{len(notes)} facts or boxes")

    def put(self, keys: Sequence[str], features: Any) -> None:  # noqa: ARG002 - see `Extractor`
        """Fail: what isn't there can't be computed without images."""
        raise self.missing(f"{len(keys)} embeddings")

    def missing(self, what: str) -> InputDataError:
        """Return the error that something isn't there."""
        return InputDataError(
            f"{self.folders[0]} lacks {what} that retrain needs: run embed with the settings of "
            "retrain on all prepared images."
        )

    def get(self, keys: Iterable[str]) -> NDArray[np.float32]:
        """Return the embeddings of N images, shape (N, D).

        Raises:
            KeyError: one is not there.
        """
        vectors = [self._vector(key) for key in keys]
        if not vectors:
            return np.zeros((0, self.description.feature_size), np.float32)
        return np.stack(vectors)

    def _vector(self, key: str) -> NDArray[np.float32]:
        content = self._vectors.get(key, self.known.folder(key))
        if content is None:
            raise KeyError(key)
        return np.frombuffer(content, dtype="<f4").astype(np.float32, copy=False)

    def thumbnail(self, digest: str) -> bytes:
        """Return the thumbnail of an image, as a JPEG file.

        Raises:
            InputDataError: there is none.
        """
        content = self._thumbnails.get(digest)
        if content is None:
            raise self.missing(f"the thumbnail of {digest}")
        return content


def read_images(folder: Path) -> Iterator[EmbeddedImage]:
    """Yield the images that a folder of embeddings lists.

    Raises:
        InputDataError: the table can't be read.
    """
    with CsvReader(folder / IMAGES_NAME, IMAGES) as table:
        places = [table.columns.index(name) for name in IMAGES]
        for row in table:
            name, digest, moment, reason, detail = (row[place] for place in places)
            try:
                taken = datetime.fromisoformat(moment) if moment else None
            except ValueError:
                raise InputDataError(
                    f"{table.path}: {moment!r} is no date and time: run autofocus embed again."
                ) from None
            yield EmbeddedImage(name, digest, taken, reason, detail)
