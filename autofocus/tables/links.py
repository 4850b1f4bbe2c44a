"""The table of links, written by `link_images_by_label`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.runs.csv_files import CsvReader
from autofocus.tables.columns import LINKS, LOCATION


@dataclass(frozen=True)
class LinkRow:
    """A row of the table of links.

    Attributes:
        filepath: the image, relative to the table's folder.
        label: the label under which it is linked.
        link: the link, relative to the table's folder.
        location: where the camera stood; empty if unknown.
    """

    filepath: str
    label: str
    link: str
    location: str = ""


def read_links(table: Path) -> Iterator[LinkRow]:
    """Yield the rows of a table of links.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it is another table, or a row can't be read.
    """
    with CsvReader(table) as reader:
        if tuple(reader.columns) not in (LINKS, (*LINKS, LOCATION)):
            raise InputDataError(
                f"{table} is no table of links: its columns are not {', '.join(LINKS)}."
            )
        for row in reader:
            yield LinkRow(*row)
