"""The labels of images, read from a table of either of two forms."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError, MissingInputError
from autofocus.runs.spelling import merge_spellings
from autofocus.runs.wording import listed, shown
from autofocus.tables.cells import find_problem, find_problems
from autofocus.tables.columns import CLEAN_OPTIONAL, CONTAINS, LOCATION, SEQUENCE
from autofocus.tables.frames import PROBLEM
from autofocus.tables.importing.sources import open_text
from autofocus.tables.layout import check_unique

if TYPE_CHECKING:
    import pandas as pd


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

    filepaths: list[str]
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
    if table.empty:
        raise MissingInputError(f"{path} has no rows: there is nothing to link.")
    problems = _find_problems(table, contains or ["label"])
    if contains and len(problems) == len(table):
        row = problems.index[0]
        raise InputDataError(f"{path}, row {row + 2}: {problems.iloc[0]}.")
    named = _name_problems(table, problems)
    table = table[~table.index.isin(problems.index) & ~table["filepath"].isin(named)]
    flags = _from_flags(table, contains) if contains else _from_rows(table)
    flags = flags.groupby(level=0).any().sort_index().sort_index(axis=1)
    filepaths = list(flags.index)
    facts = {name: _facts(table, name, filepaths, path) for name in further}
    labels = list(flags.columns)
    return Labelled(filepaths, labels, flags.to_numpy(dtype=bool), facts, named)


def _find_problems(table: "pd.DataFrame", columns: list[str]) -> "pd.Series[str]":
    """Return what keeps rows from being used, of those of which something does."""
    problems = table[PROBLEM].copy()
    paths = table["filepath"]
    problems[paths == ""] = "filepath is empty"
    _add_problems(problems, "filepath", find_problems(paths, is_path=True))
    for column in columns:
        cells = table[column]
        if column.startswith(CONTAINS):
            for text in cells[~cells.isin(["0", "1"])].unique():
                words = f"{shown(column)} must be 0 or 1, not {shown(text)!r}"
                problems[(cells == text) & (problems == "")] = words
        else:
            _add_problems(problems, column, find_problems(cells))
    return problems[problems != ""]


def _add_problems(problems: "pd.Series[str]", column: str, further: "pd.Series[str]") -> None:
    if not further.empty:
        problems[further.index] = f"{column} " + further


def _name_problems(table: "pd.DataFrame", problems: "pd.Series[str]") -> dict[str, str]:
    """Return the problems by the image's path, or by the row's number."""
    named: dict[str, str] = {}
    for place, path, problem in zip(
        problems.index, table["filepath"][problems.index], problems, strict=True
    ):
        # What no ledger should repeat names no image, either.
        is_name = path and not find_problem(path, is_path=True)
        named.setdefault(path if is_name else f"row {place + 2}", problem)
    return named


def _facts(table: "pd.DataFrame", column: str, filepaths: list[str], path: Path) -> list[str]:
    """Return what a column tells about each image; empty for nothing."""
    cells = table[column].map(merge_spellings(table[column].unique())).astype(str)
    given = table[["filepath"]].assign(**{column: cells})
    given = given[given[column] != ""].drop_duplicates()
    again = given["filepath"].duplicated(keep=False)
    if column in (LOCATION, SEQUENCE) and again.any():
        image = given[again]["filepath"].iloc[0]
        both = given[given["filepath"] == image][column]
        raise InputDataError(
            f"{path} gives {shown(image, 300)} several {column}s ({listed(sorted(both))}): an "
            "image has one."
        )
    given = given.drop_duplicates("filepath")
    known = dict(zip(given["filepath"], given[column], strict=True))
    return [known.get(filepath, "") for filepath in filepaths]


def _from_flags(table: "pd.DataFrame", contains: list[str]) -> "pd.DataFrame":
    flags = table[contains] == "1"
    flags.columns = [name.removeprefix(CONTAINS) for name in contains]
    return flags.set_index(table["filepath"])


def _from_rows(table: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    flags = pd.get_dummies(table["label"].str.strip(), dtype=bool)
    # A row without a label is an image that has none.
    return flags.drop(columns="", errors="ignore").set_index(table["filepath"])


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
