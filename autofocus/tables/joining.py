"""The join of detections to images, by whole columns."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.runs import files
from autofocus.runs.ledger import Reason, Status
from autofocus.tables.columns import CLEAN, CONTAINS, DETECTIONS, LOCATION
from autofocus.tables.detections import FILE, ROW

if TYPE_CHECKING:
    import pandas as pd

# Working columns beside those of the detections: the image's path and its position among the
# properties (-1 for none), the date, and the cells of the ledger.
IMAGE, NUMBER, DATE = "image", "number", "date"
INPUT, STATUS, REASON, DETAIL, OUTPUT = "input", "status", "reason", "detail", "output"
_LABEL = "ShortName"
_OK = Status.OK.value


@dataclass(frozen=True)
class Joined:
    """Detections joined to images.

    Attributes:
        clean: one row per image: the columns `CLEAN`, `location` if the detections have it, then
            `contains_<label>`.
        ledger: one row per input: `input`, `status`, `reason`, `detail`, `output`.
        timed: the number of images with a time, because their date agrees with the detection's.
    """

    clean: "pd.DataFrame"
    ledger: "pd.DataFrame"
    timed: int


def join(detections: "pd.DataFrame", properties: "pd.DataFrame", prefix: str) -> Joined:
    """Join detections to the properties of images.

    Args:
        detections: the columns `DETECTIONS`, `file`, `row`, `image` (the image's path relative to
            the image folder), `date` (ISO form, or empty) and, if there is one, `location`.
        properties: indexed by the image's path relative to the image folder, unique.
        prefix: prepended to these paths in the result.
    """
    table = detections.copy()
    table[STATUS], table[REASON], table[DETAIL] = _OK, "", ""
    for column in DETECTIONS:
        _reject(table, table[column] == "", Reason.MISSING_FIELD, f"{column} is empty")
    _reject(table, table[DATE] == "", Reason.BAD_DATE, "no date: " + table["ImageDate"])
    _match(table, properties)
    _reject_conflicting(table, DATE, Reason.CONFLICTING_DATES)
    if LOCATION in table:
        _reject_conflicting(table, LOCATION, Reason.CONFLICTING_LOCATIONS)
        _share_locations(table)
    _reject_duplicates(table)
    good = table[table[STATUS] == _OK]
    clean = _one_row_an_image(good, properties, prefix)
    timed = int((clean["time"] != "").sum())
    return Joined(clean, _ledger(table, properties, prefix), timed)


def _reject(
    table: "pd.DataFrame", rows: "pd.Series[bool]", reason: Reason, detail: "pd.Series[str] | str"
) -> None:
    """Reject those of the rows that are not rejected yet."""
    rows = rows & (table[STATUS] == _OK)
    if not rows.any():
        return
    table[DETAIL] = table[DETAIL].mask(rows, detail)
    table[REASON] = table[REASON].mask(rows, reason.value)
    table[STATUS] = table[STATUS].mask(rows, Status.REJECTED.value)


def _match(table: "pd.DataFrame", properties: "pd.DataFrame") -> None:
    """Find each row's image by its exact path, else by a path that differs only in case."""
    import pandas as pd

    # Python objects: looking up the strings of an Arrow array is many times slower.
    known = pd.Index(properties.index.to_numpy(dtype=object))
    numbers = known.get_indexer(pd.Index(table[IMAGE].to_numpy(dtype=object)))
    if (lost := np.flatnonzero(numbers < 0)).size:
        numbers[lost] = _ignoring_case(known, table[IMAGE].iloc[lost])
        found = lost[numbers[lost] >= 0]
        rows = table.index[found]
        table.loc[rows, DETAIL] = "found by ignoring case: " + table.loc[rows, IMAGE]
        table.loc[rows, IMAGE] = known[numbers[found]].to_numpy()
    table[NUMBER] = numbers
    lost_rows = table[NUMBER] < 0
    _reject(table, lost_rows, Reason.IMAGE_MISSING, "no photograph " + table[IMAGE])


def _ignoring_case(known: "pd.Index[str]", wanted: "pd.Series[str]") -> NDArray[np.intp]:
    """Return the positions of paths that differ only in case; -1 if none does, or several do."""
    import pandas as pd

    folded = pd.Series(known).str.casefold()
    alone = folded[~folded.duplicated(keep=False)]
    places = pd.Index(alone.to_numpy(dtype=object)).get_indexer(
        pd.Index(wanted.str.casefold().to_numpy(dtype=object))
    )
    numbers = alone.index.to_numpy()
    return np.where(places < 0, -1, numbers[places] if len(numbers) else -1)


