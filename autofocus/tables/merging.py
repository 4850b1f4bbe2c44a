"""Putting the tables of shards together, in flat memory."""

import csv
import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from autofocus.errors import InputDataError, MissingInputError
from autofocus.runs import files


def merge_tables(paths: Sequence[Path], outpath: Path, key: str) -> int:
    """Merge CSV tables with the same columns, in rising order of one of them.

    What comes out has the bytes of the table that one run over all shards would have written.

    Args:
        paths: the tables; the rows of each are in rising order of `key` already.
        outpath: the table to write; it must not be among `paths`.
        key: the column that tells rows apart.

    Returns:
        How many rows there are.

    Raises:
        MissingInputError: there is no such table, or none is given.
        InputDataError: tables have other columns than the first or none named `key`, a row is
            not whole or not in order, or two rows have the same key: shards overlap.
    """
    if not paths:
        raise MissingInputError("Give at least one table to merge.")
    outpath.parent.mkdir(parents=True, exist_ok=True)
    with files.whole_file(outpath, outpath.parent) as unfinished, ExitStack() as stack:
        tables = [stack.enter_context(_Table(path, key)) for path in paths]
        for table in tables[1:]:
            _check_columns(tables[0], table)
        output = stack.enter_context(unfinished.open("w", encoding="utf-8", newline=""))
        writer = files.csv_writer(output)
        writer.writerow(tables[0].columns)
        number, before = 0, None
        for name, path, row in heapq.merge(*(table.rows() for table in tables)):
            if name == before:
                raise InputDataError(
                    f"{path} names {name} a second time: shards overlap, or one is given twice."
                )
            writer.writerow(row)
            number, before = number + 1, name
    return number


class _Table:
    """A table that is being read, row by row."""

    def __init__(self, path: Path, key: str) -> None:
        if not path.is_file():
            raise MissingInputError(f"There is no table {path}.")
        self.path = path
        self._file = path.open(encoding="utf-8", newline="")
        # Strict, so that a table cut off within quotes is told.
        self._reader = csv.reader(self._file, strict=True)
        try:
            self.columns = next(self._lines(), [])
            self._key = self._find(key)
        except InputDataError:
            self._file.close()
            raise

    def __enter__(self) -> "_Table":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def rows(self) -> Iterator[tuple[str, Path, list[str]]]:
        before = ""
        for row in self._lines():
            if len(row) != len(self.columns):
                raise InputDataError(f"{self.path}, line {self._reader.line_num}: not whole.")
            name = row[self._key]
            if name < before:
                raise InputDataError(f"{self.path} is not in rising order at {name}.")
            before = name
            yield name, self.path, row

    def _find(self, key: str) -> int:
        if key not in self.columns:
            raise InputDataError(f"{self.path} has no column {key}: it is another table.")
        return self.columns.index(key)

    def _lines(self) -> Iterator[list[str]]:
        try:
            yield from self._reader
        except csv.Error as error:
            raise InputDataError(f"{self.path}, line {self._reader.line_num}: {error}.") from None
        except UnicodeDecodeError:
            raise InputDataError(f"{self.path} is not in UTF-8.") from None


def _check_columns(first: _Table, other: _Table) -> None:
    if first.columns != other.columns:
        raise InputDataError(
            f"{first.path} and {other.path} have different columns: they were not made in the "
            "same way."
        )
