"""Merging the embeddings of shards into one folder."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from autofocus.embeddings.caches import write_embeddings, write_notes, write_thumbnails
from autofocus.embeddings.description import IMAGES_NAME, read_descriptions
from autofocus.features.embedding_cache import NOTES_NAME, EmbeddingCache, NoteCache
from autofocus.features.thumbnail_cache import THUMBNAILS_NAME, ThumbnailCache
from autofocus.tables.merging import merge_tables

C = TypeVar("C", bound=NoteCache)
# Files that are open at the same time: systems often allow a process 1024.
MOST_OPEN = 600


def merge_embeddings(folders: Sequence[Path], outdir: Path) -> None:
    """Merge folders of embeddings; the bytes are those of a single run over all images.

    Args:
        folders: that `embed` wrote with the same settings, each of other images.
        outdir: a new folder.

    Raises:
        MissingInputError: one isn't there, or none is given.
        InputDataError: one is incomplete or damaged, or two were made in different ways, or name
            the same image.
    """
    description = read_descriptions(folders)
    outdir.mkdir(parents=True)
    merge_tables([folder / IMAGES_NAME for folder in folders], outdir / IMAGES_NAME, "filepath")
    name, digest, size = (
        description.backbone,
        description.backbone_digest,
        description.feature_size,
    )
    paths = [
        _merge(
            folders,
            outdir,
            lambda folder: EmbeddingCache(folder, name, digest, size),
            write_embeddings,
        ),
        _merge(folders, outdir, lambda folder: NoteCache(folder / NOTES_NAME), write_notes),
        _merge(
            folders,
            outdir,
            lambda folder: ThumbnailCache(folder / THUMBNAILS_NAME),
            write_thumbnails,
        ),
    ]
    description.write(outdir, [IMAGES_NAME, *(path.name for path in paths)], outdir)


def _merge(
    folders: Sequence[Path],
    outdir: Path,
    opened: Callable[[Path], C],
    write: Callable[[Sequence[C], C], None],
) -> Path:
    """Merge the caches of one kind, and return the path of the merged one.

    More of them than may be open are merged in groups first.
    """
    if len(folders) > MOST_OPEN:
        with tempfile.TemporaryDirectory(dir=outdir, prefix=".merging-") as scratch:
            groups = []
            for start in range(0, len(folders), MOST_OPEN):
                groups.append(Path(scratch) / str(start))
                groups[-1].mkdir()
                _merge(folders[start : start + MOST_OPEN], groups[-1], opened, write)
            return _merge(groups, outdir, opened, write)
    with ExitStack() as stack:
        *sources, target = [opened(folder) for folder in (*folders, outdir)]
        for cache in (*sources, target):
            stack.enter_context(cache)
        write(sources, target)
    return target.path
