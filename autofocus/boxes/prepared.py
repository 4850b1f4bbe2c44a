"""Boxes of originals as boxes of the preprocessed images, from which rows were cropped."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autofocus.boxes.box import Box
from autofocus.boxes.megadetector_json import FileDetections
from autofocus.errors import InputDataError
from autofocus.images.names import PREPARATION_NAME
from autofocus.images.preparing import Preparation
from autofocus.runs.csv_files import CsvReader
from autofocus.tables.columns import PROPERTIES_NAME


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an original that are left in the preprocessed image.

    Attributes:
        height: of the upright original, in pixels.
        top: number of rows that were cropped from its top.
        bottom: number of rows that were cropped from its bottom.
    """

    height: int
    top: int
    bottom: int

    def prepared(self, box: Box) -> Box | None:
        """Return a box of the original as one of the preprocessed image; None if it is cropped."""
        left = self.height - self.top - self.bottom
        if left <= 0:
            return None
        first = (box.top * self.height - self.top) / left
        last = ((box.top + box.height) * self.height - self.top) / left
        first, last = max(first, 0.0), min(last, 1.0)
        top, height = round(first, 4), round(last - first, 4)
        if height <= 0:
            return None
        return replace(box, top=top, height=height)

    def original(self, box: Box) -> Box:
        """Return a box of the preprocessed image as one of the original."""
        left = self.height - self.top - self.bottom
        top = (self.top + box.top * left) / self.height
        height = box.height * left / self.height
        return replace(box, top=round(top, 4), height=round(height, 4))


# Of an image that was used as it is: only shares count.
WHOLE = Rows(1, 0, 0)


@dataclass(frozen=True)
class PreparedDetections(Mapping[str, tuple[Box, ...]]):
    """The detections of a file for preprocessed images, the most confident first.

    An image that the file has no result of, or whose size is unknown, has none.

    Attributes:
        detections: of the originals.
        originals: the path of each image's original, by the image's name.
        rows: returns what is left of an image, by its name; None if that is unknown.
    """

    detections: FileDetections
    originals: Mapping[str, str]
    rows: Callable[[str], Rows | None]

    def __getitem__(self, name: str) -> tuple[Box, ...]:
        """Return the boxes of an image by its name."""
        found = self.detections.boxes(self.originals[name])
        rows = self.rows(name) if found else None
        if rows is None:
            return ()
        return tuple(box for one in found if (box := rows.prepared(one)) is not None)

    def __iter__(self) -> Iterator[str]:
        """Yield the names of all images."""
        return iter(self.originals)

    def __len__(self) -> int:
        """Return the number of all images."""
        return len(self.originals)


@dataclass(frozen=True)
class PreparedFolder:
    """What was cropped from the images that `preprocess_images` made.

    Attributes:
        rows: by the image's path relative to the folder; None where its size is unknown.
    """

    rows: Mapping[str, Rows | None]

    @classmethod
    def read(cls, folder: Path) -> "PreparedFolder":
        """Read the tables in a folder that `preprocess_images` wrote.

        Raises:
            InputDataError: a table is missing or can't be read.
        """
        table = folder / PROPERTIES_NAME
        if not table.is_file():
            raise InputDataError(
                f"{folder} lacks {PROPERTIES_NAME}, which tells the sizes of the originals that "
                "boxes refer to: give the folder that preprocess_images wrote."
            )
        return cls(read_rows(table, Preparation.from_file(folder / PREPARATION_NAME)))


def find_prepared_folder(folder: Path) -> Path | None:
    """Return the folder that `preprocess_images` wrote and that is or holds this one, or None."""
    above = (folder, *folder.parents)
    markers = (PREPARATION_NAME, PROPERTIES_NAME)
    return next((one for one in above if all((one / name).is_file() for name in markers)), None)


def read_rows(properties: Path, preparation: Preparation) -> dict[str, Rows | None]:
    """Return what is left of each image of a table of properties, by its path in the table.

    Args:
        properties: the table that `preprocess_images` wrote.
        preparation: how the images were prepared.
    """
    columns = ("filepath", "width", "height", "camera_make")
    known: dict[tuple[str, str, str], Rows | None] = {}
    with CsvReader(properties, columns[:1]) as reader:
        places = [
            reader.columns.index(name) if name in reader.columns else None for name in columns
        ]
        rows: dict[str, Rows | None] = {}
        for row in reader:
            path, *camera = ("" if at is None else row[at] for at in places)
            width, height, make = camera
            key = (width, height, make)
            if key not in known:
                known[key] = _rows(preparation, *key)
            rows[path] = known[key]
    return rows


def _rows(preparation: Preparation, width: str, height: str, make: str) -> Rows | None:
    if not (width.isdecimal() and height.isdecimal()):
        return None
    return rows_of(preparation, make, int(width), int(height))


def rows_of(preparation: Preparation, make: str, width: int, height: int) -> Rows:
    """Return what a preparation leaves of an image.

    Args:
        preparation: how images are prepared.
        make: the camera's manufacturer.
        width: of the upright original, in pixels.
        height: of the upright original, in pixels.
    """
    camera = preparation.for_camera(make, width, height)
    return Rows(height, int(camera.trim_top), int(camera.trim_bottom))
