"""Detections in the one form in which the join takes them: a row per label of an image."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.ledger import Reason
from autofocus.runs.spelling import INVISIBLE, fold_name
from autofocus.runs.wording import plural
from autofocus.tables.cell_columns import find_problems, read_flags, without_blanks
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
from autofocus.tables.texts import (
    are_filled,
    as_text,
    blank_column,
    column_as_text,
    find_distinct,
    is_coded,
    map_cells,
    map_coded,
    strip,
    to_column,
)

if TYPE_CHECKING:
    import polars as pl

DATE_TEXT, FOLDER, NAME, LABEL = DETECTIONS
PATHS = (FOLDER, NAME)
# Working columns: the row's name or place in the file, the time beside the date, and why the row
# is rejected already when it is read.
ROW, TIME_TEXT, REASON, DETAIL = "row", "time_text", "reason", "detail"
# Whether a row of a detector gives only its box, as other tables give the labels: 1, or empty.
ONLY_BOX = "only_box"
_MISSING, _NO_LABEL = Reason.MISSING_FIELD.value, Reason.NO_LABEL.value
_WHOLE = re.compile(r"^(\d{1,9})(?:[.,]0*)?$")
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
        name: a short name, unique among the tables that are read together.
    """

    path: Path
    frame: "pl.DataFrame"
    format: str
    columns: tuple[str, ...] = ()
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_standard: bool = False
    has_dates: bool = True
    is_split: bool = False
    is_detector: bool = False
    notes: tuple[str, ...] = ()
    name: str = ""

    def without_paths(self) -> "DetectionTable":
        """Return the table without the columns of paths, which take the most memory."""
        return replace(self, frame=self.frame.drop(PATHS))

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
            given = [name for name in (*CLEAN_OPTIONAL[:4], BOX[0]) if name in self.frame.columns]
            parts = [plural(len(self.frame), "detection"), *(name.split("_")[0] for name in given)]
        if not self.has_dates and self.roles:
            parts.append("no dates, so that those of the images count")
        return f"{self.path.name} is read as {self.format}: {', '.join(parts)}"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


class Problems:
    """Why rows are rejected: of several reasons, the first counts.

    Args:
        number: of the rows.
    """

    def __init__(self, number: int) -> None:
        self._reasons = np.full(number, "", object)
        self._details = np.full(number, "", object)

    def reject(self, rows: NDArray[np.bool_], reason: str, detail: str) -> None:
        """Reject some rows for the same reason."""
        if rows.any():
            rows = rows & (self._reasons == "")
            self._reasons[rows], self._details[rows] = reason, detail

    def reject_each(self, details: Mapping[int, str], reason: str) -> None:
        """Reject some rows, each with its own detail."""
        for row, detail in details.items():
            if not self._reasons[row]:
                self._reasons[row], self._details[row] = reason, detail

    def take(self, rows: NDArray[np.intp]) -> "Problems":
        """Return the problems of rows by their places, any of which may be repeated."""
        taken = Problems(0)
        taken._reasons, taken._details = self._reasons[rows], self._details[rows]
        return taken

    def columns(self) -> "list[pl.Series | pl.Expr]":
        """Return the columns `reason` and `detail`."""
        import polars as pl

        if not self._reasons.any():
            # One cell for all rows takes no memory.
            return [pl.lit("").alias(name) for name in (REASON, DETAIL)]
        columns = {REASON: self._reasons, DETAIL: self._details}
        return [to_column(cells.tolist()).alias(name) for name, cells in columns.items()]


