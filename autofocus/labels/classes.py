"""The classes to learn: one folder of photographs (or links to them) for each label."""

from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import InputDataError, MissingInputError
from autofocus.images.finding import find_images
from autofocus.labels.folders import folder_to_label
from autofocus.runs.workspace import HIDDEN

EXTENSIONS = ("JPG", "JPEG", "PNG")


@dataclass(frozen=True, order=True)
class Example:
    """A photograph in a class folder.

    Attributes:
        name: its path relative to the image folder.
        label: the class.
    """

    name: str
    label: str


@dataclass(frozen=True)
class Classes:
    """All classes and their photographs.

    Attributes:
        labels: the classes, in rising order; their order is the network's.
        examples: all photographs, in rising order of their names.
        empty: labels whose folders hold no photograph; they are left out.
    """

    labels: tuple[str, ...]
    examples: tuple[Example, ...]
    empty: tuple[str, ...]


def find_classes(image_dir: Path) -> Classes:
    """Find the class folders and their photographs; links are followed.

    Raises:
        MissingInputError: there is no such folder, or it holds no class.
        InputDataError: there is only one class, so that there is nothing to tell apart.
    """
    if not image_dir.is_dir():
        raise MissingInputError(
            f"There is no folder {image_dir}: give one that holds a folder of photographs "
            "for each label, as link_images_by_label makes it."
        )
    found = {
        folder_to_label(folder.name): _names(folder)
        for folder in sorted(image_dir.iterdir())
        if folder.is_dir() and folder.name != HIDDEN
    }
    labels = tuple(sorted(label for label, names in found.items() if names))
    if not labels:
        raise MissingInputError(f"{image_dir} holds no folder with photographs for a label.")
    if len(labels) == 1:
        raise InputDataError(
            f"{image_dir} holds one class, {labels[0]} ({len(found[labels[0]])} photographs): "
            "at least two are needed to tell one from another."
        )
    examples = sorted(Example(name, label) for label in labels for name in found[label])
    return Classes(labels, tuple(examples), tuple(sorted(set(found) - set(labels))))


def _names(folder: Path) -> list[str]:
    try:
        names = find_images(folder, EXTENSIONS)
    except MissingInputError:
        return []
    return [f"{folder.name}/{name}" for name in names]
