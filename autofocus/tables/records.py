"""Detections in the one form in which the join takes them: a row per label of an image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from autofocus.runs.ledger import Reason
from autofocus.runs.spelling import INVISIBLE, fold_name
from autofocus.runs.wording import plural
from autofocus.tables.cells import find_problems, read_flags, without_blanks
from autofocus.tables.columns import (
    BOX,
    CLEAN_OPTIONAL,
    CONTAINS,
    CORRECTION,
    COUNT,
    DETECTIONS,
    HUMAN,
    LOCATION,
    MODEL,
    SEQUENCE,
    SOURCE,
)
from autofocus.tables.frames import PROBLEM
from autofocus.tables.headings import DATE as DATE_ROLE
from autofocus.tables.layout import Layout

if TYPE_CHECKING:
    import pandas as pd

DATE_TEXT, FOLDER, NAME, LABEL = DETECTIONS
# Working columns: the row's place in the file, the time beside the date, and why the row is
# rejected already when it is read.
ROW, TIME_TEXT, REASON, DETAIL = "row", "time_text", "reason", "detail"
# Whether a row of a detector gives only its box, as other tables give the labels: 1, or empty.
ONLY_BOX = "only_box"
_MISSING, _NO_LABEL = Reason.MISSING_FIELD.value, Reason.NO_LABEL.value
_SOURCES = {"human": HUMAN, "person": HUMAN, "model": MODEL, "machine": MODEL}


@dataclass(frozen=True)
class DetectionTable:
    """The detections of one file.

    Attributes:
        path: the file.
        frame: one row per label of an image: the columns `DETECTIONS`, `row`, `time_text`,
            `reason` and `detail`, and those of `CLEAN_OPTIONAL` that the file gives.
        format: what the file is, in words.
        columns: all its columns, if it has columns.
        roles: the columns that were read, by role.
        is_standard: whether it has the form of 2018, whose paths begin with a disk.
        has_dates: whether it gives dates.
        is_split: whether several rows of the frame may come from one row of the file.
        is_detector: whether it is what a detector found, and no labels that people chose.
        notes: what else people should know, one sentence each.
    """

    path: Path
    frame: "pd.DataFrame"
    format: str
    columns: tuple[str, ...] = ()
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_standard: bool = False
    has_dates: bool = True
    is_split: bool = False
    is_detector: bool = False
    notes: tuple[str, ...] = ()

    def describe(self, date_forms: Sequence[str] = ()) -> str:
        """Return in one sentence how the table is read.

        Args:
            date_forms: the forms of its dates.
        """
        are_given = bool((self.frame[DATE_TEXT] != "").any())
        forms = " and ".join(date_forms) or ("none can be read" if are_given else "blank")
        parts = [
            f"{role} from {_listed(columns)}{f' ({forms})' if role == DATE_ROLE else ''}"
            for role, columns in self.roles.items()
        ]
        if not self.roles:
            given = [name for name in (*CLEAN_OPTIONAL[:4], BOX[0]) if name in self.frame]
            parts = [plural(len(self.frame), "detection"), *(name.split("_")[0] for name in given)]
        if not self.has_dates and self.roles:
            parts.append("no dates, so that those of the images count")
        return f"{self.path.name} is read as {self.format}: {', '.join(parts)}"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def make_records(
    cells: "pd.DataFrame", layout: Layout, flags: Sequence[str], separator: str, first_row: int
) -> "pd.DataFrame":
    """Return the rows of a table as detections.

    Args:
        cells: the columns of the layout and the flags, as text.
        layout: the roles of the columns.
        flags: the 0/1 columns; none if the labels are in cells.
        separator: what separates the labels in a cell; empty if there is one.
        first_row: the number of the first row below the header.
    """
    import pandas as pd

    cells = cells.apply(lambda column: column.str.strip())
    required: dict[str, pd.Series[str]] = {}
    date = _date(cells, layout)
    if layout.date and layout.is_standard:
        required[layout.date[0]] = date
    folder, name = _path(cells, layout)
    if layout.needs_folder:
        required[layout.path[0]] = folder
    required[layout.path[-1]] = name
    records = pd.DataFrame({DATE_TEXT: date, FOLDER: folder, NAME: name})
    if len(layout.date) > 1:
        records[TIME_TEXT] = cells[layout.date[1]]
    _add_optional(records, cells, layout)
    records[ROW] = range(first_row, first_row + len(records))
    records[REASON], records[DETAIL] = "", ""
    if PROBLEM in cells:
        reject_each(records, cells[PROBLEM][cells[PROBLEM] != ""], _MISSING)
    for heading, column in required.items():
        reject(records, column == "", _MISSING, f"{heading} is empty")
    for place, heading in ((FOLDER, layout.path[0]), (NAME, layout.path[-1])):
        problems = find_problems(records[place], is_path=True)
        reject_each(records, f"{heading} " + problems, _MISSING)
    if flags:
        return _melt_flags(records, cells, flags)
    return _with_labels(records, cells, layout.label, separator)


def reject(records: "pd.DataFrame", rows: "pd.Series[bool]", reason: str, detail: str) -> None:
    """Reject those of the rows that are not rejected yet."""
    if rows.any():
        rows &= records[REASON] == ""
        records[DETAIL] = records[DETAIL].mask(rows, detail)
        records[REASON] = records[REASON].mask(rows, reason)


def reject_each(records: "pd.DataFrame", problems: "pd.Series[str]", reason: str) -> None:
    """Reject those of some rows that are not rejected yet, each with its own detail."""
    for place, detail in problems.items():
        if records.at[place, REASON] == "":
            records.at[place, REASON], records.at[place, DETAIL] = reason, detail


def split_path(paths: "pd.Series[str]") -> "tuple[pd.Series[str], pd.Series[str]]":
    r"""Return the folders and the names of paths with `/` or `\` between their components."""
    if paths.empty:  # Of no texts, rpartition makes no columns.
        return paths, paths
    parts = paths.str.replace("\\", "/", regex=False).str.rpartition("/")
    return parts[0], parts[2]


def _path(cells: "pd.DataFrame", layout: Layout) -> "tuple[pd.Series[str], pd.Series[str]]":
    *folders, name = layout.path
    if not folders:
        return split_path(without_blanks(cells[name]))
    folder = without_blanks(cells[folders[0]])
    for column in folders[1:]:
        folder = folder + "/" + without_blanks(cells[column])
    return folder, cells[name]


def _date(cells: "pd.DataFrame", layout: Layout) -> "pd.Series[str]":
    import pandas as pd

    if not layout.date:
        return pd.Series("", index=cells.index, dtype=str)
    return without_blanks(cells[layout.date[0]].str.strip(INVISIBLE + " "))


def _add_optional(records: "pd.DataFrame", cells: "pd.DataFrame", layout: Layout) -> None:
    """Add the location, the sequence, the count and the source where the table gives them."""
    if layout.location:
        records[LOCATION] = without_blanks(cells[layout.location])
    if layout.sequence:
        records[SEQUENCE] = without_blanks(cells[layout.sequence])
    if layout.count:
        records[COUNT] = whole_numbers(cells[layout.count])
    if layout.source:
        column = cells[layout.source]
        records[SOURCE] = column.map(lambda value: _SOURCES.get(value.lower(), "")).astype(str)
    if layout.correction:
        records[CORRECTION] = read_flags(cells[layout.correction]).map({True: "1", False: ""})


def whole_numbers(column: "pd.Series[str]") -> "pd.Series[str]":
    """Return the whole numbers of a column as text; empty where a cell holds none."""
    return column.str.extract(r"^(\d{1,9})(?:[.,]0*)?$", expand=False).fillna("")


def _with_labels(
    records: "pd.DataFrame", cells: "pd.DataFrame", columns: Sequence[str], separator: str
) -> "pd.DataFrame":
    """Add the labels: those of all columns, and those that the separator separates."""
    import pandas as pd

    if len(columns) == 1 and not separator:
        records[LABEL] = cells[columns[0]]
    else:
        lists = _label_lists(cells, columns, separator)
        records[LABEL] = pd.Series(lists, index=records.index, dtype=object)
        records = records.explode(LABEL, ignore_index=True)
        records[LABEL] = records[LABEL].fillna("").astype(str)
    heading = " and ".join(columns)
    _check_labels(records, heading)
    reject(records, records[LABEL] == "", _MISSING, f"{heading} is empty")
    return records


def _check_labels(records: "pd.DataFrame", heading: str) -> None:
    """Reject labels that can't be, and empty those of invisible letters alone."""
    unique = records[LABEL].unique()
    blank = [text for text in unique if text and not fold_name(text)]
    records[LABEL] = (
        records[LABEL].mask(records[LABEL].isin(blank), "") if blank else records[LABEL]
    )
    reject_each(records, f"{heading} " + find_problems(records[LABEL]), _MISSING)


def _label_lists(cells: "pd.DataFrame", columns: Sequence[str], separator: str) -> list[list[str]]:
    """Return the labels of each row, each once."""

    def labels(row: tuple[str, ...]) -> list[str]:
        texts = [part for text in row for part in (text.split(separator) if separator else [text])]
        return list(dict.fromkeys(text.strip() for text in texts if text.strip()))

    return [labels(row) for row in zip(*(cells[name] for name in columns), strict=True)]


def _melt_flags(
    records: "pd.DataFrame", cells: "pd.DataFrame", flags: Sequence[str]
) -> "pd.DataFrame":
    """Return a row per mark; a row of the table without one is rejected."""
    present = np.column_stack([read_flags(cells[name]).to_numpy(dtype=bool) for name in flags])
    names = np.array([name.removeprefix(CONTAINS) for name in flags], dtype=object)
    numbers, places = present.nonzero()
    without = np.flatnonzero(~present.any(axis=1))
    order = np.argsort(np.concatenate([numbers, without]), kind="stable")
    rows = np.concatenate([numbers, without])[order]
    labels = np.concatenate([names[places], np.full(len(without), "", dtype=object)])[order]
    records = records.iloc[rows].reset_index(drop=True)
    records[LABEL] = labels
    records[LABEL] = records[LABEL].astype(str)
    reject(records, records[LABEL] == "", _NO_LABEL, "no 0/1 column of a label is 1")
    return records


def without_empty_columns(frame: "pd.DataFrame", keep: Sequence[str] = ()) -> "pd.DataFrame":
    """Return a frame without those optional columns that hold nothing; a box stays as a whole."""
    filled = {
        name for name in CLEAN_OPTIONAL if name in frame and (frame[name] != "").any()
    } | set(keep)
    if BOX[0] in filled:
        filled |= set(BOX)
    empty = [name for name in CLEAN_OPTIONAL if name in frame and name not in filled]
    return frame.drop(columns=empty)


def box_cells(box: Sequence[float], score: float | None) -> dict[str, str]:
    """Return the cells of a box.

    Args:
        box: left, top, width and height, as shares of the original image.
        score: its score, 0 to 1; None if a person drew it.
    """
    values = [*(f"{min(max(value, 0.0), 1.0):.4f}" for value in box)]
    return dict(zip(BOX, [*values, "" if score is None else f"{score:.4f}"], strict=True))