def make_records(
    cells: "pl.DataFrame", layout: Layout, flags: Sequence[str], separator: str, first_row: int
) -> "pl.DataFrame":
    """Return the rows of a table as detections.

    Args:
        cells: the columns of the layout and the flags, as text or coded (see `texts.is_coded`).
        layout: the roles of the columns.
        flags: the 0/1 columns; none if the labels are in cells.
        separator: what separates the labels in a cell; empty if there is one.
        first_row: the number of the first row below the header.
    """
    import polars as pl

    unreadable = cells[PROBLEM] if PROBLEM in cells.columns else None
    cells = cells.with_columns(strip(cells[name]) for name in cells.columns if name != PROBLEM)
    required: dict[str, pl.Series] = {}
    date = _date(cells, layout)
    if layout.date and layout.is_standard:
        required[layout.date[0]] = date
    folder, name = _path(cells, layout)
    if layout.needs_folder:
        required[layout.path[0]] = folder
    required[layout.path[-1]] = name
    columns = {DATE_TEXT: date, FOLDER: folder, NAME: name}
    if len(layout.date) > 1:
        columns[TIME_TEXT] = cells[layout.date[1]]
    records = pl.DataFrame({**columns, **_optional(cells, layout)}).with_columns(
        pl.int_range(first_row, first_row + len(cells), dtype=pl.Int32).alias(ROW)
    )
    problems = Problems(len(records))
    if unreadable is not None:
        rows = np.flatnonzero(are_filled(unreadable)).tolist()
        details = unreadable.gather(rows).to_list()
        problems.reject_each(dict(zip(rows, details, strict=True)), _MISSING)
    for heading, column in required.items():
        problems.reject(~are_filled(column), _MISSING, f"{heading} is empty")
    for place, heading in ((FOLDER, layout.path[0]), (NAME, layout.path[-1])):
        found = find_problems(records[place], is_path=True)
        problems.reject_each(_with_heading(heading, found), _MISSING)
    if flags:
        return as_text(_melt_flags(records, problems, cells, flags))
    return as_text(_with_labels(records, problems, cells, layout.label, separator))


def _with_heading(heading: str, problems: Mapping[int, str]) -> dict[int, str]:
    return {row: f"{heading} {problem}" for row, problem in problems.items()}


def split_path(paths: "pl.Series") -> "tuple[pl.Series, pl.Series]":
    r"""Return the folders and the names of paths with `/` or `\` between their components."""
    import polars as pl

    path, name = pl.col("path"), pl.col("name")
    parts = (
        paths.str.replace_all("\\", "/", literal=True)
        .alias("path")
        .to_frame()
        .with_columns(path.str.extract(r"([^/]*)\z").alias("name"))
    )
    # A slash stands between them, if there is a folder.
    length = path.str.len_chars().cast(pl.Int64) - name.str.len_chars() - 1
    folders = parts.select(path.str.head(pl.max_horizontal(length, 0))).to_series()
    return folders, parts["name"]


def _path(cells: "pl.DataFrame", layout: Layout) -> "tuple[pl.Series, pl.Series]":
    *folders, name = layout.path
    if not folders:
        return split_path(column_as_text(without_blanks(cells[name])))
    folder = without_blanks(cells[folders[0]])
    for column in folders[1:]:
        further = column_as_text(without_blanks(cells[column]))
        folder = column_as_text(folder) + "/" + further
    return folder, cells[name]


def _date(cells: "pl.DataFrame", layout: Layout) -> "pl.Series":
    if not layout.date:
        return blank_column(DATE_TEXT, len(cells))
    dates, letters = cells[layout.date[0]], INVISIBLE + " "
    if is_coded(dates):
        return without_blanks(map_coded(dates, lambda text: text.strip(letters)))
    return without_blanks(dates.str.strip_chars(letters))


def _optional(cells: "pl.DataFrame", layout: Layout) -> "dict[str, pl.Series]":
    """Return the location, the sequence, the count and the source where the table gives them."""
    columns: dict[str, pl.Series] = {}
    if layout.location:
        columns[LOCATION] = without_blanks(cells[layout.location])
    if layout.sequence:
        columns[SEQUENCE] = without_blanks(cells[layout.sequence])
    if layout.count:
        columns[COUNT] = map_cells(cells[layout.count], _whole_number)
    if layout.source:
        columns[SOURCE] = map_cells(cells[layout.source], _source)
    if layout.correction:
        flags = read_flags(cells[layout.correction])
        columns[CORRECTION] = to_column("1" if flag else "" for flag in flags.tolist())
    return columns


