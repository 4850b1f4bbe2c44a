"""Merging the embeddings of shards into one folder."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from autofocus.embeddings.caches import Caches, write_caches
from autofocus.embeddings.description import IMAGES_NAME, read_descriptions
from autofocus.tables.merging import merge_tables


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
    given = (description.backbone, description.backbone_digest, description.feature_size)
    outdir.mkdir(parents=True)
    merge_tables([folder / IMAGES_NAME for folder in folders], outdir / IMAGES_NAME, "filepath")
    with ExitStack() as stack:
        sources = [stack.enter_context(Caches(folder, *given)) for folder in folders]
        target = stack.enter_context(Caches(outdir, *given))
        write_caches(sources, target)
    names = [IMAGES_NAME, *(path.name for path in target.paths)]
    description.write(outdir, names, outdir)
