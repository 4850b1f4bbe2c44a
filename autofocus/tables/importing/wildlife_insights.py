"""The table images.csv of Wildlife Insights."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from autofocus.tables.cell_columns import read_flags, without_blanks
from autofocus.tables.columns import HUMAN, MODEL
from autofocus.tables.headings import find_column, heading_key
from autofocus.tables.layout import Layout
from autofocus.tables.texts import map_cells, put, strip

if TYPE_CHECKING:
    import polars as pl

FORMAT = "Wildlife Insights"
EMPTY = "empty"
_MARKS = {"deploymentid", "filename", "isblank", "commonname"}
_FOLDER, _NAME = "deployment_id", "filename"
# Columns that `prepare` makes from others.
_LABEL, _SOURCE, _PLACE = "common_name", "identified_by", "folder"
_READ = (
    _FOLDER, _NAME, "is_blank", "common_name", "genus", "species", "timestamp",
    "number_of_objects", "identified_by", "sequence_id",
)  # fmt: skip
# Who identifies without a person, as Wildlife Insights and `autofocus export` write it.
_MACHINES = "computer vision|wi ai|ai|autofocus( [0-9a-f]+)?"


def is_wildlife_insights(columns: Sequence[str]) -> bool:
    """Tell whether a table has the columns of images.csv."""
    return {heading_key(column) for column in columns} >= _MARKS


def columns_to_read(columns: Sequence[str]) -> dict[str, str]:
    """Return the columns that are read: their spelling in the table, by their name."""
    places = {name: find_column(columns, name) for name in _READ}
    return {name: column for name, column in places.items() if column}


def wildlife_layout(columns: Sequence[str]) -> Layout:
    """Return the layout of the columns that `prepare` returns."""
    there = columns_to_read(columns)

    def given(name: str) -> str | None:
        return name if name in there else None

    return Layout(
        (_PLACE, _NAME),
        (_LABEL,),
        ("timestamp",) if "timestamp" in there else (),
        location=_FOLDER,
        sequence=given("sequence_id"),
        count=given("number_of_objects"),
        source=given(_SOURCE),
    )


def prepare(cells: "pl.DataFrame") -> "pl.DataFrame":
    """Return the columns of the layout.

    The label is the common name, else genus and species; an image that is blank is empty. A name
    without a folder is below that of its deployment.
    """
    columns = {name: strip(cells[name]) for name in cells.columns}
    label = without_blanks(columns["common_name"])
    if "genus" in columns and "species" in columns:
        both = without_blanks(columns["genus"]) + " " + without_blanks(columns["species"])
        label = label.zip_with(label != "", strip(both))
    blank = read_flags(columns["is_blank"])
    columns[_LABEL] = put(label, np.flatnonzero(blank), EMPTY)
    has_folder = columns[_NAME].str.contains("/", literal=True)
    columns[_PLACE] = put(columns[_FOLDER], has_folder.arg_true(), "")
    if _SOURCE in columns:
        columns[_SOURCE] = map_cells(columns[_SOURCE], _source)
    return cells.with_columns(column.alias(name) for name, column in columns.items())


def _source(text: str) -> str:
    return MODEL if re.fullmatch(_MACHINES, text.lower()) else HUMAN