def _source(text: str) -> str:
    return _SOURCES.get(text.lower(), "")


def _whole_number(text: str) -> str:
    """Return the whole number that a cell holds; nothing if it holds none."""
    match = _WHOLE.search(text)
    return match[1] if match else ""


def _with_labels(
    records: "pl.DataFrame",
    problems: Problems,
    cells: "pl.DataFrame",
    columns: Sequence[str],
    separator: str,
) -> "pl.DataFrame":
    """Add the labels: those of all columns, and those that the separator separates."""
    if len(columns) == 1 and not separator:
        labels = cells[columns[0]]
    else:
        lists = _label_lists(cells, columns, separator)
        rows = np.repeat(np.arange(len(lists)), np.array([len(some) for some in lists], int))
        labels = to_column(label for some in lists for label in some)
        records, problems = records[rows], problems.take(rows)
    heading = " and ".join(columns)
    distinct = find_distinct(labels)
    if any(text and not fold_name(text) for text in distinct.values):
        labels = distinct.map(lambda text: text if fold_name(text) else "")
    problems.reject_each(_with_heading(heading, find_problems(labels)), _MISSING)
    problems.reject(~are_filled(labels), _MISSING, f"{heading} is empty")
    return records.with_columns(labels.alias(LABEL), *problems.columns())


def _label_lists(cells: "pl.DataFrame", columns: Sequence[str], separator: str) -> list[list[str]]:
    """Return the labels of each row, each once; an empty one where a row has none."""

    @cache
    def labels(*row: str) -> list[str]:
        texts = [part for text in row for part in (text.split(separator) if separator else [text])]
        return list(dict.fromkeys(text.strip() for text in texts if text.strip())) or [""]

    return list(map(labels, *(cells[name].to_list() for name in columns)))


def _melt_flags(
    records: "pl.DataFrame", problems: Problems, cells: "pl.DataFrame", flags: Sequence[str]
) -> "pl.DataFrame":
    """Return a row per mark; a row of the table without one is rejected."""
    present = np.column_stack([read_flags(cells[name]) for name in flags])
    names = np.array([name.removeprefix(CONTAINS) for name in flags], dtype=object)
    numbers, places = present.nonzero()
    without = np.flatnonzero(~present.any(axis=1))
    order = np.argsort(np.concatenate([numbers, without]), kind="stable")
    rows = np.concatenate([numbers, without])[order]
    labels = np.concatenate([names[places], np.full(len(without), "", dtype=object)])[order]
    problems = problems.take(rows)
    problems.reject(labels == "", _NO_LABEL, "no 0/1 column of a label is 1")
    label = to_column(labels.tolist()).alias(LABEL)
    return records[rows].with_columns(label, *problems.columns())


def without_empty_columns(frame: "pl.DataFrame", keep: Sequence[str] = ()) -> "pl.DataFrame":
    """Return a frame without those optional columns that hold nothing; a box stays as a whole."""
    there = [name for name in CLEAN_OPTIONAL if name in frame.columns]
    filled = {name for name in there if (frame[name] != "").any()} | set(keep)
    if BOX[0] in filled:
        filled |= set(BOX)
    return frame.drop([name for name in there if name not in filled])


def box_cells(box: Sequence[float], score: float | None) -> dict[str, str]:
    """Return the cells of a box.

    Args:
        box: left, top, width and height, as shares of the original image.
        score: its score, 0 to 1; None if a person drew it.
    """
    values = [*(f"{min(max(value, 0.0), 1.0):.4f}" for value in box)]
    return dict(zip(BOX, [*values, "" if score is None else f"{score:.4f}"], strict=True))
