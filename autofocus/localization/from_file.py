"""Boxes from MegaDetector results, in place of a detector that is run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from autofocus.boxes.megadetector_json import read_detections
from autofocus.boxes.prepared import (
    WHOLE,
    PreparedDetections,
    PreparedFolder,
    Rows,
    find_prepared_folder,
    rows_of,
)
from autofocus.detector.settings import FROM_FILE, DetectorSettings
from autofocus.errors import InputDataError
from autofocus.images.preparing import Preparation
from autofocus.images.trims import Source
from autofocus.localization.finding import Detections
from autofocus.runs import files


@dataclass(frozen=True)
class FileDetector:
    """A detector whose boxes are known, by the image's name.

    Attributes:
        settings: with the detector's name in the file, and the file's digest.
        boxes: of each image, the most confident first.
        notes: what people should know of the file, one sentence each.
    """

    settings: DetectorSettings
    boxes: Mapping[str, Detections]
    notes: tuple[str, ...] = ()

    def detect(self, image: Image.Image) -> Detections:
        """Raise, as boxes can't be found by an image's content alone."""
        raise TypeError(f"The boxes of an image of {image.size} are known by its name alone.")

    def check_trained_with(self, trained: DetectorSettings) -> tuple[str, ...]:
        """Return a note if a model was trained with boxes of another detector."""
        if trained.name == self.settings.name:
            return ()
        given, needed = (one.name.removeprefix(FROM_FILE) for one in (self.settings, trained))
        note = (
            f"the boxes are of the detector {given}, and those of the model's training images of "
            f"{needed}: predictions may be worse"
        )
        return (note,)


def read_boxes(
    path: Path, originals: Mapping[str, str], rows: Callable[[str], Rows | None]
) -> FileDetector:
    """Read the boxes of images from MegaDetector results.

    Args:
        path: the file.
        originals: the path of each image's original, relative to the folder of the originals, by
            the image's name.
        rows: returns what is left of an image, by its name; None if that is unknown.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it holds no MegaDetector results, or none of these images.
    """
    found = read_detections(path, set(originals.values()))
    settings = DetectorSettings(FROM_FILE + found.detector, files.digest_file(path))
    return FileDetector(settings, PreparedDetections(found, originals, rows), found.notes)


def rows_of_originals(folder: Path, preparation: Preparation) -> Callable[[str], Rows | None]:
    """Return what tells what a preparation leaves of an original image, by its name.

    Args:
        folder: the folder of the originals, whose headers are read.
        preparation: how they are preprocessed.
    """
    source = Source(folder)

    def rows(name: str) -> Rows | None:
        camera = source.camera(name)
        if camera is None:
            return None
        return rows_of(preparation, camera.make, camera.width, camera.height)

    return rows


def rows_of_folder(folder: Path) -> Callable[[str], Rows | None]:
    """Return what tells what is left of the images in a folder that `preprocess_images` writes.

    Args:
        folder: read when the first image is asked for, as its tables are made meanwhile.
    """
    known: list[PreparedFolder] = []

    def rows(name: str) -> Rows | None:
        if not known:
            known.append(PreparedFolder.read(folder))
        return known[0].rows.get(name)

    return rows


def rows_of_copies(
    paths: Mapping[str, Path], *, are_cropped: bool
) -> Callable[[str], Rows | None]:
    """Return what tells what is left of preprocessed images, by their names.

    Args:
        paths: the file of each image, by its name; links are not followed.
        are_cropped: whether rows may have been cropped from images outside of a folder that
            `preprocess_images` wrote.

    Raises:
        InputDataError: rows were cropped, and nothing tells the sizes of the originals.
    """
    folders = {path.parent for path in paths.values()}
    roots = {folder: find_prepared_folder(folder) for folder in folders}
    if are_cropped and None in roots.values():
        lost = next(folder for folder, root in roots.items() if root is None)
        raise InputDataError(
            f"The images in {lost} were cropped, and no image_properties.csv above them tells the "
            "sizes of their originals, which boxes_from refers to: use the folder that "
            "preprocess_images wrote."
        )
    known = {root: PreparedFolder.read(root) for root in {*roots.values()} if root is not None}

    def rows(name: str) -> Rows | None:
        path = paths[name]
        root = roots[path.parent]
        return WHOLE if root is None else known[root].rows.get(path.relative_to(root).as_posix())

    return rows
