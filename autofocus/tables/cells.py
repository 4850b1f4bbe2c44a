"""Cells as people fill them: words for nothing, and marks for yes and no."""

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.wording import shown
from autofocus.tables.texts import find_distinct, put

if TYPE_CHECKING:
    import polars as pl

# What R, Excel, pandas and people write into a cell that holds nothing. Not for labels: there,
# None may be what is to be seen.
_NOTHING = ("na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "\u2013", "\u2014", ".")
BLANKS = frozenset(
    spelling for word in _NOTHING for spelling in (word, word.upper(), word.capitalize(), "NaN")
)

# The marks of a 0/1 column, in lower case. A column of the last ones alone may hold anything else.
_YES = frozenset({"1", "1.0", "true", "yes", "y", "x"})
_NO = frozenset({"0", "0.0", "false", "no", "n", ""})
_COUNT = re.compile(r"(\d{1,4}(\.0)?)?")
_PLAIN = frozenset({"1", "1.0", "true", "0", "0.0", "false", ""})


# What a spreadsheet writes where a formula fails.
_FAILED_FORMULAS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)
# Of labels, blanks of any kind are no problem, as they are folded.
_LABEL_LETTERS = r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
# In names of files, only this can't be on any system.
_PATH_LETTERS = r"\x00"
_MAX_LABEL, _MAX_PATH, _MAX_NAME = 500, 4096, 255


def find_problem(text: str, *, is_path: bool = False) -> str:
    """Return what keeps a text from being a label or the path of an image; empty for nothing.

    Args:
        text: the cell.
        is_path: whether it is a path, with `/` between the components, and no label.
    """
    if text in _FAILED_FORMULAS:
        return f"is {text}, a formula that failed"
    if len(text) > (_MAX_PATH if is_path else _MAX_LABEL):
        return f"has {len(text):,} characters"
    letters = _PATH_LETTERS if is_path else _LABEL_LETTERS
    if _SURROGATES.search(text) or re.search(letters, text):
        return f"holds a character that can't be in it: {shown(text)}"
    if is_path and len(text) > _MAX_NAME // 4:
        size = max(len(part.encode()) for part in text.split("/"))
        return f"has a component of {size} bytes" if size > _MAX_NAME else ""
    return ""


_SURROGATES = re.compile("[\ud800-\udfff]")


def find_problems(column: "pl.Series", *, is_path: bool = False) -> dict[int, str]:
    """Return what `find_problem` returns for each cell, where that isn't nothing, by its row."""
    shortest = _MAX_NAME // 4 if is_path else _MAX_LABEL
    letters = _PATH_LETTERS if is_path else _LABEL_LETTERS
    likely = column.str.starts_with("#") | column.str.contains(letters)
    likely |= column.str.len_bytes() > shortest
    rows = likely.arg_true()
    suspicious = find_distinct(column.gather(rows))
    problems = [find_problem(text, is_path=is_path) for text in suspicious.values]
    found = zip(rows.to_list(), suspicious.codes.tolist(), strict=True)
    return {row: problems[code] for row, code in found if problems[code]}


def without_blanks(column: "pl.Series") -> "pl.Series":
    """Return a column with nothing where a cell has a word for nothing, such as `NA`."""
    import polars as pl

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
