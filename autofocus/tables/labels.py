"""The labels of images, read from a table of either of two forms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError, MissingInputError
from autofocus.tables.columns import CLEAN_OPTIONAL, CONTAINS, LOCATION, SEQUENCE
from autofocus.tables.importing.sources import open_text

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
    """

    filepaths: list[str]
    labels: list[str]
    present: NDArray[np.bool_]
    facts: Mapping[str, list[str]] = field(default_factory=dict)


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
                f"column label; it has {', '.join(reader.columns)}."
            )
        further = [name for name in CLEAN_OPTIONAL if name in reader.columns]
        table = reader.read(["filepath", *(contains or ["label"]), *further])
    if table.empty:
        raise MissingInputError(f"{path} has no rows: there is nothing to link.")
    flags = _from_flags(table, contains, path) if contains else _from_rows(table)
    flags = flags.groupby(level=0).any().sort_index().sort_index(axis=1)
    filepaths = list(flags.index)
    facts = {name: _facts(table, name, filepaths, path) for name in further}
    return Labelled(filepaths, list(flags.columns), flags.to_numpy(dtype=bool), facts)


def _facts(table: "pd.DataFrame", column: str, filepaths: list[str], path: Path) -> list[str]:
    """Return what a column tells about each image; empty for nothing."""
    given = table[["filepath"]].assign(**{column: table[column].str.strip()})
    given = given[given[column] != ""].drop_duplicates()
    again = given["filepath"].duplicated(keep=False)
    if column in (LOCATION, SEQUENCE) and again.any():
        image = given[again]["filepath"].iloc[0]
        both = given[given["filepath"] == image][column]
        raise InputDataError(
            f"{path} gives {image} several {column}s ({', '.join(sorted(both))}): an image has "
            "one."
        )
    given = given.drop_duplicates("filepath")
    known = dict(zip(given["filepath"], given[column], strict=True))
    return [known.get(filepath, "") for filepath in filepaths]


def _from_flags(table: "pd.DataFrame", contains: list[str], path: Path) -> "pd.DataFrame":
    values = table[contains]
    wrong = ~values.isin(["0", "1"])
    if wrong.to_numpy().any():
        column = str(wrong.any().idxmax())
        row = int(wrong[column].to_numpy().argmax())
        raise InputDataError(
            f"{path}, row {row + 2}: {column} must be 0 or 1, not {values[column].iloc[row]!r}."
        )
    flags = values == "1"
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
    return Labelled(labelled.filepaths, merged, present, labelled.facts)
