"""The join of detections to images, by whole columns."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autofocus.runs import files
from autofocus.runs.ledger import Reason, Status
from autofocus.runs.wording import shown
from autofocus.tables.columns import CORRECTION, LOCATION, MODEL, SOURCE
from autofocus.tables.detections import FILE
from autofocus.tables.image_rows import DATE, IMAGE, IS_LABEL, NUMBER, make_image_rows
from autofocus.tables.records import DATE_TEXT, DETAIL, LABEL, ONLY_BOX, REASON, ROW

if TYPE_CHECKING:
    import pandas as pd

# The cells of the ledger; its reason and detail are those of the records.
INPUT, STATUS, OUTPUT = "input", "status", "output"
# So much of a cell is repeated in the ledger.
_SHOWN = 300
_OK, _REJECTED = Status.OK.value, Status.REJECTED.value


@dataclass(frozen=True)
class Joined:
    """Detections joined to images.

    Attributes:
        clean: one row per image: the columns `CLEAN`, those of `CLEAN_OPTIONAL` that the
            detections have, then `contains_<label>`.
        ledger: one row per input: `input`, `status`, `reason`, `detail`, `output`.
        timed: the number of images with a time.
    """

    clean: "pd.DataFrame"
    ledger: "pd.DataFrame"
    timed: int


def join(
    detections: "pd.DataFrame", properties: "pd.DataFrame", prefix: str, *, is_split: bool = False
) -> Joined:
    """Join detections to the properties of images.

    Args:
        detections: the columns of `records`, `file`, those of `matching.match_images`, `date` (ISO
            form, or empty), `clock` (HH:MM:SS, or empty) and those of `CLEAN_OPTIONAL` that are
            known.
        properties: indexed by the image's path relative to the image folder, unique.
        prefix: prepended to these paths in the result.
        is_split: whether several rows may come from one row of a file.
    """
    table = detections.copy()
    table[STATUS] = (table[REASON] == "").map({True: _OK, False: _REJECTED})
    unreadable = (table[DATE] == "") & (table[DATE_TEXT] != "")
    _reject_for(table, unreadable, Reason.BAD_DATE, "no date: ", DATE_TEXT)
    _reject_for(table, table[NUMBER] < 0, Reason.IMAGE_MISSING, "no photograph ", IMAGE)
    _reject_corrected(table)
    _reject_conflicting(table, DATE, Reason.CONFLICTING_DATES)
    if LOCATION in table:
        _reject_conflicting(table, LOCATION, Reason.CONFLICTING_LOCATIONS)
    _set_apart_boxes(table)
    # A duplicate gives no label, but it may be the one that gives the location.
    good = table[STATUS] == _OK
    _reject_duplicates(table)
    clean = make_image_rows(table[good], properties, prefix)
    timed = int((clean["time"] != "").sum())
    return Joined(clean, _ledger(table, properties, prefix, is_split=is_split), timed)


def _reject(
    table: "pd.DataFrame", rows: "pd.Series[bool]", reason: Reason, detail: "pd.Series[str] | str"
) -> None:
    """Reject those of the rows that are not rejected yet."""
    rows = rows & (table[STATUS] == _OK)
    if not rows.any():
        return
    table[DETAIL] = table[DETAIL].mask(rows, detail)
    table[REASON] = table[REASON].mask(rows, reason.value)
    table[STATUS] = table[STATUS].mask(rows, _REJECTED)


def _reject_for(
    table: "pd.DataFrame", rows: "pd.Series[bool]", reason: Reason, words: str, column: str
) -> None:
    """Reject rows for their cell in a column, which the detail shows."""
    cells = table.loc[rows & (table[STATUS] == _OK), column]
    if not cells.empty:
        details = words + cells.map({text: shown(text, _SHOWN) for text in cells.unique()})
        _reject(table, rows, reason, details.reindex(table.index, fill_value=""))


def _reject_corrected(table: "pd.DataFrame") -> None:
    """Reject the detections of images for which there are corrections, but for these."""
    if CORRECTION not in table:
        return
    are_corrections = table[CORRECTION] != ""
    corrected = table.loc[are_corrections & (table[STATUS] == _OK), NUMBER]
    replaced = table[NUMBER].isin(corrected) & ~are_corrections
    _reject(table, replaced, Reason.CORRECTED, "a correction replaces it")


def _reject_conflicting(table: "pd.DataFrame", column: str, reason: Reason) -> None:
    """Reject the detections of images for which they give more than one value."""
    good = table[(table[STATUS] == _OK) & (table[column] != "")]
    values = good[[NUMBER, column]].drop_duplicates().sort_values([NUMBER, column])
    several = values[values[NUMBER].duplicated(keep=False)]
    if several.empty:
        return
    given = several.groupby(NUMBER)[column].agg(", ".join)
    detail = "the image's detections give " + table[NUMBER].map(given).fillna("")
    _reject(table, table[NUMBER].isin(given.index), reason, detail)


def _set_apart_boxes(table: "pd.DataFrame") -> None:
    """Take only the boxes from a model's detections of images that have labels from elsewhere."""
    table[IS_LABEL] = True
    if SOURCE not in table:
        return
    good = table[STATUS] == _OK
    by_model = good & (table[SOURCE] == MODEL)
    labelled = table.loc[good & ~by_model, NUMBER]
    beside = by_model & table[NUMBER].isin(labelled)
    if beside.any():
        table[IS_LABEL] = ~beside
        detail = "only its box counts: others labelled the image"
        table[DETAIL] = table[DETAIL].mask(beside & (table[DETAIL] == ""), detail)
    if ONLY_BOX in table:
        alone = (table[ONLY_BOX] != "") & ~beside
        _reject(table, alone, Reason.NO_LABEL, "a detector's result, and no label from elsewhere")


def _reject_duplicates(table: "pd.DataFrame") -> None:
    good = table[(table[STATUS] == _OK) & table[IS_LABEL]]
    again = good.duplicated([NUMBER, LABEL])
    if not again.any():
        return
    first = _row_names(good[~again].set_index([NUMBER, LABEL]))
    doubles = good[again]
    same = first.reindex(doubles.set_index([NUMBER, LABEL]).index).set_axis(doubles.index)
    rows = table.index.to_series().isin(doubles.index)
    _reject(table, rows, Reason.DUPLICATE, ("the same as " + same).reindex(table.index))
    table[IS_LABEL] &= ~rows


def _row_names(table: "pd.DataFrame") -> "pd.Series[str]":
    return table[FILE] + ":" + table[ROW].astype(str)


def _ledger(
    table: "pd.DataFrame", properties: "pd.DataFrame", prefix: str, *, is_split: bool
) -> "pd.DataFrame":
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
            STATUS: has_one.map({True: _OK, False: _REJECTED}),
            REASON: has_one.map({True: "", False: Reason.NO_DETECTION.value}),
            DETAIL: "",
            OUTPUT: paths.where(has_one, ""),
        }
    )
    return pd.concat([_first_of_each(rows) if is_split else rows, images], ignore_index=True)


def _first_of_each(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Return one row per input, which is ok if one of its labels is."""
    best = rows.assign(rank=(rows[STATUS] != _OK).astype(int)).sort_values("rank", kind="stable")
    return best.drop_duplicates(INPUT).sort_index().drop(columns="rank")


def relative_prefix(folder: Path, table_folder: Path) -> str:
    """Return the prefix that makes a path relative to a folder relative to the table's folder."""
    prefix = files.relative_to_folder(folder, table_folder)
    return "" if prefix == "." else prefix + "/"
