"""Tables of Timelapse, whose labels are in columns that its users choose."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autofocus.tables.headings import DATE, PATH, find_column, heading_key
from autofocus.tables.layout import Layout, ReadOptions, find_layout

FORMAT = "Timelapse"
_MARKS = {"file", "relativepath", "deleteflag"}
# The columns of every Timelapse table; the others are those of its template.
FIXED = frozenset(
    {
        *_MARKS,
        "datetime",
        "date",
        "time",
        "rootfolder",
        "folder",
        "imagequality",
        "utcoffset",
        "dark",
    }
)


def is_timelapse(columns: Sequence[str]) -> bool:
    """Tell whether a table has the fixed columns of Timelapse."""
    return {heading_key(column) for column in columns} >= _MARKS


def timelapse_layout(columns: Sequence[str], options: ReadOptions, path: Path) -> Layout:
    """Return the layout of a table of Timelapse.

    Raises:
        InputDataError: a column that was named is missing.
    """
    fixed = {
        PATH: _present(columns, "RelativePath", "File"),
        DATE: _present(columns, "DateTime") or _present(columns, "Date", "Time"),
    }
    chosen = {
        role: names for role, names in fixed.items() if names and role not in options.columns
    }
    return find_layout(columns, replace(options, columns={**chosen, **options.columns}), path)


def _present(columns: Sequence[str], *names: str) -> tuple[str, ...]:
    return tuple(column for name in names if (column := find_column(columns, name)))
