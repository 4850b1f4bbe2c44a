"""The cache of bottleneck values: the feature vectors that the frozen backbone makes of images.

One SQLite file a backbone; rows are found by the image's content, so that renamed, copied or
differently linked images are not computed again, and two backbones never mix. Beside the vectors,
notes are kept: what else was found out about an image at some cost.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError

# The way from pixels to the backbone's input (`loading.to_pixels`); a change makes old rows moot.
LOADING_VERSION = 2

_CREATE = (
    "CREATE TABLE IF NOT EXISTS bottlenecks (digest TEXT PRIMARY KEY, features BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS notes (key TEXT PRIMARY KEY, text TEXT NOT NULL)",
)


class Bottlenecks:
    """Feature vectors by the SHA-256 of the image's content.

    Args:
        folder: where the cache is kept (`bottleneck_dir`).
        backbone_name: for the file's name.
        backbone_digest: tells this backbone from all others.
        feature_size: how many numbers a feature vector has.

    Raises:
        InputDataError: (on entering) the file is no such cache.
    """

    def __init__(
        self, folder: Path, backbone_name: str, backbone_digest: str, feature_size: int
    ) -> None:
        safe = "".join(letter if letter.isalnum() else "-" for letter in backbone_name)[-40:]
        self.path = folder / f"{safe}-{backbone_digest[:16]}-v{LOADING_VERSION}.sqlite"
        self._feature_size = feature_size

    def __enter__(self) -> "Bottlenecks":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(self.path, timeout=60)
        try:
            for statement in _CREATE:
                self._database.execute(statement)
            self.known: set[str] = {
                digest for (digest,) in self._database.execute("SELECT digest FROM bottlenecks")
            }
            self.notes: dict[str, str] = dict(
                self._database.execute("SELECT key, text FROM notes")
            )
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise InputDataError(
                f"{self.path} is no cache of bottlenecks ({error}): delete it, it is made again."
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def put(self, digests: Sequence[str], features: NDArray[np.float32]) -> None:
        """Keep feature vectors, all of them or none.

        Args:
            digests: of N images.
            features: shape (N, feature size).
        """
        rows = [
            (digest, vector.astype("<f4").tobytes())
            for digest, vector in zip(digests, features, strict=True)
        ]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO bottlenecks VALUES (?, ?)", rows)
        self.known.update(digests)

    def put_notes(self, notes: Mapping[str, str]) -> None:
        """Keep notes by their keys, all of them or none; read them from `notes`."""
        with self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO notes VALUES (?, ?)", list(notes.items())
            )
        self.notes.update(notes)

    def get(self, digests: Iterable[str]) -> NDArray[np.float32]:
        """Return the feature vectors of N images, shape (N, feature size).

        Raises:
            KeyError: one is not in the cache.
        """
        vectors = [self._one(digest) for digest in digests]
        if not vectors:
            return np.zeros((0, self._feature_size), np.float32)
        return np.stack(vectors)

    def _one(self, digest: str) -> NDArray[np.float32]:
        query = "SELECT features FROM bottlenecks WHERE digest = ?"
        row = self._database.execute(query, (digest,)).fetchone()
        if row is None:
            raise KeyError(digest)
        return np.frombuffer(row[0], dtype="<f4").astype(np.float32, copy=False)
