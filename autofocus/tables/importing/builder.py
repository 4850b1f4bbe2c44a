"""Detections that are added one by one, from files that aren't tables."""

import math
from collections import Counter
from typing import TYPE_CHECKING

from autofocus.runs.ledger import Reason
from autofocus.runs.spelling import fold_name
from autofocus.runs.wording import shown
from autofocus.tables.cells import find_problem
from autofocus.tables.columns import CLEAN_OPTIONAL
from autofocus.tables.records import (
    DATE_TEXT,
    DETAIL,
    FOLDER,
    LABEL,
    NAME,
    REASON,
    ROW,
    TIME_TEXT,
    without_empty_columns,
)

if TYPE_CHECKING:
    import polars as pl

# So much of a path is repeated in the ledger.
_SHOWN = 300
_COLUMNS = (DATE_TEXT, FOLDER, NAME, LABEL, ROW, TIME_TEXT, REASON, DETAIL, *CLEAN_OPTIONAL)


def number_of(value: object) -> float:
    """Return a number of JSON.

    Raises:
        ValueError: it is none, or infinite: JSON can hold 1e400.
    """
    number = float(value) if isinstance(value, int | float | str) else math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(f"{shown(value)!r} is no number")
    return number


def text_of(value: object) -> str:
    """Return a value of JSON as text; nothing for null.

    Raises:
        TypeError: it is neither text nor a number.
    """
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise TypeError(f"{shown(value)!r} is neither text nor a number")
    return str(value)


class RecordBuilder:
    """Collects detections, and makes a frame of them."""

    def __init__(self) -> None:
        self._cells: dict[str, list[str]] = {name: [] for name in _COLUMNS}

        self._rows: Counter[str] = Counter()
        self._problems: list[str] = []

    def __len__(self) -> int:
        return len(self._cells[ROW])

    def name_row(self, name: str) -> str:
        """Return a name that no row has yet, such as `a.jpg` or `a.jpg (2)`."""
        name = _encodable(shown(name, _SHOWN))
        self._rows[name] += 1
        return name if self._rows[name] == 1 else f"{name} ({self._rows[name]})"

    def reject(self, row: str, problem: object, path: str = "") -> None:
        """Add a part of the file that is no detection."""
        self._problems.append(shown(problem))
        detail = f"not as the format requires: {shown(problem)}"
        self.add(path, "", row, **{REASON: Reason.MISSING_FIELD.value, DETAIL: detail})

    def add(self, path: str, label: str, row: str, date: str = "", **optional: str) -> None:
        r"""Add a detection.

        Args:
            path: the image, with `/` or `\` between the components.
            label: its label.
            row: what identifies the detection in its file.
            date: its date, and time.
            optional: further columns of `records`.
        """
        path = path.replace("\\", "/")
        problem = self._find_problem(path, label) if not optional.get(REASON) else ""
        if problem:
            optional |= {REASON: Reason.MISSING_FIELD.value, DETAIL: problem}
        folder, _, name = path.rpartition("/")
        cells = {FOLDER: folder, NAME: name, LABEL: label, ROW: row, DATE_TEXT: date, **optional}
        if not all(text.isascii() for text in cells.values()):
            cells = {key: _encodable(text) for key, text in cells.items()}
        for column, values in self._cells.items():
            values.append(cells.get(column, ""))

    def _find_problem(self, path: str, label: str) -> str:
        """Return why a detection can't be used; empty if it can."""
        if not path or path.endswith("/"):
            return "the image has no name"
        if problem := find_problem(path, is_path=True):
            return f"the path of the image {problem}"
        if not fold_name(label):
            return "the label is empty"
        problem = find_problem(label)
        return f"the label {problem}" if problem else ""

    def frame(self) -> "pl.DataFrame":
        """Return all detections, without optional columns that hold nothing.

        Raises:
            ValueError: nothing in the file is as its format requires.
        """
        import polars as pl

        if self._problems and len(self._problems) == len(self):
            raise ValueError(self._problems[0])
        frame = pl.DataFrame(self._cells, schema=dict.fromkeys(self._cells, pl.String))
        return without_empty_columns(frame)


def _encodable(text: str) -> str:
    """Return a text without the halves of characters that JSON can hold and no file can."""
    return text.encode("utf-8", "backslashreplace").decode()
