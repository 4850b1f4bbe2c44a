"""The labels of images, read from a table of either of two forms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
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
from autofocus.tables.frames import PROBLEM, take_columns, use_parts
from autofocus.tables.image_codes import ImageFinder, Images
from autofocus.tables.importing.sources import open_rows
from autofocus.tables.layout import check_unique
from autofocus.tables.texts import (
    are_filled,
    coded_type,
    find_distinct,
    sorted_distinct,
    strip,
)

if TYPE_CHECKING:
    import polars as pl

_PATH = "filepath"
# Numbers that are objects of Python at one time.
_PART = 10_000


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
    facts: Mapping[str, Sequence[str]] = field(default_factory=dict)
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
    with open_rows(path) as reader:
        contains = [name for name in reader.columns if name.startswith(CONTAINS)]
        if _PATH not in reader.columns or not (contains or "label" in reader.columns):
            raise InputDataError(
                f"{path} must have the column filepath, and columns {CONTAINS}<label> or the "
                f"column label; it has {listed(reader.columns)}."
            )
        further = [name for name in CLEAN_OPTIONAL if name in reader.columns]
        labels = contains or ["label"]
        for name in (_PATH, *labels):
            check_unique(name, reader.columns, path, is_named=True)
        read = use_parts(reader, [_PATH, *labels, *further], partial(_read, labels))
    if not read.number:
        raise MissingInputError(f"{path} has no rows: there is nothing to link.")
    if contains and len(read.problems) == read.number:
        row = min(read.problems)
        raise InputDataError(f"{path}, row {row + 2}: {read.problems[row]}.")
    names, present = (
        _from_flags(read.table, contains, read.images)
        if contains
        else _from_rows(read.table, read.images)
    )
    facts = {name: _facts(read.table.drop_in_place(name), read.images, path) for name in further}
    return Labelled(read.images.filepaths, names, present, facts, read.named)


@dataclass(frozen=True)
class _Read:
    """What was read of a table.

    Attributes:
        number: of the rows.
        images: those of the rows that can be used.
        table: the other columns of these rows: 0/1 columns as booleans, others coded.
        problems: what keeps rows from being used, by their number.
        named: the same by the image's path; see `Labelled.problems`.
    """

    number: int
    images: Images
    table: "pl.DataFrame"
    problems: dict[int, str]
    named: dict[str, str]


def _read(labels: list[str], parts: "Iterator[pl.DataFrame]") -> _Read:
    """Read a table in parts; see `_Parts`."""
    import polars as pl

    rows = _Parts(labels)
    images = ImageFinder().find(map(rows.add, parts))
    table = pl.DataFrame(list(take_columns(rows.kept)))
    if rows.named:
        # What an image has in other rows doesn't count, either.
        images, are_kept = images.without(rows.named)
        table = table.filter(are_kept)
    return _Read(rows.number, images, table, rows.problems, rows.named)


class _Parts:
    """Takes the rows of a table in parts, of which only numbers are kept.

    Args:
        labels: the columns of labels.

    Attributes:
        kept: the columns beside the paths, in parts; see `_Read.table`.
        number, problems, named: see `_Read`.
    """

    def __init__(self, labels: list[str]) -> None:
        self.kept: list[pl.DataFrame] = []
        self.number = 0
        self.problems: dict[int, str] = {}
        self.named: dict[str, str] = {}
        self._labels = labels
        self._flags = [name for name in labels if name.startswith(CONTAINS)]
        self._coded: dict[str, pl.DataType] = {}

    def add(self, part: "pl.DataFrame") -> "pl.Series":
        """Keep what is needed of the rows that can be used, and return their paths."""
        import polars as pl

        problems = _find_problems(part, self._labels)
        _name_problems(part[_PATH], problems, self.number, self.named)
        self.problems.update((self.number + row, words) for row, words in problems.items())
        self.number += len(part)
        good = _without(part.drop(PROBLEM), problems)
        paths = good.drop_in_place(_PATH)
        if not self.kept:
            # All parts share the distinct cells of a column.
            texts = [name for name in good.columns if name not in self._flags]
            self._coded = {name: coded_type() for name in texts}
        good = good.with_columns(pl.col(self._flags) == "1")
        self.kept.append(good.cast(self._coded))  # type: ignore[arg-type]
        return paths


def _without(table: "pl.DataFrame", problems: Mapping[int, str]) -> "pl.DataFrame":
    """Return a table without some rows."""
    if not problems:
        return table
    are_whole = np.ones(len(table), bool)
    are_whole[list(problems)] = False
    return table.filter(are_whole)


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


def _name_problems(
    paths: "pl.Series", problems: Mapping[int, str], first: int, named: dict[str, str]
) -> None:
    """Add the problems by the image's path, or by the row's number.

    Args:
        paths: of some rows.
        problems: of these, by the place of the row among them.
        first: the number of the first of them.
        named: what is added to.
    """
    for (row, problem), path in zip(problems.items(), paths.gather(list(problems)), strict=True):
        # What no ledger should repeat names no image, either.
        is_name = path and not find_problem(path, is_path=True)
        named.setdefault(path if is_name else f"row {first + row + 2}", problem)


def _facts(column: "pl.Series", images: Images, path: Path) -> Sequence[str]:
    """Return what a column tells about each image; empty for nothing."""
    values, codes = _merge_cells(column)
    are_given = codes != (values.index("") if "" in values else len(values))
    of, given = images.codes[are_given], codes[are_given]
    # Written from the last row to the first, which stays.
    first = np.full(len(images.filepaths), len(values), np.uint32)
    first[of[::-1]] = given[::-1]
    are_others = given != first[of]
    if column.name in (LOCATION, SEQUENCE) and are_others.any():
        image = of[np.isin(of, of[are_others])][0]
        both = {values[code] for code in given[of == image]}
        raise InputDataError(
            f"{path} gives {shown(images.filepaths[int(image)], 300)} several {column.name}s "
            f"({listed(sorted(both))}): an image has one."
        )
    values.append("")
    return PackedNames(values[code] for part in _split(first) for code in part.tolist())


def _merge_cells(column: "pl.Series") -> tuple[list[str], NDArray[np.uint32]]:
    """Return the distinct cells, spelled alike, and the place of each row's cell among them."""
    cells = find_distinct(column)
    spellings = merge_spellings(cells.values)
    places: dict[str, int] = {}
    found = [places.setdefault(spellings[value], len(places)) for value in cells.values]
    return list(places), np.array(found, np.uint32)[cells.codes]


def _split(codes: NDArray[np.uint32]) -> Iterator[NDArray[np.uint32]]:
    """Yield a long array in parts."""
    for start in range(0, len(codes), _PART):
        yield codes[start : start + _PART]


def _from_flags(
    table: "pl.DataFrame", contains: list[str], images: Images
) -> tuple[list[str], NDArray[np.bool_]]:
    """Return the labels, sorted, and which images have them."""
    labels = sorted(name.removeprefix(CONTAINS) for name in contains)
    present = np.zeros((len(images.filepaths), len(labels)), bool)
    for place, label in enumerate(labels):
        present[images.codes[table[CONTAINS + label].to_numpy()], place] = True
    return labels, present


def _from_rows(table: "pl.DataFrame", images: Images) -> tuple[list[str], NDArray[np.bool_]]:
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
