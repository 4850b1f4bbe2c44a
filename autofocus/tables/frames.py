"""Tables as pandas frames: every cell is text, and one that is missing is empty."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.errors import InputDataError
from autofocus.runs.csv_files import UTF8, CsvReader, CsvWriter

if TYPE_CHECKING:
    import pandas as pd

# Rows that are lists of Python's strings at one time; a frame holds them in a fraction of the
# memory.
_ROWS = 20_000
# The column of what is wrong with a row; no heading of a table has a line break at its end.
PROBLEM = "problem\n"


def read_frame(path: Path, columns: Sequence[str], encoding: str = UTF8) -> "pd.DataFrame":
    """Read some columns of a CSV file that people may have written.

    Args:
        path: the file.
        columns: those to read; the file must have each once.
        encoding: the file's.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it lacks a column, or can't be read; the message names the line.
    """
    with CsvReader(path, columns, encoding=encoding, lenient=True) as reader:
        return to_frame(reader, columns)


def to_frame(
    reader: CsvReader, columns: Sequence[str], *, with_problems: bool = False
) -> "pd.DataFrame":
    """Read some columns of all rows of an open CSV file.

    Words such as `NA` or `None` stay what they are: they can be labels.

    Args:
        reader: the file.
        columns: those to read.
        with_problems: whether rows that can't be read stay, with what is wrong with them in a
            column `PROBLEM`; without, they are an error.

    Raises:
        InputDataError: the file lacks a column, or a row can't be read; with problems, no row can.
    """
    reader.check(columns)
    places = {name: reader.columns.index(name) for name in columns}
    if not with_problems:
        return _collect(iter(reader), places)
    places[PROBLEM] = len(reader.columns)
    frame = _collect(([*row, problem] for row, problem in reader.rows()), places)
    if len(frame) and (frame[PROBLEM] != "").all():
        # Behind the last line, the reader stands on one that isn't there.
        raise InputDataError(f"{reader.path}, line {reader.line - 1}: {frame[PROBLEM].iloc[-1]}.")
    return frame


def _collect(rows: Iterator[list[str]], places: Mapping[str, int]) -> "pd.DataFrame":
    """Return the cells at some places of rows as a frame."""
    import pandas as pd

    parts: list[pd.DataFrame] = []
    # At least once, so that a table without rows has its columns.
    while (part := list(islice(rows, _ROWS))) or not parts:
        cells = {name: [row[at] for row in part] for name, at in places.items()}
        parts.append(pd.DataFrame({name: pd.Series(cells[name], dtype=str) for name in cells}))
    return pd.concat(parts, ignore_index=True)


def write_frame(table: "pd.DataFrame", path: Path) -> None:
    """Write a frame as a CSV file."""
    with CsvWriter(path, list(table.columns)) as writer:
        writer.write_all(zip(*(table[name].tolist() for name in table.columns), strict=True))
