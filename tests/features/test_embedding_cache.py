"""Claims about the cache of embeddings."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from autofocus.errors import InputDataError
from autofocus.features.embedding_cache import EmbeddingCache

VECTORS = np.array([[1, 2, 3], [4, 5, 6]], np.float32)


def cache(folder: Path, backbone_digest: str = "a" * 64) -> EmbeddingCache:
    return EmbeddingCache(folder, "backbone", backbone_digest, 3)


def test_embeddings_are_returned_in_the_order_of_the_keys(tmp_path: Path) -> None:
    """Vectors come back unchanged after the cache was closed, in the order of the keys."""
    with cache(tmp_path) as first:
        first.put(["one", "two"], VECTORS)
    with cache(tmp_path) as second:
        assert second.known == {"one", "two"}
        np.testing.assert_array_equal(second.get(["two", "one", "two"]), VECTORS[[1, 0, 1]])


def test_another_backbone_knows_nothing_of_it(tmp_path: Path) -> None:
    """The cache of one backbone is never taken for another's."""
    with cache(tmp_path) as first:
        first.put(["one", "two"], VECTORS)
    with cache(tmp_path, "b" * 64) as other:
        assert other.known == set()


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Asking for an unknown image raises, and gives no zeros."""
    with cache(tmp_path) as empty, pytest.raises(KeyError):
        empty.get(["one"])


def test_no_images_give_no_rows(tmp_path: Path) -> None:
    """No keys give an empty matrix of the right width."""
    with cache(tmp_path) as empty:
        assert empty.get([]).shape == (0, 3)


def test_a_file_of_another_kind_is_said_in_one_sentence(tmp_path: Path) -> None:
    """A file that is no database is named, with what to do."""
    place = cache(tmp_path).path
    place.write_text("no database " * 100)
    with pytest.raises(InputDataError, match="delete it"), cache(tmp_path):
        pass


def test_a_damaged_row_is_computed_anew(tmp_path: Path) -> None:
    """A vector or a note whose bytes have changed is as good as absent."""
    with cache(tmp_path) as first:
        first.put(["one", "two"], VECTORS)
        first.put_notes({"one": "night", "two": "day"})
    with closing(sqlite3.connect(first.path)) as database, database:
        changed = VECTORS[1].tobytes()
        database.execute("UPDATE bottlenecks SET features = ? WHERE digest = 'one'", (changed,))
        database.execute("UPDATE notes SET text = 'day' WHERE key = 'one'")
    with cache(tmp_path) as second:
        assert second.known == {"two"}
        assert second.notes == {"two": "day"}
        second.put(["one"], VECTORS[:1])
        np.testing.assert_array_equal(second.get(["one", "two"]), VECTORS)


def test_a_cache_of_an_earlier_version_is_used(tmp_path: Path) -> None:
    """Rows without checksums count, if they have the right length."""
    with closing(sqlite3.connect(cache(tmp_path).path)) as database, database:
        database.execute("CREATE TABLE bottlenecks (digest TEXT PRIMARY KEY, features BLOB)")
        rows = [("one", VECTORS[0].tobytes()), ("cut", b"abc")]
        database.executemany("INSERT INTO bottlenecks VALUES (?, ?)", rows)
    with cache(tmp_path) as opened:
        assert opened.known == {"one"}
        np.testing.assert_array_equal(opened.get(["one"]), VECTORS[:1])


def test_a_pipe_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    """What is no plain file is not opened."""
    os.mkfifo(cache(tmp_path).path)
    with pytest.raises(InputDataError, match="no plain file"), cache(tmp_path):
        pass
