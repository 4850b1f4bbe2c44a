"""The labels of images, read from a table of either of two forms."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError, MissingInputError
from autofocus.runs.csv_files import CsvReader
from autofocus.tables.columns import CONTAINS, LOCATION
from autofocus.tables.frames import to_frame

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Labelled:
    """Images and their labels.

    Attributes:
        filepaths: N paths as in the table, unique and sorted.
        labels: the names of C labels, unique and sorted.
        present: whether an image has a label, shape (N, C).
        locations: the location of each image, empty if unknown; None if the table has no such
            column.
    """

    filepaths: list[str]
    labels: list[str]
    present: NDArray[np.bool_]
    locations: list[str] | None = None


def read_labelled(path: Path) -> Labelled:
    """Read a table of labels.

    It has one row per image, with `filepath` and 0/1 columns `contains_<label>`, or one row per
    label, with `filepath` and `label`. Either may have the column `location`.

    Raises:
        MissingInputError: the table does not exist, or has no rows.
        InputDataError: it has neither form, or gives an image two locations.
    """
    with CsvReader(path, lenient=True) as reader:
        contains = [name for name in reader.columns if name.startswith(CONTAINS)]
        if "filepath" not in reader.columns or not (contains or "label" in reader.columns):
            raise InputDataError(
                f"{path} must have the column filepath, and columns {CONTAINS}<label> or the "
                f"column label; it has {', '.join(reader.columns)}."
            )
        further = [LOCATION] if LOCATION in reader.columns else []
        table = to_frame(reader, ["filepath", *(contains or ["label"]), *further])
    if table.empty:
        raise MissingInputError(f"{path} has no rows: there is nothing to link.")
    flags = _from_flags(table, contains, path) if contains else _from_rows(table)
    flags = flags.groupby(level=0).any().sort_index().sort_index(axis=1)
    filepaths = list(flags.index)
    locations = _locations(table, filepaths, path) if LOCATION in table.columns else None
    return Labelled(filepaths, list(flags.columns), flags.to_numpy(dtype=bool), locations)


def _locations(table: "pd.DataFrame", filepaths: list[str], path: Path) -> list[str]:
    given = table[["filepath"]].assign(**{LOCATION: table[LOCATION].str.strip()})
    given = given[given[LOCATION] != ""].drop_duplicates()
    if (again := given["filepath"].duplicated(keep=False)).any():
        image = given[again]["filepath"].iloc[0]
        both = given[given["filepath"] == image][LOCATION]
        raise InputDataError(
            f"{path} gives {image} several locations ({', '.join(sorted(both))}): an image has "
            "one."
        )
    known = dict(zip(given["filepath"], given[LOCATION], strict=True))
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
    return Labelled(labelled.filepaths, merged, present, labelled.locations)
