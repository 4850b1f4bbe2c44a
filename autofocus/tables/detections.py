"""Detection tables as people write them, and the paths of images in them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.errors import InputDataError, MissingInputError, SettingError
from autofocus.runs.spelling import fold_path
from autofocus.tables.importing.formats import read_table
from autofocus.tables.layout import ReadOptions
from autofocus.tables.records import ONLY_BOX, DetectionTable

if TYPE_CHECKING:
    import pandas as pd

FILE = "file"


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
        # Reading a pipe would block forever.
        return sorted(path for path in folder.glob(pattern) if path.is_file() or path.is_dir())
    except (ValueError, IndexError, AttributeError):  # raised by various Python versions
        raise wrong from None


def read_detections(
    paths: Sequence[Path], options: ReadOptions | None = None
) -> list[DetectionTable]:
    """Read detection tables, and files of other programs; each is detected by its content.

    Args:
        paths: the files, or folders with a Camtrap DP.
        options: how to read them, as far as it is told.

    Returns:
        Per file its detections, with a short and unique name in the column `file`.

    Raises:
        MissingInputError: a file does not exist.
        InputDataError: a file is in no known format, lacks a column, or can't be read.
        MissingDependencyError: it is a workbook, and openpyxl isn't installed.
    """
    names = _names(paths)
    tables = [read_table(path, options or ReadOptions()) for path in paths]
    for table, name in zip(tables, names, strict=True):
        table.frame[FILE] = name
    if all(table.is_detector for table in tables):
        return tables
    return [_as_boxes(table) if table.is_detector else table for table in tables]


def _as_boxes(table: DetectionTable) -> DetectionTable:
    """Let a detector's results give boxes only: every image that it saw would have a label."""
    table.frame[ONLY_BOX] = "1"
    note = f"{table.path.name} gives boxes only, as other tables give the labels"
    return replace(table, notes=(*table.notes, note))


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
    components = {text: _components(text) for text in table["FilePath"].unique()}
    prefix = table["FilePath"].map(
        {
            text: "".join(part + "/" for part in parts[strip_components:])
            for text, parts in components.items()
        }
    )
    names = table["FileName"]
    last = {text: parts[-1].casefold() if parts else "" for text, parts in components.items()}
    # Some tables have the whole path in FilePath: the name is removed from their rows.
    doubled = table["FilePath"].map(last) == names.str.casefold()
    if doubled.any():
        folders_only = prefix[doubled].str.replace(r"[^/]+/$", "", regex=True)
        prefix = prefix.mask(doubled, folders_only)
    return prefix + names


def _components(text: str) -> list[str]:
    return [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]


def count_matches(table: "pd.DataFrame", known: Collection[str]) -> dict[int, int]:
    """Return how many rows have an image, by the number of components that are removed.

    Args:
        table: with the columns `FilePath` and `FileName`.
        known: the images, as `fold_path` spells them.
    """
    deepest = max((len(_components(text)) for text in table["FilePath"].unique()), default=0)
    counts = {}
    for number in range(deepest + 1):
        images = image_paths(table, number)
        counts[number] = sum(fold_path(path) in known for path in images)
    return counts
