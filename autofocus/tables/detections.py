"""Tables of detections as people give them: one row a label on a photograph."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.errors import InputDataError, MissingInputError, SettingError
from autofocus.runs.csv_files import UTF8, find_encoding
from autofocus.tables.columns import DETECTIONS, LOCATION
from autofocus.tables.frames import read_frame

if TYPE_CHECKING:
    import pandas as pd

FILE, ROW = "file", "row"


def find_tables(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """Find tables by their names.

    Args:
        folder: where to look.
        patterns: such as ``lpz_data/detections_*.csv``, below the folder.

    Raises:
        MissingInputError: a pattern fits no file.
        SettingError: a pattern leads elsewhere.
    """
    tables = []
    for pattern in patterns:
        found = _glob(folder, pattern)
        if not found:
            raise MissingInputError(
                f"No table in {folder} is named {pattern} (detections of clean_detections)."
            )
        tables += found
    return tables


def _glob(folder: Path, pattern: str) -> list[Path]:
    wrong = SettingError(
        f"detections: {pattern!r} must name tables below the data, such as "
        "lpz_data/detections_*.csv."
    )
    if not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
        raise wrong
    try:
        return sorted(folder.glob(pattern))
    except (ValueError, IndexError, AttributeError):  # what Python's versions say of no pattern
        raise wrong from None


def read_detections(
    paths: Sequence[Path], location_column: str | None = None
) -> "tuple[list[pd.DataFrame], list[str]]":
    """Read tables of detections.

    Args:
        paths: the tables.
        location_column: the column that tells the place, if there is one.

    Returns:
        Each table with its columns, `location` if there is one, and `file` and `row` (the header
        is row 1); and notes for people.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: one lacks a column, or is no CSV table.
    """
    tables, notes = [], []
    for path, name in zip(paths, _names(paths), strict=True):
        further = [location_column] if location_column else []
        encoding = find_encoding(path)
        table = read_frame(path, [*dict.fromkeys([*DETECTIONS, *further])], encoding)
        table = table.apply(lambda column: column.str.strip())
        if location_column:
            table[LOCATION] = table[location_column]
        table[FILE] = name
        table[ROW] = range(2, len(table) + 2)
        tables.append(table)
        if encoding != UTF8:
            notes.append(f"{path} is not in UTF-8: it was read as Windows-1252.")
    return tables, notes


def _names(paths: Sequence[Path]) -> list[str]:
    """Return a short name for each file, with as many folders as it takes to tell them apart."""
    for parts in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise InputDataError(f"The same table of detections is given twice: {', '.join(names)}.")


def image_paths(table: "pd.DataFrame", strip_components: int) -> "pd.Series[str]":
    r"""Return the photographs' paths relative to the image folder.

    The first components of `FilePath` are dropped, as they name the disk of whoever wrote the
    table, and `FileName` is appended unless it stands there already. Components are split at `\`
    or `/`.

    Args:
        table: with the columns `FilePath` and `FileName`.
        strip_components: how many components to drop.
    """
    folders = {
        text: "".join(part + "/" for part in _components(text)[strip_components:])
        for text in table["FilePath"].drop_duplicates()
    }
    prefix = table["FilePath"].map(folders)
    names = table["FileName"]
    # Few tables have the whole path in FilePath; only for their rows is the name cut off again.
    doubled = table["FilePath"].map(_last).str.casefold() == names.str.casefold()
    if doubled.any():
        folders_only = prefix[doubled].str.replace(r"[^/]+/$", "", regex=True)
        prefix = prefix.mask(doubled, folders_only)
    return prefix + names


def _components(text: str) -> list[str]:
    return [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]


def _last(text: str) -> str:
    parts = _components(text)
    return parts[-1] if parts else ""
