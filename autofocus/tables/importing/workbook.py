"""Excel workbooks (.xlsx): their sheets as tables of text."""

import datetime
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autofocus.errors import AutofocusError, InputDataError, need
from autofocus.runs.spelling import clean_name
from autofocus.runs.wording import shown
from autofocus.tables.frames import PROBLEM
from autofocus.tables.importing.archives import check_xml
from autofocus.tables.importing.sources import Source

if TYPE_CHECKING:
    import polars as pl

_PART = "xl/workbook.xml"


def is_workbook(path: Path) -> bool:
    """Tell whether a file is an .xlsx workbook, by its content."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return _PART in archive.namelist()


def read_workbook(path: Path) -> list[Source]:
    """Read the sheets that have a header and rows.

    Raises:
        MissingDependencyError: openpyxl isn't installed.
        InputDataError: it can't be read, or no sheet has rows.
    """
    openpyxl = need("openpyxl", "xlsx")
    # Of an open file, openpyxl doesn't look at the name.
    with path.open("rb") as file, warnings.catch_warnings():
        # Of styles and extensions that it leaves out, which hold no cells.
        warnings.simplefilter("ignore")
        try:
            with zipfile.ZipFile(path) as archive:
                check_xml(archive)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            sheets = [_read_sheet(path, sheet) for sheet in book.worksheets]
        except (AutofocusError, MemoryError):
            raise
        # A damaged workbook may raise anything in openpyxl, which trusts its parts.
        except Exception as error:
            words = shown(error) or type(error).__name__
            raise InputDataError(f"{path} can't be read as an Excel workbook: {words}.") from None
    if filled := [sheet for sheet in sheets if sheet is not None]:
        return filled
    raise InputDataError(f"{path} has no sheet with a header and a row below it.")


def _read_sheet(path: Path, sheet: Any) -> Source | None:
    """Read a sheet without its blank rows; None if nothing is left below the header."""
    first = 1
    rows: list[list[str]] = []
    # A sheet may say that it has more or fewer cells than it has.
    sheet.reset_dimensions()
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = [_text(value) for value in values]
        if any(cells):
            first = first if rows else number
            rows.append(cells)
    if len(rows) <= 1:
        return None
    width = max(map(len, rows))
    header, *body = [cells + [""] * (width - len(cells)) for cells in rows]
    columns = [clean_name(heading) for heading in header]
    return Source(
        path,
        f"Excel workbook, sheet {sheet.title}",
        columns,
        first + 1,
        lambda names: _to_frame(path, columns, body, names),
    )


def _to_frame(
    path: Path, columns: Sequence[str], rows: list[list[str]], names: Sequence[str]
) -> "pl.DataFrame":
    import polars as pl

    for name in names:
        if columns.count(name) > 1:
            raise InputDataError(f"{path} has the column {shown(name)} twice: remove one.")
    cells = {name: [row[columns.index(name)] for row in rows] for name in names}
    cells[PROBLEM] = [""] * len(rows)
    return pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String))


def _text(value: object) -> str:
    """Return a cell as a person sees it."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return value.date().isoformat() if is_day else value.isoformat(" ", "seconds")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool):
        return str(int(value))
    return str(value)
