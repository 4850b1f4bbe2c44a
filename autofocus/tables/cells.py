"""Cells as people fill them: words for nothing, and what no label or path can be.

Standard library only; `cell_columns` does the same for whole columns.
"""

import re

from autofocus.runs.wording import shown

# What R, Excel, pandas and people write into a cell that holds nothing. Not for labels: there,
# None may be what is to be seen.
_NOTHING = ("na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "\u2013", "\u2014", ".")
BLANKS = frozenset(
    spelling for word in _NOTHING for spelling in (word, word.upper(), word.capitalize(), "NaN")
)

# What a spreadsheet writes where a formula fails.
_FAILED_FORMULAS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)
# Of labels, blanks of any kind are no problem, as they are folded.
LABEL_LETTERS = r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
# In names of files, only this can't be on any system.
PATH_LETTERS = r"\x00"
MAX_LABEL, MAX_PATH, MAX_NAME = 500, 4096, 255
_SURROGATES = re.compile("[\ud800-\udfff]")


def find_problem(text: str, *, is_path: bool = False) -> str:
    """Return what keeps a text from being a label or the path of an image; empty for nothing.

    Args:
        text: the cell.
        is_path: whether it is a path, with `/` between the components, and no label.
    """
    if text in _FAILED_FORMULAS:
        return f"is {text}, a formula that failed"
    if len(text) > (MAX_PATH if is_path else MAX_LABEL):
        return f"has {len(text):,} characters"
    letters = PATH_LETTERS if is_path else LABEL_LETTERS
    if _SURROGATES.search(text) or re.search(letters, text):
        return f"holds a character that can't be in it: {shown(text)}"
    if is_path and len(text) > MAX_NAME // 4:
        size = max(len(part.encode()) for part in text.split("/"))
        return f"has a component of {size} bytes" if size > MAX_NAME else ""
    return ""
