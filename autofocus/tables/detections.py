"""Detection tables as people write them, and the paths of images in them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.errors import InputDataError, MissingInputError, SettingError
from autofocus.tables.importing.formats import read_table
from autofocus.tables.layout import ReadOptions
from autofocus.tables.records import ONLY_BOX, DetectionTable
from autofocus.tables.texts import find_distinct, fold_paths, put, to_column

if TYPE_CHECKING:
    import polars as pl


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
        Per file its detections, with a short and unique name.

    Raises:
        MissingInputError: a file does not exist.
        InputDataError: a file is in no known format, lacks a column, or can't be read.
        MissingDependencyError: it is a workbook, and openpyxl isn't installed.
    """
    names = _names(paths)
    tables = [read_table(path, options or ReadOptions()) for path in paths]
    tables = [replace(table, name=name) for table, name in zip(tables, names, strict=True)]
    if all(table.is_detector for table in tables):
        return tables
    return [_as_boxes(table) if table.is_detector else table for table in tables]


def _as_boxes(table: DetectionTable) -> DetectionTable:
    """Let a detector's results give boxes only: every image that it saw would have a label."""
    import polars as pl

    note = f"{table.path.name} gives boxes only, as other tables give the labels"
    frame = table.frame.with_columns(pl.lit("1").alias(ONLY_BOX))
    return replace(table, frame=frame, notes=(*table.notes, note))


def _names(paths: Sequence[Path]) -> list[str]:
    """Return a short, unique name per file, with as many parent folders as needed."""
    for parts in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise InputDataError(f"The same detection table is given twice: {', '.join(names)}.")


def image_paths(table: "pl.DataFrame", strip_components: int) -> "pl.Series":
    r"""Return the images' paths relative to the image folder.

    The first components of `FilePath`, which name the disk of the person who wrote the table, are
    removed, and `FileName` is appended unless it is the last component already. Components are
    separated by `\` or `/`.

    Args:
        table: with the columns `FilePath` and `FileName`.
        strip_components: the number of components to remove.
    """
    folders = find_distinct(table["FilePath"])
    components = list(map(_components, folders.values))
    prefixes = ["".join(f"{part}/" for part in parts[strip_components:]) for parts in components]
    last = [parts[-1].casefold() if parts else "" for parts in components]
    names = table["FileName"]
    paths = folders.spread(prefixes) + names
    # Some tables have the whole path in FilePath: the name is removed from their rows.
    # Of plain letters, those that are folded are as long.
    lengths = names.str.len_bytes()
    likely = lengths.is_in(sorted({len(part.encode()) for part in last}))
    likely |= lengths > names.str.len_chars()
    rows = likely.arg_true()
    lower = names.gather(rows).str.to_lowercase()
    others = lower.str.len_bytes() > lower.str.len_chars()
    rows = rows.filter(lower.is_in(to_column(dict.fromkeys(last))) | others)
    codes = folders.codes[rows.to_numpy()].tolist()
    pairs = zip(rows.to_list(), codes, names.gather(rows).to_list(), strict=True)
    doubled = {
        row: _parent(prefixes[code]) + name
        for row, code, name in pairs
        if name.casefold() == last[code]
    }
    return put(paths, list(doubled), list(doubled.values()))


def _parent(prefix: str) -> str:
    """Return a path that ends with a slash without its last component."""
    return prefix[: prefix.rfind("/", 0, -1) + 1]


def _components(text: str) -> list[str]:
    return [part for part in text.replace("\\", "/").split("/") if part not in ("", ".")]


def count_matches(table: "pl.DataFrame", known: Collection[str]) -> dict[int, int]:
    """Return how many rows have an image, by the number of components that are removed.

    Args:
        table: with the columns `FilePath` and `FileName`.
        known: the images, as `fold_path` spells them.
    """
    folders = table["FilePath"].unique().to_list()
    deepest = max((len(_components(text)) for text in folders), default=0)
    images = to_column(known)
    return {
        number: int(fold_paths(image_paths(table, number)).is_in(images).sum())
        for number in range(deepest + 1)
    }
