"""Columns of cells as people fill them: words for nothing, marks for yes and no, problems."""

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.tables.cells import (
    BLANKS,
    LABEL_LETTERS,
    MAX_LABEL,
    MAX_NAME,
    PATH_LETTERS,
    find_problem,
)
from autofocus.tables.texts import find_distinct, is_coded, map_coded, put

if TYPE_CHECKING:
    import polars as pl

# The marks of a 0/1 column, in lower case. A column of the last ones alone may hold anything else.
_YES = frozenset({"1", "1.0", "true", "yes", "y", "x"})
_NO = frozenset({"0", "0.0", "false", "no", "n", ""})
_COUNT = re.compile(r"(\d{1,4}(\.0)?)?")
_PLAIN = frozenset({"1", "1.0", "true", "0", "0.0", "false", ""})


def find_problems(column: "pl.Series", *, is_path: bool = False) -> dict[int, str]:
    """Return what `find_problem` returns for each cell, where that isn't nothing, by its row."""
    if is_coded(column):
        return _find_distinct_problems(column, is_path=is_path)
    # Most cells of a long column are told to be right without Python.
    shortest = MAX_NAME // 4 if is_path else MAX_LABEL
    letters = PATH_LETTERS if is_path else LABEL_LETTERS
    likely = column.str.starts_with("#") | column.str.contains(letters)
    likely |= column.str.len_bytes() > shortest
    rows = likely.arg_true()
    found = _find_distinct_problems(column.gather(rows), is_path=is_path)
    return {rows[place]: problem for place, problem in found.items()}


def _find_distinct_problems(column: "pl.Series", *, is_path: bool) -> dict[int, str]:
    """See `find_problems`; each distinct cell is looked at once."""
    cells = find_distinct(column)
    problems = [find_problem(text, is_path=is_path) for text in cells.values]
    have_one = np.array([bool(problem) for problem in problems], bool)[cells.codes]
    return {int(row): problems[cells.codes[row]] for row in np.flatnonzero(have_one)}


def without_blanks(column: "pl.Series") -> "pl.Series":
    """Return a column with nothing where a cell has a word for nothing, such as `NA`."""
    import polars as pl

    if is_coded(column):
        return map_coded(column, lambda text: "" if text in BLANKS else text)
    words = pl.Series(sorted(BLANKS))
    # The longest is of few letters, which most cells are not.
    likely = column.str.len_bytes() <= int(words.str.len_bytes().max())  # type: ignore[arg-type]
    rows = likely.arg_true()
    blank = rows.filter(column.gather(rows).is_in(words))
    return put(column, blank, "")


def are_flags(column: "pl.Series", *, certainly: bool = False) -> bool:
    """Tell whether each cell is a mark for yes or no, and at least one is filled.

    Args:
        column: the cells.
        certainly: whether only those marks count that can't be labels: 0, 1, true and false.
    """
    values = {value.lower() for value in column.unique().to_list()}
    return values <= (_PLAIN if certainly else _YES | _NO) and values != {""}


def are_counts(column: "pl.Series") -> bool:
    """Tell whether each cell is a number of animals or blank, and at least one is filled."""
    values = set(column.unique().to_list())
    return all(map(_COUNT.fullmatch, values)) and values != {""}


def read_flags(column: "pl.Series") -> NDArray[np.bool_]:
    """Return whether each cell is a mark for yes, or a count above 0."""
    return find_distinct(column).where(_is_yes)


def _is_yes(value: str) -> bool:
    is_count = value and _COUNT.fullmatch(value)
    return float(value) > 0 if is_count else value.lower() in _YES
