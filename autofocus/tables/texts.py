"""Columns of text, as polars holds them, and what is done with them by their distinct cells.

A column of a million cells often has few distinct ones: labels, folders, dates. What takes time
is done once for each of those.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import need
from autofocus.runs.spelling import fold_path

if TYPE_CHECKING:
    import polars as pl

# What `str.strip` removes; polars knows fewer characters as blanks.
BLANK_LETTERS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_THREADS = "POLARS_MAX_THREADS"
# Tables gain nothing from more threads than this, whatever the number of cores; memory that is
# free is shared by the threads, and goes back to the system soon.
_SETTINGS = {
    _THREADS: str(min(2, os.cpu_count() or 1)),
    "_RJEM_MALLOC_CONF": "narenas:1,dirty_decay_ms:200,muzzy_decay_ms:0",
}


def load_polars() -> ModuleType:
    """Import polars with settings that save time and memory, where the environment has none.

    A number of threads that polars can't start with, such as 0, ends the process: instead of one
    that isn't from 1 to the number of cores, ours is used.

    Raises:
        MissingDependencyError: it isn't installed.
    """
    given = {name: os.environ[name] for name in _SETTINGS if name in os.environ}
    used = {**_SETTINGS, **given}
    if not _is_number_of_threads(used[_THREADS]):
        used[_THREADS] = _SETTINGS[_THREADS]
    os.environ.update(used)
    try:
        return need("polars", "tables")
    finally:
        for name in _SETTINGS:
            del os.environ[name]
        os.environ.update(given)


def _is_number_of_threads(text: str) -> bool:
    return text.isdecimal() and 1 <= int(text) <= max(2, os.cpu_count() or 1)


def strip(column: "pl.Series") -> "pl.Series":
    """Return a column with what `str.strip` leaves of each cell."""
    import polars as pl

    if is_coded(column):
        return map_coded(column, str.strip)
    letters = pl.Series(list(BLANK_LETTERS))
    # Most columns stay as they are, and in their memory.
    if not (column.str.head(1).is_in(letters) | column.str.tail(1).is_in(letters)).any():
        return column
    return column.str.strip_chars(BLANK_LETTERS)


def blank_column(name: str, length: int) -> "pl.Series":
    """Return a column of empty cells."""
    import polars as pl

    return pl.repeat("", length, dtype=pl.String, eager=True).alias(name)


def to_column(cells: Iterable[str]) -> "pl.Series":
    """Return a column of text."""
    import polars as pl

    return pl.Series(list(cells), dtype=pl.String)


def put(column: "pl.Series", rows: Any, cells: Any) -> "pl.Series":
    """Return a column with other cells in some rows: one per row, or the same in all."""
    # Series.scatter changes the column itself.
    return column.clone().scatter(rows, cells) if len(rows) else column


@dataclass(frozen=True)
class Distinct:
    """The distinct cells of a column.

    Attributes:
        values: in the order in which they occur first.
        codes: for each cell of the column, the place of its value.
    """

    values: list[str]
    codes: NDArray[np.uint32]

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """How often each value occurs."""
        return np.bincount(self.codes, minlength=len(self.values))

    def by_count(self) -> dict[str, int]:
        """Return how often each value occurs, the most frequent first."""
        order = np.argsort(-self.counts, kind="stable")
        return {self.values[place]: int(self.counts[place]) for place in order}

    def first(self, value: str) -> int:
        """Return the row in which a value occurs first."""
        return int((self.codes == self.values.index(value)).argmax())

    def code(self, value: str) -> int:
        """Return the place of a value; -1 if it doesn't occur."""
        return self.values.index(value) if value in self.values else -1

    def spread(self, values: Iterable[str]) -> "pl.Series":
        """Return a column with another value for each distinct one, given in their order."""
        import polars as pl

        return to_column(values).gather(pl.Series(self.codes))

    def restore(self) -> "pl.Series":
        """Return the column, which holds each value once."""
        return self.spread(self.values)

    def map(self, function: Callable[[str], str]) -> "pl.Series":
        """Return the column with what a function makes of each cell."""
        return self.spread(map(function, self.values))

    def where(self, function: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Return for which cells a function is true."""
        return np.array([function(value) for value in self.values], bool)[self.codes]


def find_distinct(column: "pl.Series") -> Distinct:
    """Return the distinct cells of a column of text."""
    # Categories of its own, which go with the result, and not those of the whole process.
    if not is_coded(column):
        column = column.cast(coded_type())
    codes, values = column.to_physical(), _categories(column)
    order = codes.unique(maintain_order=True)
    places = np.zeros(len(values), np.uint32)
    places[order.to_numpy()] = np.arange(len(order), dtype=np.uint32)
    return Distinct(values.gather(order).to_list(), places[codes.to_numpy()])


def sorted_distinct(column: "pl.Series") -> Distinct:
    """Return the distinct cells of a column of text, which are in order, and not as they occur."""
    found = find_distinct(column)
    order = np.array(sorted(range(len(found.values)), key=found.values.__getitem__), np.intp)
    places = np.empty(len(order), np.uint32)
    places[order] = np.arange(len(order), dtype=np.uint32)
    return Distinct([found.values[place] for place in order], places[found.codes])


def map_cells(column: "pl.Series", function: Callable[[str], str]) -> "pl.Series":
    """Return a column with what a function makes of each cell."""
    return find_distinct(column).map(function)


def is_coded(column: "pl.Series") -> bool:
    """Tell whether a column of text holds each distinct cell once, and a code in each row."""
    import polars as pl

    return isinstance(column.dtype, pl.Categorical)


def map_coded(column: "pl.Series", function: Callable[[str], str]) -> "pl.Series":
    """Return a coded column itself if a function changes none of its cells, else as text."""
    is_same = all(function(text) == text for text in _categories(column).to_list())
    return column if is_same else map_cells(column, function).alias(column.name)


def as_text(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Return a frame with text in those columns that are coded."""
    return frame.with_columns(
        column_as_text(column).alias(column.name) for column in frame if is_coded(column)
    )


def coded_type() -> "pl.DataType":
    """Return the type of a column that holds its distinct cells once; unlike that of any other."""
    import polars as pl

    return pl.Categorical(pl.Categories.random("cells"))


def column_as_text(column: "pl.Series") -> "pl.Series":
    """Return a column as text, whether it is coded or not."""
    return find_distinct(column).restore() if is_coded(column) else column


def _categories(column: "pl.Series") -> "pl.Series":
    """Return the distinct cells of a coded column, in the order of their codes."""
    categories: pl.Categories = column.dtype.categories  # type: ignore[attr-defined]
    return categories.to_series()


def are_filled(column: "pl.Series") -> NDArray[np.bool_]:
    """Return which cells aren't empty."""
    if is_coded(column):
        return find_distinct(column).where(bool)
    return (column != "").to_numpy()


def fold_paths(column: "pl.Series") -> "pl.Series":
    """Return what `fold_path` makes of each cell; most are of plain letters."""
    are_plain = (column.str.len_bytes() == column.str.len_chars()) & ~column.str.contains(
        r"\s|[\x1c-\x1f]"
    )
    folded = column.str.to_lowercase()
    if are_plain.all():
        return folded
    others = to_column(map(fold_path, column.filter(~are_plain)))
    return put(folded, (~are_plain).arg_true(), others)
