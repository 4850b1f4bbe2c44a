"""Detection tables as people write them: one row per label of an image."""

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
    """Return the tables that match patterns, in the patterns' order.

    Args:
        folder: the folder to search.
        patterns: such as ``lpz_data/detections_*.csv``, relative to the folder.

    Raises:
        MissingInputError: no file matches a pattern.
        SettingError: a pattern leads out of the folder.
    """
    tables = []
    for pattern in patterns:
        found = _glob(folder, pattern)
        if not found:
            raise MissingInputError(
                f"No table in {folder} matches {pattern} (detections of clean_detections)."
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
    except (ValueError, IndexError, AttributeError):  # raised by various Python versions
        raise wrong from None


def read_detections(
    paths: Sequence[Path], location_column: str | None = None
) -> "tuple[list[pd.DataFrame], list[str]]":
    """Read detection tables.

    Args:
        paths: the tables.
        location_column: the column that holds the location, if there is one.

    Returns:
        Per table its columns without blanks around values, `location` if there is one, and
        `file` and `row` (the header is row 1); and notes for people.

    Raises:
        MissingInputError: a table does not exist.
        InputDataError: a table lacks a column, or can't be read.
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
            notes.append(f"{path} is not in UTF-8 and was read as Windows-1252.")
    return tables, notes


def _names(paths: Sequence[Path]) -> list[str]:
    """Return a short, unique name per file, with as many parent folders as needed."""
    for parts in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise InputDataError(f"The same detection table is given twice: {', '.join(names)}.")


def image_paths(table: "pd.DataFrame", strip_components: int) -> "pd.Series[str]":
    r"""Return the images' paths relative to the image folder.

    The first components of `FilePath`, which name the disk of the person who wrote the table, are
    removed, and `FileName` is appended unless it is the last component already. Components are
    separated by `\` or `/`.

    Args:
        table: with the columns `FilePath` and `FileName`.
        strip_components: the number of components to remove.
    """
    folders = {
        text: "".join(part + "/" for part in _components(text)[strip_components:])
        for text in table["FilePath"].drop_duplicates()
    }
    prefix = table["FilePath"].map(folders)
    names = table["FileName"]
    # Some tables have the whole path in FilePath: the name is removed from their rows.
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
