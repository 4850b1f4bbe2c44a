"""Joining detections to photographs, whole columns at a time."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.common.ledger import Reason, Status
from autofocus.tables.columns import CLEAN, CONTAINS, DETECTIONS
from autofocus.tables.detections import FILE, ROW

if TYPE_CHECKING:
    import pandas as pd

# Working columns beside those of the detections.
IMAGE, DATE = "image", "date"
STATUS, REASON, DETAIL = "status", "reason", "detail"
_LABEL = "ShortName"


@dataclass(frozen=True)
class Joined:
    """Detections joined to photographs.

    Attributes:
        clean: one row a photograph: the columns `CLEAN`, then `contains_<label>`.
        ledger: one row an input: `input`, `status`, `reason`, `detail`, `output`.
        timed: how many photographs have a time, as its date agrees with the detection's.
    """

    clean: "pd.DataFrame"
    ledger: "pd.DataFrame"
    timed: int


def join(detections: "pd.DataFrame", properties: "pd.DataFrame", prefix: str) -> Joined:
    """Join detections to the properties of photographs.

    Args:
        detections: the columns `DETECTIONS`, `file`, `row`, `image` (the photograph's path
            relative to the image folder) and `date` (ISO form, or empty).
        properties: indexed by the photograph's path relative to the image folder, unique.
        prefix: what to put before such a path in the result.
    """
    table = detections.copy()
    table[STATUS], table[REASON], table[DETAIL] = Status.OK.value, "", ""
    _reject_missing_fields(table)
    _reject_bad_dates(table)
    _match(table, properties)
    _reject_conflicting_dates(table)
    _reject_duplicates(table)
    good = table[table[STATUS] == Status.OK.value]
    clean = _one_row_an_image(good, properties, prefix)
    timed = int((clean["time"] != "").sum())
    return Joined(clean, _ledger(table, good, properties, prefix), timed)


def _reject(
    table: "pd.DataFrame", rows: "pd.Series[bool]", reason: Reason, detail: "pd.Series[str] | str"
) -> None:
    """Reject those of the rows that are still good."""
    rows = rows & (table[STATUS] == Status.OK.value)
    table[DETAIL] = table[DETAIL].mask(rows, detail)
    table[REASON] = table[REASON].mask(rows, reason.value)
    table[STATUS] = table[STATUS].mask(rows, Status.REJECTED.value)


def _reject_missing_fields(table: "pd.DataFrame") -> None:
    for column in DETECTIONS:
        _reject(table, table[column] == "", Reason.MISSING_FIELD, f"{column} is empty")


def _reject_bad_dates(table: "pd.DataFrame") -> None:
    _reject(table, table[DATE] == "", Reason.BAD_DATE, "no date: " + table["ImageDate"])


def _match(table: "pd.DataFrame", properties: "pd.DataFrame") -> None:
    """Find each row's photograph: by its exact path, else by one that differs only by case."""
    lost = ~table[IMAGE].isin(properties.index)
    if lost.any():
        folded = properties.index.to_series().str.casefold()
        alone = folded[~folded.duplicated(keep=False)]
        other = (
            table.loc[lost, IMAGE]
            .str.casefold()
            .map(dict(zip(alone.to_numpy(), alone.index, strict=True)))
        )
        found = other.dropna()
        table.loc[found.index, DETAIL] = "found by ignoring case: " + table.loc[found.index, IMAGE]
        table.loc[found.index, IMAGE] = found
    _reject(
        table,
        ~table[IMAGE].isin(properties.index),
        Reason.IMAGE_MISSING,
        "no photograph " + table[IMAGE],
    )


def _reject_conflicting_dates(table: "pd.DataFrame") -> None:
    good = table[table[STATUS] == Status.OK.value]
    dates = good[[IMAGE, DATE]].drop_duplicates().sort_values([IMAGE, DATE])
    several = dates[dates[IMAGE].duplicated(keep=False)]
    if several.empty:
        return
    told = several.groupby(IMAGE)[DATE].agg(", ".join)
    rows = table[IMAGE].isin(told.index)
    detail = "the photograph's detections give " + table[IMAGE].map(told).fillna("")
    _reject(table, rows, Reason.CONFLICTING_DATES, detail)


def _reject_duplicates(table: "pd.DataFrame") -> None:
    good = table[table[STATUS] == Status.OK.value]
    again = good.duplicated([IMAGE, _LABEL])
    if not again.any():
        return
    first = _row_names(good[~again].set_index([IMAGE, _LABEL]))
    doubles = good[again]
    same = first.reindex(doubles.set_index([IMAGE, _LABEL]).index).set_axis(doubles.index)
    rows = table.index.to_series().isin(doubles.index)
    _reject(table, rows, Reason.DUPLICATE, ("the same as " + same).reindex(table.index))


def _row_names(table: "pd.DataFrame") -> "pd.Series[str]":
    return table[FILE] + ":" + table[ROW].astype(str)


def _one_row_an_image(
    good: "pd.DataFrame", properties: "pd.DataFrame", prefix: str
) -> "pd.DataFrame":
    import pandas as pd

    images = good.drop_duplicates(IMAGE).set_index(IMAGE)[[DATE]].sort_index()
    known = properties.loc[images.index]
    agrees = (known["date"] == images[DATE]) & (known["date"] != "")
    clean = pd.DataFrame(
        {
            "date": images[DATE],
            "filepath": prefix + images.index,
            "time": known["time"].where(agrees, ""),
            "night": known["night"],
            "mean_brightness": known["mean_brightness"],
        }
    )[list(CLEAN)]
    labels = sorted(good[_LABEL].unique())
    flags = {
        CONTAINS + label: images.index.isin(good.loc[good[_LABEL] == label, IMAGE]).astype(int)
        for label in labels
    }
    return pd.concat([clean, pd.DataFrame(flags, index=clean.index)], axis=1)


def _ledger(
    table: "pd.DataFrame", good: "pd.DataFrame", properties: "pd.DataFrame", prefix: str
) -> "pd.DataFrame":
    import pandas as pd

    output = (prefix + table[IMAGE]).where(table[STATUS] == Status.OK.value, "")
    rows = pd.DataFrame(
        {
            "input": _row_names(table),
            STATUS: table[STATUS],
            REASON: table[REASON],
            DETAIL: table[DETAIL],
            "output": output,
        }
    )
    paths = pd.Series(prefix + properties.index)
    has_one = pd.Series(properties.index.isin(good[IMAGE]))
    images = pd.DataFrame(
        {
            "input": paths,
            STATUS: has_one.map({True: Status.OK.value, False: Status.REJECTED.value}),
            REASON: has_one.map({True: "", False: Reason.NO_DETECTION.value}),
            DETAIL: "",
            "output": paths.where(has_one, ""),
        }
    )
    return pd.concat([rows, images], ignore_index=True)


def relative_prefix(folder: Path, table_folder: Path) -> str:
    """Return what makes a path relative to the folder one relative to the table's folder."""
    import os

    prefix = Path(os.path.relpath(folder, table_folder)).as_posix()
    return "" if prefix == "." else prefix + "/"
