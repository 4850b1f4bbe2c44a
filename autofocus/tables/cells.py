"""Cells as people fill them: words for nothing, and marks for yes and no."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

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


def without_blanks(column: "pd.Series[str]") -> "pd.Series[str]":
    """Return a column with nothing where a cell has a word for nothing, such as `NA`."""
    are_blank = column.isin(BLANKS)
    return column.mask(are_blank, "") if are_blank.any() else column


def are_flags(column: "pd.Series[str]", *, certainly: bool = False) -> bool:
    """Tell whether each cell is a mark for yes or no, and at least one is filled.

    Args:
        column: the cells.
        certainly: whether only those marks count that can't be labels: 0, 1, true and false.
    """
    values = {value.lower() for value in column.unique()}
    return values <= (_PLAIN if certainly else _YES | _NO) and values != {""}


def are_counts(column: "pd.Series[str]") -> bool:
    """Tell whether each cell is a number of animals or blank, and at least one is filled."""
    values = set(column.unique())
    return all(map(_COUNT.fullmatch, values)) and values != {""}


def read_flags(column: "pd.Series[str]") -> "pd.Series[bool]":
    """Return whether each cell is a mark for yes, or a count above 0."""
    return column.map({value: _is_yes(value) for value in column.unique()}).astype(bool)


def _is_yes(value: str) -> bool:
    is_count = value and _COUNT.fullmatch(value)
    return float(value) > 0 if is_count else value.lower() in _YES
