"""Which image of embeddings each image of a table of links is."""

from collections.abc import Collection, Mapping
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.tables.columns import LINKS_NAME


def find_places(
    filepaths: Mapping[str, str], names: Collection[str], folders: Collection[Path]
) -> dict[str, str]:
    """Return the name in the embeddings of each linked image.

    A table of links names an image relative to its own folder, embeddings relative to that of the
    prepared images: a name is what is left of a path without the folders above the latter. Neither
    the images nor their folder need exist.

    Args:
        filepaths: the path of each image, by its link.
        names: of all images of the embeddings.
        folders: of the embeddings, for messages.

    Raises:
        InputDataError: one is not there.
    """
    places: dict[str, str] = {}
    missing: list[str] = []
    for link, filepath in filepaths.items():
        place = _find(filepath, names)
        if place is None:
            missing.append(filepath)
        else:
            places[link] = place
    if missing:
        shown = ", ".join(str(folder) for folder in folders)
        raise InputDataError(
            f"{missing[0]}, which {LINKS_NAME} lists, is not in the embeddings ({len(missing)} of "
            f"{len(filepaths)} images are not; {shown}): run embed on all prepared images, and "
            "give retrain all of its folders."
        )
    return places


def _find(filepath: str, names: Collection[str]) -> str | None:
    """Return the longest end of a path that is the name of an image; None if there is none."""
    parts = filepath.split("/")
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if end in names), None)
