"""The cache of embeddings, the feature vectors that a frozen backbone computes of images.

One SQLite file per backbone. Its keys depend on the image's content, so that renamed, copied or
linked images are not computed again, and the embeddings of two backbones never mix. Notes hold
what else was costly to find out about an image, such as its facts and boxes: as these are the same
for all backbones, they have a file of their own.

Each row has a checksum: one that is damaged is as good as absent, and is computed anew.
"""

import errno
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Protocol, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError

# The version of `pixels.to_pixels`: embeddings of another version are not used.
PIXELS_VERSION = 2

# The file of the notes in the cache's folder.
NOTES_NAME = "notes-v1.sqlite"

# The tables, each with the columns that a row's checksum is of.
_NOTES = {"notes": "key TEXT PRIMARY KEY, text TEXT NOT NULL"}
_EMBEDDINGS = {"bottlenecks": "digest TEXT PRIMARY KEY, features BLOB NOT NULL"}
_BYTES_PER_FEATURE = 4
# Files that SQLite keeps beside its own, which it would read as well.
_SIDES = ("", "-journal", "-wal", "-shm")


class NoteStore(Protocol):
    """Where facts and boxes of images are stored."""

    @property
    def notes(self) -> Mapping[str, str]:
        """The notes by their keys."""

    def put_notes(self, notes: Mapping[str, str]) -> None:
        """Store notes by their keys, all of them or none."""


class Keys(Protocol):
    """Keys that may be too many to list."""

    def __contains__(self, key: object, /) -> bool:
        """Return whether a key is there."""

    def __len__(self) -> int:
        """Return the number of keys."""


class EmbeddingStore(NoteStore, Protocol):
    """Where embeddings are stored."""

    @property
    def known(self) -> Keys:
        """The keys of the embeddings."""

    def put(self, keys: Sequence[str], features: NDArray[np.float32]) -> None:
        """Store embeddings by their keys, all of them or none."""

    def get(self, keys: Iterable[str]) -> NDArray[np.float32]:
        """Return the embeddings of N images, shape (N, D)."""


class NoteCache:
    """What was costly to find out about images, as texts by keys.

    Args:
        path: the file; its folder is made.

    Attributes:
        notes: those that are whole, by their keys.

    Raises:
        InputDataError: (on entering, or later) the file is no such cache, or is damaged.
    """

    _tables: ClassVar[Mapping[str, str]] = _NOTES
    _holds = "facts and boxes"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._damage_explained():
            self._check_kind()
            self._database = sqlite3.connect(self.path, timeout=60)
        try:
            with self._damage_explained():
                self._prepare()
                self._load()
        except BaseException:
            self._database.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def _load(self) -> None:
        """Read what is kept in memory."""
        self.notes = dict(self._whole_notes())

    def put_notes(self, notes: Mapping[str, str]) -> None:
        """Store notes by their keys, all of them or none; read them from `notes`."""
        rows = [(key, text, checksum(key, text.encode())) for key, text in notes.items()]
        with self._damage_explained(), self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO notes (key, text, checksum) VALUES (?, ?, ?)", rows
            )
        self.notes.update(notes)

    def _check_kind(self) -> None:
        """Raise an error for what is no plain file: reading a pipe would block."""
        for side in _SIDES:
            path = Path(f"{self.path}{side}")
            if os.path.lexists(path) and not path.is_file():
                raise sqlite3.DatabaseError(f"{path.name} is no plain file")

    def _prepare(self) -> None:
        """Create the tables, and the column of checksums in those of earlier versions."""
        for table, columns in self._tables.items():
            self._database.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        for table in self._tables:
            rows = self._database.execute(f"PRAGMA table_info({table})").fetchall()
            if "checksum" not in {row[1] for row in rows}:
                self._database.execute(f"ALTER TABLE {table} ADD COLUMN checksum INTEGER")
        self._database.commit()

    def _whole_notes(self) -> Iterator[tuple[str, str]]:
        query = "SELECT key, CAST(text AS BLOB), checksum FROM notes NOT INDEXED"
        for key, content, recorded in self._database.execute(query):
            if isinstance(content, bytes) and is_whole(key, content, recorded):
                yield key, content.decode()

    @contextmanager
    def _damage_explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError) as error:
            if "disk is full" in str(error):
                full = errno.ENOSPC
                raise OSError(full, os.strerror(full), str(self.path)) from None
            raise InputDataError(
                f"{self.path} is no cache of {self._holds}, or is damaged ({error}): delete it; "
                "it is made again."
            ) from None


