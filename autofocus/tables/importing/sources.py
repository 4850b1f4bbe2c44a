"""A table with a header, whether text or a workbook: its columns, and its cells as text."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.runs.csv_files import CsvReader
from autofocus.tables.frames import to_frame
from autofocus.tables.text_formats import TextFormat, find_text_format
from autofocus.tables.texts import as_text

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Source:
    """A table with a header, to be read once.

    Attributes:
        path: the file.
        format: what it is, in words.
        columns: its headings.
        first_row: the number of the first row below the header.
        read_coded: returns some of the columns as text, each of which must be there once, and
            `PROBLEM`: what is wrong with a row, or nothing. Columns of few distinct cells may be
            coded; see `texts.is_coded`.
    """

    path: Path
    format: str
    columns: Sequence[str]
    first_row: int
    read_coded: "Callable[[Sequence[str]], pl.DataFrame]"

    def read(self, columns: Sequence[str]) -> "pl.DataFrame":
        """Return what `read_coded` does, but with text in each column."""
        return as_text(self.read_coded(columns))


@contextmanager
def open_text(path: Path) -> Iterator[Source]:
    """Open a text table.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it can't be read.
    """
    form = find_text_format(path)
    with _open(path, form) as reader:
        first_row = 2 + form.skip
        yield Source(
            path,
            str(form),
            reader.columns,
            first_row,
            lambda columns: to_frame(reader, columns, with_problems=True, are_coded=True),
        )


def open_rows(path: Path) -> CsvReader:
    """Open a text table, of which only the header is read yet.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it can't be read.
    """
    return _open(path, find_text_format(path))


def _open(path: Path, form: TextFormat) -> CsvReader:
    return CsvReader(
        path, encoding=form.encoding, lenient=True, delimiter=form.delimiter, skip=form.skip
    )
