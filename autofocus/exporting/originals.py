"""The originals of preprocessed images: their paths, sizes, and boxes mapped back to them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any

from autofocus.errors import InputDataError
from autofocus.exporting.rows import Box
from autofocus.images.names import PREPARATION_NAME
from autofocus.runs import files
from autofocus.runs.csv_files import CsvReader, CsvWriter
from autofocus.tables.columns import PROPERTIES_NAME

# What `write_originals` adds to the properties: rows in pixels.
_TRIM = ("trim_top", "trim_bottom")


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
        trim: rows that were cropped from its top and bottom; None if `preparation.json` tells.
    """

    date: str
    time: str
    night: str
    make: str
    model: str
    size: tuple[int, int] | None
    trim: tuple[int, int] | None = None

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
        known: the table of `write_originals`, where the images are elsewhere.
    """

    folder: Path
    images: Path | None = None
    known: Path | None = None
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
        if self.known is not None:
            return self._read(self.known).get(original)
        path = self.folder / filepath
        root = self.root(path.parent)
        if root is None:
            return None
        return self._read(root / PROPERTIES_NAME).get(files.relative_to_folder(path, root))

    def _read(self, table: Path) -> dict[str, Properties]:
        if table not in self._properties:
            self._properties[table] = _read_properties(table)
        return self._properties[table]

    def box(self, box: Box, filepath: str, original: str = "") -> Box | None:
        """Return a box of the preprocessed image as one of the original.

        Args:
            box: in shares of the image without the rows that were cropped.
            filepath: the path in the table.
            original: the path of the original, where the table tells it.

        Returns:
            None if the size of the original, or what was cropped, is unknown.
        """
        properties = self.properties(filepath, original)
        if properties is None or properties.size is None:
            return None
        top, bottom = properties.trim or self._trim(filepath, properties)
        height = properties.size[1]
        share = (height - top - bottom) / height
        return Box(box.left, top / height + box.top * share, box.width, box.height * share)

    def _trim(self, filepath: str, properties: Properties) -> tuple[int, int]:
        root = self.root((self.folder / filepath).parent)
        return trimmed(self._preparation(root), properties) if root else (0, 0)

    def _preparation(self, root: Path) -> dict[str, Any]:
        if root not in self._preparations:
            self._preparations[root] = _read_preparation(root / PREPARATION_NAME)
        return self._preparations[root]


def write_originals(folder: Path, outpath: Path) -> None:
    """Write what is known of the originals of preprocessed images, to be read without them.

    Args:
        folder: the folder that `preprocess_images` wrote.
        outpath: the table to write: the properties, and the rows that were cropped.
    """
    preparation = _read_preparation(folder / PREPARATION_NAME)
    known = _read_properties(folder / PROPERTIES_NAME)
    with (
        CsvReader(folder / PROPERTIES_NAME, ["filepath"]) as reader,
        CsvWriter(outpath, [*reader.columns, *_TRIM]) as writer,
    ):
        column = reader.columns.index("filepath")
        for row in reader:
            writer.write([*row, *trimmed(preparation, known[row[column]])])


def _read_preparation(path: Path) -> dict[str, Any]:
    try:
        values = dict(json.loads(path.read_text(encoding="utf-8")))
        for one in values.get("cameras", ()):
            _rows_of({**one, "make": str.casefold(one["make"])})
        _rows_of(values)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputDataError(
            f"{path} does not describe how images were preprocessed: give the "
            f"{PREPARATION_NAME} that preprocess_images wrote."
        ) from None
    return values


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
            size = sizes.setdefault(sides, _pair(*sides))
            rows = (cell(_TRIM[0]), cell(_TRIM[1]))
            trim = sizes.setdefault(rows, _pair(*rows))
            make, model = intern(cell("camera_make")), intern(cell("camera_model"))
            known[cell("filepath")] = Properties(
                cell("date"), cell("time"), cell("night"), make, model, size, trim
            )
    return known


def _pair(first: str, second: str) -> tuple[int, int] | None:
    return (int(first), int(second)) if first.isdigit() and second.isdigit() else None
