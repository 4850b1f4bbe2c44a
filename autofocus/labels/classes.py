"""The classes to learn: one folder of images (or of links to images) per label."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from sys import intern

from autofocus.errors import InputDataError, MissingInputError
from autofocus.images.finding import Listing, list_by_folder
from autofocus.labels.folders import folder_to_label
from autofocus.runs.wording import plural
from autofocus.tables.columns import LINKS_NAME
from autofocus.tables.links import read_links


@dataclass(frozen=True)
class Classes:
    """All classes and their files.

    Attributes:
        labels: the classes, sorted; their order is that of the classifier's outputs.
        files: the label of each file, by its path relative to the image folder, sorted.
        empty: labels whose folders hold no image; they are left out.
        listing: the images, and what was ignored, or can't be read.
    """

    labels: tuple[str, ...]
    files: Mapping[str, str]
    empty: tuple[str, ...]
    listing: Listing


def find_classes(image_dir: Path) -> Classes:
    """Find the class folders and their images; links are followed.

    Raises:
        MissingInputError: there is no such folder, or no class in it.
        InputDataError: there is only one class; a classifier needs two.
    """
    if not image_dir.is_dir():
        raise MissingInputError(
            f"There is no folder {image_dir}: give one with a folder of images per label, as "
            "link_images_by_label makes it."
        )
    folders, listing = list_by_folder(image_dir)
    return _classes(image_dir, folders, listing)


def find_listed_classes(image_dir: Path) -> Classes:
    """Find the classes in the folder's table of links; neither links nor images need exist.

    Raises:
        MissingInputError: there is no such table, or no image in it.
        InputDataError: it is another table, or there is only one class.
    """
    table = image_dir / LINKS_NAME
    if not table.is_file():
        raise MissingInputError(
            f"{image_dir} has no {LINKS_NAME}, by which embeddings are found: give the folder "
            "that link_images_by_label made."
        )
    return _classes(image_dir, [], Listing(sorted(row.link for row in read_links(table))))


def _classes(image_dir: Path, folders: Iterable[str], listing: Listing) -> Classes:
    """Return the classes of images in folders of labels."""
    to_label = cache(folder_to_label)
    files = {intern(name): to_label(name.partition("/")[0]) for name in listing.names}
    labels = tuple(sorted(set(files.values())))
    if not labels:
        raise MissingInputError(f"{image_dir} has no folder with images of a label.")
    if len(labels) == 1:
        raise InputDataError(
            f"{image_dir} has a single class, {labels[0]} ({plural(len(files), 'image')}): a "
            "classifier needs at least two."
        )
    empty = set(map(folder_to_label, folders)) - set(labels)
    return Classes(labels, files, tuple(sorted(empty)), listing)
