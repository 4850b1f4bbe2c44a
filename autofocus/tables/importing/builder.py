"""Detections that are added one by one, from files that aren't tables."""

from typing import TYPE_CHECKING

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
    import pandas as pd

_COLUMNS = (DATE_TEXT, FOLDER, NAME, LABEL, ROW, TIME_TEXT, REASON, DETAIL, *CLEAN_OPTIONAL)


class RecordBuilder:
    """Collects detections, and makes a frame of them."""

    def __init__(self) -> None:
        self._cells: dict[str, list[str]] = {name: [] for name in _COLUMNS}

    def __len__(self) -> int:
        return len(self._cells[ROW])

    def add(self, path: str, label: str, row: str, date: str = "", **optional: str) -> None:
        r"""Add a detection.

        Args:
            path: the image, with `/` or `\` between the components.
            label: its label.
            row: what identifies the detection in its file.
            date: its date, and time.
            optional: further columns of `records`.
        """
        folder, _, name = path.replace("\\", "/").rpartition("/")
        cells = {FOLDER: folder, NAME: name, LABEL: label, ROW: row, DATE_TEXT: date, **optional}
        for column, values in self._cells.items():
            values.append(cells.get(column, ""))

    def frame(self) -> "pd.DataFrame":
        """Return all detections, without optional columns that hold nothing."""
        import pandas as pd

        frame = pd.DataFrame(
            {name: pd.Series(values, dtype=str) for name, values in self._cells.items()}
        )
        return without_empty_columns(frame)
