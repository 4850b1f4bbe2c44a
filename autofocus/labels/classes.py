"""The classes to learn: one folder of images (or of links to images) per label."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import InputDataError, MissingInputError
from autofocus.images.finding import find_images
from autofocus.labels.folders import folder_to_label
from autofocus.runs.workspace import HIDDEN

EXTENSIONS = ("JPG", "JPEG", "PNG")


@dataclass(frozen=True)
class Classes:
    """All classes and their files.

    Attributes:
        labels: the classes, sorted; their order is that of the classifier's outputs.
        files: the label of each file, by its path relative to the image folder, sorted.
        empty: labels whose folders hold no image; they are left out.
    """

    labels: tuple[str, ...]
    files: Mapping[str, str]
    empty: tuple[str, ...]


def find_classes(image_dir: Path) -> Classes:
    """Find the class folders and their images; links are followed.

    Raises:
        MissingInputError: there is no such folder, or no class in it.
        InputDataError: there is only one class; a classifier needs two.
    """
    if not image_dir.is_dir():
        raise MissingInputError(
            f"There is no folder {image_dir}: give one that holds a folder of photographs "
            "for each label, as link_images_by_label makes it."
        )
    folders = [
        folder
        for folder in sorted(image_dir.iterdir())
        if folder.is_dir() and folder.name != HIDDEN
    ]
    files = {name: folder_to_label(folder.name) for folder in folders for name in _names(folder)}
    labels = tuple(sorted(set(files.values())))
    if not labels:
        raise MissingInputError(f"{image_dir} holds no folder with photographs for a label.")
    if len(labels) == 1:
        raise InputDataError(
            f"{image_dir} holds one class, {labels[0]} ({len(files)} photographs): "
            "at least two are needed to tell one from another."
        )
    empty = {folder_to_label(folder.name) for folder in folders} - set(labels)
    return Classes(labels, dict(sorted(files.items())), tuple(sorted(empty)))


def _names(folder: Path) -> list[str]:
    names = find_images(folder, EXTENSIONS, allow_empty=True)
    return [f"{folder.name}/{name}" for name in names]
