"""The labels of images, read from a table of either of two forms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError, MissingInputError
from autofocus.runs.packed_names import PackedNames
from autofocus.runs.spelling import merge_spellings
from autofocus.runs.wording import listed, shown
from autofocus.tables.cell_columns import find_problems
from autofocus.tables.cells import find_problem
from autofocus.tables.columns import CLEAN_OPTIONAL, CONTAINS, LOCATION, SEQUENCE
from autofocus.tables.frames import PROBLEM
from autofocus.tables.image_rows import first_rows
from autofocus.tables.importing.sources import open_text
from autofocus.tables.layout import check_unique
from autofocus.tables.texts import (
    are_filled,
    find_distinct,
    sorted_distinct,
    strip,
    to_column,
)

if TYPE_CHECKING:
    import polars as pl

# Cells that are Python's strings at one time.
_ROWS = 1000


@dataclass(frozen=True)
class Labelled:
    """Images and their labels.

    Attributes:
        filepaths: N paths as in the table, unique and sorted.
        labels: the names of C labels, unique and sorted.
        present: whether an image has a label, shape (N, C).
        facts: what else the table tells about each image, by column; see
            `tables.columns.CLEAN_OPTIONAL`.
        problems: what keeps a row from being used, by the image's path, or by the row's number
            where it has none; these images are none of `filepaths`.
    """

    filepaths: Sequence[str]
    labels: list[str]
    present: NDArray[np.bool_]
    facts: Mapping[str, list[str]] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


def read_labelled(path: Path) -> Labelled:
    """Read a table of labels.

    It has one row per image, with `filepath` and 0/1 columns `contains_<label>`, or one row per
    label, with `filepath` and `label`. Either may have the columns
    `tables.columns.CLEAN_OPTIONAL`, such as `location`: of an image's rows, the first that tells a
    value counts.

    Raises:
        MissingInputError: the table does not exist, or has no rows.
        InputDataError: it has neither form, or gives an image two locations or sequences.
    """
    with open_text(path) as reader:
        contains = [name for name in reader.columns if name.startswith(CONTAINS)]
        if "filepath" not in reader.columns or not (contains or "label" in reader.columns):
            raise InputDataError(
                f"{path} must have the column filepath, and columns {CONTAINS}<label> or the "
                f"column label; it has {listed(reader.columns)}."
            )
        further = [name for name in CLEAN_OPTIONAL if name in reader.columns]
        for name in ("filepath", *(contains or ["label"])):
            check_unique(name, reader.columns, path, is_named=True)
        table = reader.read(["filepath", *(contains or ["label"]), *further])
    if table.is_empty():
        raise MissingInputError(f"{path} has no rows: there is nothing to link.")
    problems = _find_problems(table, contains or ["label"])
    if contains and len(problems) == len(table):
        row = min(problems)
        raise InputDataError(f"{path}, row {row + 2}: {problems[row]}.")
    named = _name_problems(table["filepath"], problems)
    table = _without(table, problems, named)
    images = _find_images(table.drop_in_place("filepath"))
    labels, present = (
        _from_flags(table, contains, images) if contains else _from_rows(table, images)
    )
    facts = {name: _facts(table, name, images, path) for name in further}
    return Labelled(images.filepaths, labels, present, facts, named)


@dataclass(frozen=True)
class _Images:
    """The images of a table: their paths, in order, and which of them each row is of."""

    filepaths: PackedNames
    codes: NDArray[np.uint32]


def _find_images(paths: "pl.Series") -> _Images:
    """Return the images of rows, in memory for few of their paths beside the column itself."""
    order = None if paths.is_sorted() else paths.arg_sort()
    # Sorted as Python does, which compares characters as UTF-8 does bytes.
    ordered = paths if order is None else paths.gather(order)
    are_first = np.ones(len(ordered), bool)
    are_first[1:] = (ordered.slice(1) != ordered.slice(0, max(0, len(ordered) - 1))).to_numpy()
    numbers = np.cumsum(are_first, dtype=np.uint32) - np.uint32(1)
    codes = numbers
    if order is not None:
        codes = np.empty(len(numbers), np.uint32)
        codes[order.to_numpy()] = numbers
    return _Images(PackedNames(_cells(ordered, are_first)), codes)


def _cells(column: "pl.Series", rows: NDArray[np.bool_]) -> Iterator[str]:
    """Yield the cells in some rows."""
    for start in range(0, len(column), _ROWS):
        part = column.slice(start, _ROWS).to_list()
        yield from compress(part, rows[start : start + _ROWS].tolist())


def _without(
    table: "pl.DataFrame", problems: Mapping[int, str], named: Mapping[str, str]
) -> "pl.DataFrame":
    """Return a table without some rows, and without those of images that have such a row."""
    if not problems:
        return table
    are_whole = np.ones(len(table), bool)
    are_whole[list(problems)] = False
    return table.filter(are_whole & ~table["filepath"].is_in(to_column(named)).to_numpy())


def _find_problems(table: "pl.DataFrame", columns: list[str]) -> dict[int, str]:
    """Return what keeps rows from being used, of those of which something does, in their order."""
    paths = table["filepath"]
    rows = np.flatnonzero(are_filled(table[PROBLEM])).tolist()
    problems = dict(zip(rows, table[PROBLEM].gather(rows), strict=True))
    problems |= dict.fromkeys((paths == "").arg_true().to_list(), "filepath is empty")
    problems |= _with_heading("filepath", find_problems(paths, is_path=True))
    for column in columns:
        if not column.startswith(CONTAINS):
            problems |= _with_heading(column, find_problems(table[column]))
            continue
        for row in (~table[column].is_in(["0", "1"])).arg_true().to_list():
            words = f"{shown(column)} must be 0 or 1, not {shown(table[column][row])!r}"
            problems.setdefault(row, words)
    return dict(sorted(problems.items()))


def _with_heading(heading: str, problems: Mapping[int, str]) -> dict[int, str]:
    return {row: f"{heading} {problem}" for row, problem in problems.items()}


def _name_problems(paths: "pl.Series", problems: Mapping[int, str]) -> dict[str, str]:
    """Return the problems by the image's path, or by the row's number."""
    named: dict[str, str] = {}
    for (row, problem), path in zip(problems.items(), paths.gather(list(problems)), strict=True):
        # What no ledger should repeat names no image, either.
        is_name = path and not find_problem(path, is_path=True)
        named.setdefault(path if is_name else f"row {row + 2}", problem)
    return named


def _facts(table: "pl.DataFrame", column: str, images: _Images, path: Path) -> list[str]:
    """Return what a column tells about each image; empty for nothing."""
    names = find_distinct(table[column])
    spellings = merge_spellings(names.values)
    cells = find_distinct(names.map(spellings.__getitem__))
    given = np.flatnonzero(cells.codes != cells.code(""))
    first = first_rows(images.codes, given, len(images.filepaths))
    others = given[cells.codes[given] != cells.codes[first[images.codes[given]]]]
    if column in (LOCATION, SEQUENCE) and len(others):
        concerned = np.isin(images.codes[given], images.codes[others])
        image = images.codes[given[concerned][0]]
        codes = cells.codes[given[images.codes[given] == image]]
        both = {cells.values[code] for code in codes}
        raise InputDataError(
            f"{path} gives {shown(images.filepaths[image], 300)} several {column}s "
            f"({listed(sorted(both))}): an image has one."
        )
    values = [*cells.values, ""]
    return [values[code] for code in np.where(first < 0, len(cells.values), cells.codes[first])]


def _from_flags(
    table: "pl.DataFrame", contains: list[str], images: _Images
) -> tuple[list[str], NDArray[np.bool_]]:
    """Return the labels, sorted, and which images have them."""
    labels = sorted(name.removeprefix(CONTAINS) for name in contains)
    present = np.zeros((len(images.filepaths), len(labels)), bool)
    for place, label in enumerate(labels):
        present[images.codes[(table[CONTAINS + label] == "1").to_numpy()], place] = True
    return labels, present


def _from_rows(table: "pl.DataFrame", images: _Images) -> tuple[list[str], NDArray[np.bool_]]:
    """Return the labels, sorted, and which images have them."""
    cells = sorted_distinct(strip(table["label"]))
    present = np.zeros((len(images.filepaths), len(cells.values)), bool)
    present[images.codes, cells.codes] = True
    # A row without a label is an image that has none.
    start = int("" in cells.values)
    return cells.values[start:], present[:, start:]


def merge_labels(labelled: Labelled, names: list[str]) -> Labelled:
    """Rename labels, and merge those that get the same name.

    Args:
        labelled: images and their labels.
        names: the new name of each label, in the labels' order.
    """
    merged = sorted(set(names))
    present = np.zeros((len(labelled.filepaths), len(merged)), bool)
    for number, name in enumerate(names):
        present[:, merged.index(name)] |= labelled.present[:, number]
    return replace(labelled, labels=merged, present=present)
