"""What tables tell about the images to label: locations and sequences."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.predicting.inputs import COLUMN, name_below
from autofocus.runs.cameras import camera_folder
from autofocus.runs.csv_files import CsvReader
from autofocus.splits.originals import find_originals
from autofocus.tables.columns import LOCATION, SEQUENCE


@dataclass(frozen=True)
class Known:
    """What a table tells about an image.

    Attributes:
        location: where the camera stood; empty if the table does not tell it.
        sequence: the sequence that it is a frame of; empty if the table does not tell it.
    """

    location: str = ""
    sequence: str = ""


UNKNOWN = Known()


def read_known(table: Path | None, indir: Path) -> dict[str, Known]:
    """Return what the columns `location` and `sequence` of a table tell, by the image's name.

    Args:
        table: with the column `filepath`, and further ones or not; None if there is no table.
        indir: the folder that names are relative to.

    Raises:
        InputDataError: the table names an image elsewhere, or gives one two locations or
            sequences.
    """
    known: dict[str, Known] = {}
    if table is None:
        return known
    for name, column, value in _cells(table, indir):
        before = known.get(name, UNKNOWN)
        given = {LOCATION: before.location, SEQUENCE: before.sequence}
        if given[column] not in ("", value):
            raise InputDataError(
                f"{table} gives {name} the {column}s {given[column]} and {value}: an image has "
                "one."
            )
        known[name] = Known(**{**given, column: value})
    return known


def _cells(table: Path, indir: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the image, column and value of each cell that tells something."""
    with CsvReader(table, [COLUMN], lenient=True) as reader:
        places = {
            name: reader.columns.index(name)
            for name in (LOCATION, SEQUENCE)
            if name in reader.columns
        }
        if not places:
            return
        path = reader.columns.index(COLUMN)
        for row in reader:
            for column, at in places.items():
                if value := row[at].strip():
                    yield name_below(indir, table, reader.line, row[path]), column, value


def add_locations(
    known: Mapping[str, Known], names: Iterable[str], table: Path | None
) -> Mapping[str, Known]:
    """Add the locations that another table tells, such as that of the labelled images.

    A new image has the location of its camera's folder, if the table gives that folder one.

    Args:
        known: what is known already, by the image's name; it goes before the table.
        names: of the images to label, relative to their folder.
        table: with the columns `filepath` and `location`, of images or of preprocessed copies;
            None if there is no table.

    Raises:
        InputDataError: the table lacks a column, or can't be read.
    """
    if table is None:
        return known
    own, folders = _read_locations(table)
    merged = dict(known)
    for name in names:
        location = own.get(name) or folders.get(camera_folder(name), "")
        before = known.get(name, UNKNOWN)
        if location and not before.location:
            merged[name] = replace(before, location=location)
    return merged


def _read_locations(table: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the location of each original, and of each folder that has a single one."""
    with CsvReader(table, [COLUMN, LOCATION], lenient=True) as reader:
        path, location = reader.columns.index(COLUMN), reader.columns.index(LOCATION)
        rows = [(row[path], row[location].strip()) for row in reader]
    originals = find_originals(table.parent, (path for path, _ in rows))
    own = {originals[path]: value for path, value in rows if value}
    values: dict[str, set[str]] = {}
    for original, value in own.items():
        values.setdefault(camera_folder(original), set()).add(value)
    return own, {folder: min(each) for folder, each in values.items() if len(each) == 1}
