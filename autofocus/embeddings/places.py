"""Which image of embeddings each image of a table of links is."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.tables.columns import LINKS_NAME

# The folder of prepared images, as `autofocus run` and the components name it.
_USUAL = "preprocessed"


def find_places(
    filepaths: Mapping[str, str], names: Collection[str], folders: Collection[Path]
) -> dict[str, str]:
    """Return the name in the embeddings of each linked image.

    A table of links names an image relative to its own folder, embeddings relative to that of the
    prepared images: a name is what is left of a path without the folders above the latter. Neither
    the images nor their folder need exist. Where two ends of a path are names of images, the
    folder is the one that most images are found below.

    Args:
        filepaths: the path of each image, by its link.
        names: of all images of the embeddings.
        folders: of the embeddings, for messages.

    Raises:
        InputDataError: one is not there.
    """
    places: dict[str, str] = {}
    missing: list[str] = []
    numbers = Counter(
        above for filepath in filepaths.values() for above, _ in _splits(filepath, names)
    )

    def rank(split: tuple[str, str]) -> tuple[int, bool, int]:
        above, name = split
        return numbers[above], above.rpartition("/")[2] == _USUAL, len(name)

    for link, filepath in filepaths.items():
        split = max(_splits(filepath, names), key=rank, default=None)
        if split is None:
            missing.append(filepath)
        else:
            places[link] = split[1]
    if missing:
        shown = ", ".join(str(folder) for folder in folders)
        raise InputDataError(
            f"{missing[0]}, which {LINKS_NAME} lists, is not in the embeddings ({len(missing)} of "
            f"{len(filepaths)} images are not; {shown}): run embed on all prepared images, and "
            "give retrain all of its folders."
        )
    return places


def _splits(filepath: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each end of a path that is the name of an image, behind the folder above it."""
    parts = filepath.split("/")
    for start in range(len(parts)):
        name = "/".join(parts[start:])
        if name in names:
            yield "/".join(parts[:start]), name