def _reject_conflicting(table: "pd.DataFrame", column: str, reason: Reason) -> None:
    """Reject the detections of images for which they give more than one value."""
    good = table[(table[STATUS] == _OK) & (table[column] != "")]
    values = good[[NUMBER, column]].drop_duplicates().sort_values([NUMBER, column])
    several = values[values[NUMBER].duplicated(keep=False)]
    if several.empty:
        return
    given = several.groupby(NUMBER)[column].agg(", ".join)
    detail = "the photograph's detections give " + table[NUMBER].map(given).fillna("")
    _reject(table, table[NUMBER].isin(given.index), reason, detail)


def _share_locations(table: "pd.DataFrame") -> None:
    """Give all detections of an image the location that one of them has."""
    given = table[(table[STATUS] == _OK) & (table[LOCATION] != "")].drop_duplicates(NUMBER)
    known = dict(zip(given[NUMBER], given[LOCATION], strict=True))
    table[LOCATION] = [
        known.get(number, own) for number, own in zip(table[NUMBER], table[LOCATION], strict=True)
    ]


def _reject_duplicates(table: "pd.DataFrame") -> None:
    good = table[table[STATUS] == _OK]
    again = good.duplicated([NUMBER, _LABEL])
    if not again.any():
        return
    first = _row_names(good[~again].set_index([NUMBER, _LABEL]))
    doubles = good[again]
    same = first.reindex(doubles.set_index([NUMBER, _LABEL]).index).set_axis(doubles.index)
    rows = table.index.to_series().isin(doubles.index)
    _reject(table, rows, Reason.DUPLICATE, ("the same as " + same).reindex(table.index))


def _row_names(table: "pd.DataFrame") -> "pd.Series[str]":
    return table[FILE] + ":" + table[ROW].astype(str)


def _one_row_an_image(
    good: "pd.DataFrame", properties: "pd.DataFrame", prefix: str
) -> "pd.DataFrame":
    import pandas as pd

    images = good.drop_duplicates(NUMBER).sort_values(IMAGE)
    known = properties.iloc[images[NUMBER].to_numpy()].reset_index(drop=True)
    images = images.reset_index(drop=True)
    agrees = (known["date"] == images[DATE]) & (known["date"] != "")
    clean = pd.DataFrame(
        {
            "date": images[DATE],
            "filepath": prefix + images[IMAGE],
            "time": known["time"].where(agrees, ""),
            "night": known["night"],
            "mean_brightness": known["mean_brightness"],
        }
    )[list(CLEAN)]
    if LOCATION in images:
        clean[LOCATION] = images[LOCATION]
    return pd.concat([clean, _flags(good, images, len(properties))], axis=1)


def _flags(good: "pd.DataFrame", images: "pd.DataFrame", known: int) -> "pd.DataFrame":
    """Return a 0/1 column per label."""
    import pandas as pd

    rows = np.empty(known, np.intp)
    rows[images[NUMBER].to_numpy()] = np.arange(len(images))
    codes, labels = pd.factorize(good[_LABEL], sort=True)
    flags = np.zeros((len(images), len(labels)), np.int8)
    flags[rows[good[NUMBER].to_numpy()], codes] = 1
    return pd.DataFrame(flags, columns=[CONTAINS + label for label in labels])


def _ledger(table: "pd.DataFrame", properties: "pd.DataFrame", prefix: str) -> "pd.DataFrame":
    import pandas as pd

    good = table[STATUS] == _OK
    rows = pd.DataFrame(
        {
            INPUT: _row_names(table),
            STATUS: table[STATUS],
            REASON: table[REASON],
            DETAIL: table[DETAIL],
            OUTPUT: (prefix + table[IMAGE]).where(good, ""),
        }
    )
    paths = pd.Series(prefix + properties.index)
    has_one = pd.Series(False, index=paths.index)
    has_one.iloc[table.loc[good, NUMBER].to_numpy()] = True
    images = pd.DataFrame(
        {
            INPUT: paths,
            STATUS: has_one.map({True: _OK, False: Status.REJECTED.value}),
            REASON: has_one.map({True: "", False: Reason.NO_DETECTION.value}),
            DETAIL: "",
            OUTPUT: paths.where(has_one, ""),
        }
    )
    return pd.concat([rows, images], ignore_index=True)


def relative_prefix(folder: Path, table_folder: Path) -> str:
    """Return the prefix that makes a path relative to a folder relative to the table's folder."""
    prefix = files.relative_to_folder(folder, table_folder)
    return "" if prefix == "." else prefix + "/"
