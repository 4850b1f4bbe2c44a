"""The shape of a table of detections, for people and programs that have yet to choose settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.errors import InputDataError
from autofocus.tables.columns import CLEAN_OPTIONAL, LOCATION
from autofocus.tables.dates import read_dates
from autofocus.tables.importing.formats import is_text_table, read_table
from autofocus.tables.importing.sources import open_text
from autofocus.tables.layout import ReadOptions
from autofocus.tables.records import DATE_TEXT, FOLDER, LABEL, NAME, DetectionTable
from autofocus.tables.texts import find_distinct, load_polars, map_cells

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class TableShape:
    r"""What a table of detections holds.

    Attributes:
        path: the file, or the folder of a Camtrap DP.
        format: what it is in words, such as `CSV with semicolons in Windows-1252` or
            `COCO Camera Traps JSON`; empty if it can't be read.
        columns: all its headings; none if it is no table.
        roles: the columns by role: `path`, `label`, `date`, `location`, `sequence`, `count` and
            `source`; a role that no column was found for is missing.
        given: which of `location`, `sequence`, `count`, `source` and the `box_*` it gives.
        date_forms: the forms of its dates, in words; none if it has no dates.
        rows: the number of detections.
        paths: the path of each detection, with `/`, nothing removed.
        labels: how often each label occurs, the most frequent first.
        locations: how often each location occurs, if the table gives it.
        is_standard: whether it has the columns `FilePath, FileName, ShortName` of 2018.
        description: how it is read, in one sentence.
        problem: the sentence of what keeps it from being read, such as ambiguous dates; empty if
            it can be used as it is.
    """

    path: Path
    format: str = ""
    columns: tuple[str, ...] = ()
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    given: tuple[str, ...] = ()
    date_forms: tuple[str, ...] = ()
    rows: int = 0
    paths: tuple[str, ...] = field(default=(), repr=False)
    labels: Mapping[str, int] = field(default_factory=dict)
    locations: Mapping[str, int] = field(default_factory=dict)
    is_standard: bool = False
    description: str = ""
    problem: str = ""


def describe_table(path: Path, options: ReadOptions | None = None) -> TableShape:
    """Return the shape of a table of detections.

    What keeps a table from being read is part of the result: `problem`.

    Args:
        path: the table, a file of another program, or the folder of a Camtrap DP.
        options: how to read it, as far as it is known.

    Raises:
        MissingInputError: it does not exist.
        MissingDependencyError: polars isn't installed, or openpyxl for a workbook.
    """
    load_polars()
    try:
        table = read_table(path, options or ReadOptions())
    except InputDataError as error:
        return TableShape(path, columns=_columns(path), problem=str(error))
    forms, problem = _date_forms(table)
    frame = table.frame
    folders = map_cells(frame[FOLDER], _with_slash)
    return TableShape(
        path,
        table.format,
        table.columns,
        table.roles,
        tuple(name for name in CLEAN_OPTIONAL if name in frame.columns),
        forms,
        len(frame),
        tuple((folders + frame[NAME]).to_list()),
        _count(frame[LABEL]),
        _count(frame[LOCATION]) if LOCATION in frame.columns else {},
        table.is_standard,
        table.describe(forms),
        problem,
    )


def _columns(path: Path) -> tuple[str, ...]:
    """Return the headings of a text table that can't be used as it is."""
    if not is_text_table(path):
        return ()
    try:
        with open_text(path) as source:
            return tuple(source.columns)
    except InputDataError:
        return ()


def _date_forms(table: DetectionTable) -> tuple[tuple[str, ...], str]:
    """Return the forms of the dates, and the sentence of why they can't be read."""
    try:
        return read_dates(table.frame[DATE_TEXT], str(table.path)).forms, ""
    except InputDataError as error:
        return (), str(error)


def _with_slash(folder: str) -> str:
    """Return a folder with one slash behind it, if it is any."""
    plain = folder.replace("\\", "/").rstrip("/")
    return f"{plain}/" if plain else ""


def _count(column: "pl.Series") -> dict[str, int]:
    """Return how often each cell that is filled occurs, the most frequent first."""
    return find_distinct(column.filter(column != "")).by_count()
