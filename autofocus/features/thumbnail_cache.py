"""The thumbnails of images, by the digests of the images' content."""

import sqlite3
from collections.abc import Mapping
from typing import ClassVar

from autofocus.features.embedding_cache import NoteCache, checksum, is_whole

THUMBNAILS_NAME = "thumbnails-v1.sqlite"


class ThumbnailCache(NoteCache):
    """Thumbnails as JPEG files.

    Args:
        path: the file; its folder is made.

    Attributes:
        known: the digests of the images whose thumbnails are whole.

    Raises:
        InputDataError: (on entering, or later) the file is no such cache, or is damaged.
    """

    _tables: ClassVar[Mapping[str, str]] = {
        "thumbnails": "digest TEXT PRIMARY KEY, jpeg BLOB NOT NULL"
    }
    _holds = "thumbnails"

    def _load(self) -> None:
        query = "SELECT rowid, digest, jpeg, checksum FROM thumbnails NOT INDEXED"
        self._rows = {
            digest: number
            for number, digest, jpeg, total in self._database.execute(query)
            if isinstance(jpeg, bytes) and is_whole(digest, jpeg, total)
        }
        self.known = set(self._rows)

    def put(self, thumbnails: Mapping[str, bytes]) -> None:
        """Store thumbnails by the digests of their images, all of them or none."""
        insert = "INSERT OR REPLACE INTO thumbnails (digest, jpeg, checksum) VALUES (?, ?, ?)"
        with self._damage_explained(), self._database:
            for digest, jpeg in thumbnails.items():
                row = (digest, jpeg, checksum(digest, jpeg))
                self._rows[digest] = int(self._database.execute(insert, row).lastrowid or 0)
        self.known.update(thumbnails)

    def get(self, digest: str) -> bytes:
        """Return a thumbnail.

        Raises:
            KeyError: it is not in the cache.
        """
        query = "SELECT digest, jpeg FROM thumbnails WHERE rowid = ?"
        with self._damage_explained():
            row = self._database.execute(query, (self._rows[digest],)).fetchone()
            if row is None or row[0] != digest or not isinstance(row[1], bytes):
                raise sqlite3.DatabaseError("a row has changed")
        return row[1]
