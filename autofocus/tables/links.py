"""The table of links, written by `link_images_by_label`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern

from autofocus.errors import InputDataError
from autofocus.runs.csv_files import CsvReader
from autofocus.tables.columns import CLEAN_OPTIONAL, LINKS, LOCATION, SEQUENCE


@dataclass(frozen=True)
class LinkRow:
    """A row of the table of links.

    Attributes:
        filepath: the image, relative to the table's folder.
        label: the label under which it is linked.
        link: the link, relative to the table's folder.
        facts: what else is known about the image, by column of `CLEAN_OPTIONAL`.
    """

    filepath: str
    label: str
    link: str
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def location(self) -> str:
        """Where the camera stood; empty if unknown."""
        return self.facts.get(LOCATION, "")

    @property
    def sequence(self) -> str:
        """The sequence that the image is a frame of; empty if unknown."""
        return self.facts.get(SEQUENCE, "")


def read_links(table: Path) -> Iterator[LinkRow]:
    """Yield the rows of a table of links.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it is another table, or a row can't be read.
    """
    with CsvReader(table) as reader:
        further = reader.columns[len(LINKS) :]
        if tuple(reader.columns[: len(LINKS)]) != LINKS or not set(further) <= set(CLEAN_OPTIONAL):
            raise InputDataError(
                f"{table} is no table of links: its columns are not {', '.join(LINKS)}."
            )
        for row in reader:
            filepath, label, link, *cells = row
            facts = dict(zip(further, cells, strict=True))
            # A label is that of many images, and a link is in the memory of many steps.
            yield LinkRow(filepath, intern(label), intern(link), facts)
