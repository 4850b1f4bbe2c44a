"""The originals of preprocessed images: their paths, sizes, and boxes mapped back to them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any

from autofocus.errors import InputDataError
from autofocus.exporting.rows import Box
from autofocus.runs import files
from autofocus.runs.csv_files import CsvReader
from autofocus.tables.columns import PROPERTIES_NAME

PREPARATION_NAME = "preparation.json"


@dataclass(frozen=True, slots=True)
class Properties:
    """What `image_properties.csv` tells of an image.

    Attributes:
        date: YYYY-MM-DD, or empty.
        time: HH:MM:SS, or empty.
        night: `1`, `0` or empty.
        make: the camera's manufacturer.
        model: the camera's model.
        size: width and height of the original, upright, in pixels; None if unknown.
    """

    date: str
    time: str
    night: str
    make: str
    model: str
    size: tuple[int, int] | None

    @property
    def camera(self) -> str:
        """Make and model."""
        return " ".join(filter(None, (self.make, self.model)))


@dataclass
class Originals:
    """The originals of the images of a table.

    Attributes:
        folder: of the table, to which its paths are relative.
        images: the folder of originals, if it is known.
        preprocessed: the folder with `preparation.json` and `image_properties.csv`, if it is not
            above the images that the table names; its properties go by the original's path.
    """

    folder: Path
    images: Path | None = None
    preprocessed: Path | None = None
    _roots: dict[Path, Path | None] = field(default_factory=dict)
    _properties: dict[Path, dict[str, Properties]] = field(default_factory=dict)
    _preparations: dict[Path, dict[str, Any]] = field(default_factory=dict)

    def name(self, filepath: str) -> str:
        """Return the path of the original relative to the folder of originals.

        Preprocessed images have the same path below their folder. Without such a folder, the path
        is relative to `images`, or else stays as it is in the table.
        """
        path = self.folder / filepath
        above = self.root(path.parent) or self.images
        if above is None:
            return filepath
        name = files.relative_to_folder(path, above)
        return filepath if name.startswith("../") else name

    def root(self, folder: Path) -> Path | None:
        """Return the folder of preprocessed images that holds this one; None if there is none."""
        if folder not in self._roots:
            above = next(
                (one for one in (folder, *folder.parents) if (one / PREPARATION_NAME).is_file()),
                None,
            )
            self._roots[folder] = above
        return self._roots[folder]

    def properties(self, filepath: str, original: str = "") -> Properties | None:
        """Return what is known of an image; None without a table of properties.

        Args:
            filepath: the path in the table.
            original: the path of the original, where the table tells it.
        """
        path = self.folder / filepath
        root = self.preprocessed or self.root(path.parent)
        if root is None:
            return None
        if root not in self._properties:
            self._properties[root] = _read_properties(root / PROPERTIES_NAME)
        name = original if self.preprocessed else files.relative_to_folder(path, root)
        return self._properties[root].get(name)

    def box(self, box: Box, filepath: str, original: str = "") -> Box | None:
        """Return a box of the preprocessed image as one of the original.

        Args:
            box: in shares of the image without the rows that were cropped.
            filepath: the path in the table.
            original: the path of the original, where the table tells it.

        Returns:
            None if the size of the original, or what was cropped, is unknown.
        """
        root = self.preprocessed or self.root((self.folder / filepath).parent)
        properties = self.properties(filepath, original)
        if root is None or properties is None or properties.size is None:
            return None
        top, bottom = trimmed(self._preparation(root), properties)
        height = properties.size[1]
        share = (height - top - bottom) / height
        return Box(box.left, top / height + box.top * share, box.width, box.height * share)

    def _preparation(self, root: Path) -> dict[str, Any]:
        if root not in self._preparations:
            path = root / PREPARATION_NAME
            try:
                self._preparations[root] = dict(json.loads(path.read_text(encoding="utf-8")))
            except (ValueError, TypeError):
                raise InputDataError(
                    f"{path} does not describe how images were preprocessed: give the "
                    f"{PREPARATION_NAME} that preprocess_images wrote."
                ) from None
        return self._preparations[root]


def trimmed(preparation: Mapping[str, Any], properties: Properties) -> tuple[int, int]:
    """Return the rows that were cropped from the top and the bottom of an original, in pixels.

    It follows `images.preparing.Preparation.for_camera`, without the packages that one needs.

    Args:
        preparation: the values of `preparation.json`.
        properties: of the image.
    """
    width, height = properties.size or (0, 0)
    make = properties.make.casefold()
    same_make = [one for one in preparation.get("cameras", ()) if one["make"].casefold() == make]
    for sides in ((width, height), (0, 0)):
        for one in same_make:
            if (one.get("width", 0), one.get("height", 0)) == sides:
                return _rows_of(one)
    numbers = {_rows_of(one) for one in same_make}
    return numbers.pop() if make and len(numbers) == 1 else _rows_of(preparation)


def _rows_of(values: Mapping[str, Any]) -> tuple[int, int]:
    """Return rows at the top and the bottom; 0 where they are detected and nothing was found."""
    top, bottom = values.get("trim_top", 0), values.get("trim_bottom", 0)
    return (0 if top == "auto" else int(top)), (0 if bottom == "auto" else int(bottom))


def _read_properties(path: Path) -> dict[str, Properties]:
    """Read the table of properties; empty if there is none."""
    if not path.is_file():
        return {}
    known: dict[str, Properties] = {}
    sizes: dict[tuple[str, str], tuple[int, int] | None] = {}
    with CsvReader(path, ["filepath"]) as reader:
        places = {name: number for number, name in enumerate(reader.columns)}
        for row in reader:

            def cell(name: str, row: list[str] = row) -> str:
                return row[places[name]] if name in places else ""

            sides = (cell("width"), cell("height"))
            size = sizes.setdefault(sides, _size(*sides))
            make, model = intern(cell("camera_make")), intern(cell("camera_model"))
            known[cell("filepath")] = Properties(
                cell("date"), cell("time"), cell("night"), make, model, size
            )
    return known


def _size(width: str, height: str) -> tuple[int, int] | None:
    return (int(width), int(height)) if width.isdigit() and height.isdigit() else None
