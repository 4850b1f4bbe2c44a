"""The caches of embeddings, facts and thumbnails: while they are filled, and as they are written.

What is written depends on the images alone: the rows are in the order of their keys, and there are
none but those of these images. So the bytes are the same however often the work was interrupted,
and whether the images were embedded in one run or in shards that are merged.
"""

import heapq
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby, islice, repeat
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np

from autofocus.features.embedding_cache import NOTES_NAME, EmbeddingCache, NoteCache
from autofocus.features.thumbnail_cache import THUMBNAILS_NAME, ThumbnailCache
from autofocus.runs import files

C = TypeVar("C", bound=NoteCache)
# Rows that are written at once.
_CHUNK = 1024


class UsedNotes(dict[str, str]):
    """Notes that remember which of them were looked up; safe to use from several threads.

    Attributes:
        used: the keys that were looked up, whether or not there was a note.
    """

    def __init__(self, notes: Mapping[str, str]) -> None:
        super().__init__(notes)
        self.used: set[str] = set()

    def __contains__(self, key: object) -> bool:
        self.used.add(str(key))
        return super().__contains__(key)

    def __getitem__(self, key: str) -> str:
        self.used.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a note, and remember that it was looked up."""
        self.used.add(key)
        return super().get(key, default)


class Caches:
    """The caches in one folder, open for reading and writing.

    Args:
        folder: where they are; it is created.
        backbone_name: for the name of the embeddings' file.
        backbone_digest: identifies the backbone.
        feature_size: the number of features per image, D.

    Attributes:
        embeddings: by the keys of crops.
        notes: facts and boxes, see `features.extraction`.
        thumbnails: by the digests of images.
    """

    def __init__(
        self, folder: Path, backbone_name: str, backbone_digest: str, feature_size: int
    ) -> None:
        self.embeddings = EmbeddingCache(folder, backbone_name, backbone_digest, feature_size)
        self.notes = NoteCache(folder / NOTES_NAME)
        self.thumbnails = ThumbnailCache(folder / THUMBNAILS_NAME)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for cache in (self.embeddings, self.notes, self.thumbnails):
                stack.enter_context(cache)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def paths(self) -> tuple[Path, Path, Path]:
        """Their files."""
        return self.embeddings.path, self.notes.path, self.thumbnails.path


def take_over(caches: Caches, folder: Path, scratch: Path) -> None:
    """Begin caches that don't exist yet with those that an earlier run wrote.

    Args:
        caches: which are not yet open.
        folder: of what was written.
        scratch: a folder on the same file system as the caches.
    """
    for path in caches.paths:
        written = folder / path.name
        if written.is_file() and not path.exists():
            with files.whole_file(path, scratch) as unfinished:
                shutil.copyfile(written, unfinished)


def write_caches(
    sources: Sequence[Caches],
    target: Caches,
    embeddings: Collection[str] | None = None,
    notes: Collection[str] | None = None,
    thumbnails: Collection[str] | None = None,
) -> None:
    """Write rows of caches into new ones, in the order of their keys.

    Args:
        sources: where the rows are; of equal keys, the first is taken.
        target: new caches, open.
        embeddings: the keys to write; None for all.
        notes: as `embeddings`.
        thumbnails: as `embeddings`.
    """
    write_embeddings([one.embeddings for one in sources], target.embeddings, embeddings)
    write_notes([one.notes for one in sources], target.notes, notes)
    write_thumbnails([one.thumbnails for one in sources], target.thumbnails, thumbnails)


def write_embeddings(
    sources: Sequence[EmbeddingCache], target: EmbeddingCache, keys: Collection[str] | None = None
) -> None:
    """Write embeddings into a new cache; see `write_caches`."""
    for chunk in _chunks(sources, lambda cache: cache.known, keys):
        features = np.concatenate([cache.get([key]) for key, cache in chunk])
        target.put([key for key, _ in chunk], features)


def write_notes(
    sources: Sequence[NoteCache], target: NoteCache, keys: Collection[str] | None = None
) -> None:
    """Write facts and boxes into a new cache; see `write_caches`."""
    for chunk in _chunks(sources, lambda cache: cache.notes.keys(), keys):
        target.put_notes({key: cache.notes[key] for key, cache in chunk})


def write_thumbnails(
    sources: Sequence[ThumbnailCache], target: ThumbnailCache, keys: Collection[str] | None = None
) -> None:
    """Write thumbnails into a new cache; see `write_caches`."""
    for chunk in _chunks(sources, lambda cache: cache.known, keys):
        target.put({key: cache.get(key) for key, cache in chunk})


def _chunks(
    caches: Sequence[C],
    keys: Callable[[C], Collection[str]],
    chosen: Collection[str] | None,
) -> Iterator[list[tuple[str, C]]]:
    """Yield the chosen keys in order, each with the first cache that has it, many at once."""
    rows = [
        zip(sorted(_chosen(keys(cache), chosen)), repeat(number))
        for number, cache in enumerate(caches)
    ]
    merged = ((key, caches[next(same)[1]]) for key, same in groupby(heapq.merge(*rows), _key))
    while chunk := list(islice(merged, _CHUNK)):
        yield chunk


def _key(row: tuple[str, int]) -> str:
    return row[0]


def _chosen(keys: Collection[str], chosen: Collection[str] | None) -> Iterable[str]:
    if chosen is None:
        return keys
    present = set(keys)
    return (key for key in chosen if key in present)