class EmbeddingCache(NoteCache):
    """The embeddings that one backbone computed, by key (see `Crop.key`).

    Args:
        folder: of the cache (`bottleneck_dir`).
        backbone_name: for the file's name.
        backbone_digest: identifies the backbone.
        feature_size: the number of features per image, D.

    Attributes:
        known: the keys of the embeddings that are whole.

    Raises:
        InputDataError: (on entering, or later) the file is no such cache, or is damaged.
    """

    # Notes as well: earlier versions kept them here.
    _tables: ClassVar[Mapping[str, str]] = {**_EMBEDDINGS, **_NOTES}
    _holds = "embeddings"

    def __init__(
        self, folder: Path, backbone_name: str, backbone_digest: str, feature_size: int
    ) -> None:
        super().__init__(folder / cache_name(backbone_name, backbone_digest))
        self._feature_size = feature_size
        self._rows: dict[str, int] = {}
        self.known: set[str] = set()

    def _load(self) -> None:
        super()._load()
        # Of the rows that are whole, the number of each by its key.
        self._rows = dict(self._whole_embeddings())
        self.known = set(self._rows)

    def put(self, keys: Sequence[str], features: NDArray[np.float32]) -> None:
        """Store embeddings, all of them or none.

        Args:
            keys: of N images.
            features: shape (N, D).
        """
        vectors = [vector.astype("<f4").tobytes() for vector in features]
        rows = [
            (key, vector, checksum(key, vector)) for key, vector in zip(keys, vectors, strict=True)
        ]
        insert = "INSERT OR REPLACE INTO bottlenecks (digest, features, checksum) VALUES (?, ?, ?)"
        with self._damage_explained(), self._database:
            for row in rows:
                self._rows[row[0]] = int(self._database.execute(insert, row).lastrowid or 0)
        self.known.update(keys)

    def get(self, keys: Iterable[str]) -> NDArray[np.float32]:
        """Return the embeddings of N images, shape (N, D).

        Raises:
            KeyError: one is not in the cache.
        """
        with self._damage_explained():
            vectors = [self._vector(key) for key in keys]
        if not vectors:
            return np.zeros((0, self._feature_size), np.float32)
        return np.stack(vectors)

    def _vector(self, key: str) -> NDArray[np.float32]:
        # By the row's number, as the index of the keys may be damaged, too.
        query = "SELECT digest, features FROM bottlenecks WHERE rowid = ?"
        row = self._database.execute(query, (self._rows[key],)).fetchone()
        if row is None or row[0] != key or not self._is_vector(row[1]):
            raise sqlite3.DatabaseError("a row has changed")
        return np.frombuffer(row[1], dtype="<f4").astype(np.float32, copy=False)

    def _is_vector(self, content: object) -> bool:
        is_whole = isinstance(content, bytes)
        return is_whole and len(content) == _BYTES_PER_FEATURE * self._feature_size  # type: ignore[arg-type]

    def _whole_embeddings(self) -> Iterator[tuple[str, int]]:
        """Yield key and number of each row that is whole."""
        # In the order of the file; rows of earlier versions have no checksum.
        query = "SELECT rowid, digest, features, checksum FROM bottlenecks NOT INDEXED"
        for number, key, features, recorded in self._database.execute(query):
            if self._is_vector(features) and is_whole(key, features, recorded):
                yield key, number


def cache_name(backbone_name: str, backbone_digest: str) -> str:
    """Return the name of the file of a backbone's embeddings.

    Args:
        backbone_name: for people.
        backbone_digest: identifies the backbone.
    """
    safe = "".join(letter if letter.isalnum() else "-" for letter in backbone_name)[-40:]
    return f"{safe}-{backbone_digest[:16]}-v{PIXELS_VERSION}.sqlite"


def checksum(key: str, content: bytes) -> int:
    """Return the checksum of a row."""
    return crc32(content, crc32(key.encode()))


def is_whole(key: object, content: bytes, recorded: object) -> bool:
    """Return whether a row is as it was written; those of earlier versions have no checksum."""
    if not isinstance(key, str):
        return False
    return recorded is None or recorded == checksum(key, content)
