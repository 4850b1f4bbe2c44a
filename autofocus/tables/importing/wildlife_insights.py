"""The table images.csv of Wildlife Insights."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from autofocus.tables.cells import read_flags, without_blanks
from autofocus.tables.columns import HUMAN, MODEL
from autofocus.tables.headings import find_column, heading_key
from autofocus.tables.layout import Layout

if TYPE_CHECKING:
    import pandas as pd

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


def prepare(cells: "pd.DataFrame") -> "pd.DataFrame":
    """Return the columns of the layout.

    The label is the common name, else genus and species; an image that is blank is empty. A name
    without a folder is below that of its deployment.
    """
    cells = cells.apply(lambda column: column.str.strip())
    label = without_blanks(cells["common_name"])
    if "genus" in cells and "species" in cells:
        both = without_blanks(cells["genus"]) + " " + without_blanks(cells["species"])
        label = label.mask(label == "", both.str.strip())
    cells[_LABEL] = label.mask(read_flags(cells["is_blank"]), EMPTY)
    has_folder = cells[_NAME].str.contains("/", regex=False)
    cells[_PLACE] = cells[_FOLDER].mask(has_folder, "")
    if _SOURCE in cells:
        by_machine = cells[_SOURCE].str.lower().str.fullmatch(_MACHINES)
        cells[_SOURCE] = by_machine.map({True: MODEL, False: HUMAN})
    return cells
