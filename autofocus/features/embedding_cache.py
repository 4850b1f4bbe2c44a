"""The cache of embeddings, the feature vectors that a frozen backbone computes of images.

One SQLite file per backbone. Its keys depend on the image's content, so that renamed, copied or
linked images are not computed again, and the embeddings of two backbones never mix. Notes hold
what else was costly to find out about an image, such as its facts and boxes.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError

# The version of `pixels.to_pixels`: embeddings of another version are not used.
PIXELS_VERSION = 2

_CREATE = (
    "CREATE TABLE IF NOT EXISTS bottlenecks (digest TEXT PRIMARY KEY, features BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS notes (key TEXT PRIMARY KEY, text TEXT NOT NULL)",
)


class EmbeddingCache:
    """The embeddings that one backbone computed, by key (see `Crop.key`).

    Args:
        folder: of the cache (`bottleneck_dir`).
        backbone_name: for the file's name.
        backbone_digest: identifies the backbone.
        feature_size: the number of features per image, D.

    Raises:
        InputDataError: (on entering) the file is no such cache.
    """

    def __init__(
        self, folder: Path, backbone_name: str, backbone_digest: str, feature_size: int
    ) -> None:
        safe = "".join(letter if letter.isalnum() else "-" for letter in backbone_name)[-40:]
        self.path = folder / f"{safe}-{backbone_digest[:16]}-v{PIXELS_VERSION}.sqlite"
        self._feature_size = feature_size

    def __enter__(self) -> "EmbeddingCache":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(self.path, timeout=60)
        try:
            for statement in _CREATE:
                self._database.execute(statement)
            self.known: set[str] = {
                key for (key,) in self._database.execute("SELECT digest FROM bottlenecks")
            }
            self.notes: dict[str, str] = dict(
                self._database.execute("SELECT key, text FROM notes")
            )
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise InputDataError(
                f"{self.path} is no cache of embeddings ({error}): delete it; it is made again."
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def put(self, keys: Sequence[str], features: NDArray[np.float32]) -> None:
        """Store embeddings, all of them or none.

        Args:
            keys: of N images.
            features: shape (N, D).
        """
        rows = [
            (key, vector.astype("<f4").tobytes())
            for key, vector in zip(keys, features, strict=True)
        ]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO bottlenecks VALUES (?, ?)", rows)
        self.known.update(keys)

    def put_notes(self, notes: Mapping[str, str]) -> None:
        """Store notes by their keys, all of them or none; read them from `notes`."""
        with self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO notes VALUES (?, ?)", list(notes.items())
            )
        self.notes.update(notes)

    def get(self, keys: Iterable[str]) -> NDArray[np.float32]:
        """Return the embeddings of N images, shape (N, D).

        Raises:
            KeyError: one is not in the cache.
        """
        vectors = [self._vector(key) for key in keys]
        if not vectors:
            return np.zeros((0, self._feature_size), np.float32)
        return np.stack(vectors)

    def _vector(self, key: str) -> NDArray[np.float32]:
        query = "SELECT features FROM bottlenecks WHERE digest = ?"
        row = self._database.execute(query, (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return np.frombuffer(row[0], dtype="<f4").astype(np.float32, copy=False)
