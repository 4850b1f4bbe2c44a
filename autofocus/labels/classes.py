"""The classes to learn: one folder of images (or of links to images) per label."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autofocus.errors import InputDataError, MissingInputError
from autofocus.images.finding import list_images
from autofocus.images.names import IMAGE_FORMATS
from autofocus.labels.folders import folder_to_label
from autofocus.runs.wording import plural
from autofocus.runs.workspace import HIDDEN


@dataclass(frozen=True)
class Classes:
    """All classes and their files.

    Attributes:
        labels: the classes, sorted; their order is that of the classifier's outputs.
        files: the label of each file, by its path relative to the image folder, sorted.
        empty: labels whose folders hold no image; they are left out.
        ignored: the number of other files in the folders, and of images beside the folders, by
            their endings in lower case.
    """

    labels: tuple[str, ...]
    files: Mapping[str, str]
    empty: tuple[str, ...]
    ignored: Mapping[str, int] = field(default_factory=dict)


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
    folders = [
        folder
        for folder in sorted(image_dir.iterdir())
        if folder.is_dir() and folder.name != HIDDEN
    ]
    listings = {folder: list_images(folder, IMAGE_FORMATS, allow_empty=True) for folder in folders}
    files = {
        f"{folder.name}/{name}": folder_to_label(folder.name)
        for folder, listing in listings.items()
        for name in listing.names
    }
    labels = tuple(sorted(set(files.values())))
    if not labels:
        raise MissingInputError(f"{image_dir} has no folder with images of a label.")
    if len(labels) == 1:
        raise InputDataError(
            f"{image_dir} has a single class, {labels[0]} ({plural(len(files), 'image')}): a "
            "classifier needs at least two."
        )
    empty = {folder_to_label(folder.name) for folder in folders} - set(labels)
    beside = [path.suffix.lower() for path in image_dir.iterdir() if path not in listings]
    ignored = Counter(ending for ending in beside if ending in IMAGE_FORMATS)
    for listing in listings.values():
        ignored.update(listing.ignored)
    return Classes(labels, dict(sorted(files.items())), tuple(sorted(empty)), ignored)
