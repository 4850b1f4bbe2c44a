"""What a table of the images to label tells about them: locations and sequences."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.predicting.inputs import COLUMN, name_below
from autofocus.runs.csv_files import CsvReader
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
