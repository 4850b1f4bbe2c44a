"""Cells as people fill them: words for nothing, and marks for yes and no."""

import re
from typing import TYPE_CHECKING

from autofocus.runs.wording import shown

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


def find_problems(column: "pd.Series[str]", *, is_path: bool = False) -> "pd.Series[str]":
    """Return what `find_problem` returns for each cell, where that isn't nothing."""
    shortest = _MAX_NAME // 4 if is_path else _MAX_LABEL
    letters = _PATH_LETTERS if is_path else _LABEL_LETTERS
    likely = column.isin(_FAILED_FORMULAS) | column.str.contains(letters, regex=True)
    likely |= column.str.len().gt(shortest)
    suspicious = column[likely]
    problems = suspicious.map(
        {text: find_problem(text, is_path=is_path) for text in suspicious.unique()}
    )
    return problems[problems != ""]


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
