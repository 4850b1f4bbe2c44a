"""Boxes of the images to label from MegaDetector results."""

from collections.abc import Collection
from pathlib import Path

from autofocus.detector.settings import FROM_FILE
from autofocus.errors import MissingInputError, SettingError
from autofocus.images.finding import find_images
from autofocus.images.preparing import Preparation
from autofocus.localization.finding import ObjectDetector, load_detector
from autofocus.localization.from_file import (
    FileDetector,
    read_boxes,
    rows_of_copies,
    rows_of_originals,
)
from autofocus.model.description import Description


def open_detector(description: Description, boxes_from: Path | None) -> ObjectDetector | None:
    """Return the detector that a model needs; None if it needs none, or the boxes of a file.

    Args:
        description: of the model.
        boxes_from: the file of boxes; None if none was given.

    Raises:
        SettingError: a file is needed and was not given, or was given in vain.
        MissingInputError: there is no such file, or the weights of the detector are missing.
        MissingDependencyError: the package that runs the detector is missing.
        InputDataError: the weights are damaged.
    """
    settings = description.boxes.detector
    if settings is None or not settings.is_from_file:
        if boxes_from is not None:
            raise SettingError(
                f"boxes_from: the model, with the view {description.view}, does not take its "
                "boxes from a file: leave it out."
            )
        return load_detector(settings)
    name = settings.name.removeprefix(FROM_FILE)
    if boxes_from is None:
        raise SettingError(
            f"boxes_from: the model was trained with boxes from MegaDetector results ({name}), "
            "and needs those of the images to label: give the file as --boxes_from."
        )
    if not boxes_from.is_file():
        raise MissingInputError(f"There is no file {boxes_from} (boxes_from).")
    return None


def read_file_boxes(
    path: Path,
    indir: Path,
    names: Collection[str],
    extensions: Collection[str],
    preparation: Preparation | None,
    trained: Preparation | None,
) -> FileDetector:
    """Read the boxes of the images to label, and of those beside them.

    Args:
        path: the file.
        indir: the folder of the images.
        names: the images to label, relative to the folder.
        extensions: of image files.
        preparation: how to preprocess the images; None if they are used as they are.
        trained: how the model's training images were preprocessed; None if unknown.

    Raises:
        InputDataError: the file holds no MegaDetector results, or none of these images; or
            nothing tells the sizes of the originals of preprocessed images.
    """
    every = {*names, *find_images(indir, extensions, allow_empty=True)}
    if preparation is not None:
        rows = rows_of_originals(indir, preparation)
    else:
        are_cropped = trained is not None and trained.is_cropping
        rows = rows_of_copies({name: indir / name for name in every}, are_cropped=are_cropped)
    return read_boxes(path, {name: name for name in sorted(every)}, rows)
