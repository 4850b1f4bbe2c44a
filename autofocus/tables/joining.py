"""The join of detections to images, by whole columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.runs import files
from autofocus.runs.ledger import Reason
from autofocus.runs.wording import shown
from autofocus.tables.columns import CORRECTION, LOCATION, MODEL, SOURCE
from autofocus.tables.image_rows import (
    DATE,
    IMAGE,
    NUMBER,
    Good,
    ImageRows,
    first_rows,
)
from autofocus.tables.join_ledger import REASONS, JoinLedger, row_names
from autofocus.tables.records import (
    DATE_TEXT,
    DETAIL,
    LABEL,
    ONLY_BOX,
    REASON,
    DetectionTable,
)
from autofocus.tables.texts import Distinct, are_filled, find_distinct

if TYPE_CHECKING:
    import polars as pl

# So much of a cell is repeated in the ledger.
_SHOWN = 300
_Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Joined:
    """Detections joined to images.

    Attributes:
        clean: one row per image.
        ledger: one row per input.
    """

    clean: ImageRows
    ledger: JoinLedger


def join(
    detections: "pl.DataFrame",
    tables: Sequence[DetectionTable],
    properties: "pl.DataFrame",
    prefix: str,
) -> Joined:
    """Join detections to the properties of images.

    Args:
        detections: the columns of `records`, those of `matching.match_tables`, `date` (ISO form,
            or empty), `clock` (HH:MM:SS, or empty) and those of `CLEAN_OPTIONAL` that are known.
        tables: what they are of.
        properties: of the images, with their unique path relative to the image folder in `image`.
        prefix: prepended to these paths in the result.
    """
    names = [table.name for table in tables]
    are_repeated = len(detections) > sum(len(table.frame) for table in tables)
    is_split = are_repeated or any(table.is_split for table in tables)
    table = _Table(detections, len(properties))
    dates = find_distinct(detections[DATE])
    unreadable = (dates.codes == dates.code("")) & are_filled(detections[DATE_TEXT])
    table.reject_for(unreadable, Reason.BAD_DATE, "no date: ", DATE_TEXT)
    table.reject_for(table.numbers < 0, Reason.IMAGE_MISSING, "no photograph ", IMAGE)
    table.reject_corrected()
    table.reject_conflicting(dates, Reason.CONFLICTING_DATES)
    if LOCATION in detections.columns:
        table.reject_conflicting(find_distinct(detections[LOCATION]), Reason.CONFLICTING_LOCATIONS)
    are_labels = table.set_apart_boxes()
    # A duplicate gives no label, but it may be the one that gives the location.
    are_good = table.are_good
    table.reject_duplicates(are_good & are_labels, names)
    good = Good(detections, table.numbers, are_good, are_labels & table.are_good, properties)
    ledger = JoinLedger(
        detections, names, table.reasons, table.details, properties[IMAGE], prefix,
        is_split=is_split,
    )  # fmt: skip
    return Joined(ImageRows(good, prefix), ledger)


class _Table:
    """Detections, of which some are rejected step by step: of several reasons, the first counts.

    Args:
        rows: the detections.
        images: how many images there are.

    Attributes:
        numbers: the image of each; -1 for none.
        reasons: why each is rejected, as a place in `REASONS`.
        details: more about each.
    """

    def __init__(self, rows: "pl.DataFrame", images: int) -> None:
        self._rows, self._images = rows, images
        self.numbers: NDArray[np.int32] = rows[NUMBER].to_numpy()
        # Taken from frames of their own, columns of one cell don't grow in that of the rows.
        given, more = (rows.select(name).to_series() for name in (REASON, DETAIL))
        reasons = find_distinct(given)
        codes = [REASONS.index(reason) for reason in reasons.values]
        self.reasons = np.array(codes, np.uint8)[reasons.codes]
        self.details = np.full(len(rows), "", object)
        filled = np.flatnonzero(are_filled(more))
        self.details[filled] = more.gather(filled).to_list()

    @property
    def are_good(self) -> _Mask:
        """Which detections aren't rejected."""
        good: _Mask = self.reasons == 0
        return good

    def _reject(self, rows: _Mask, reason: Reason, details: Iterable[str] | str) -> None:
        """Reject good rows for a reason, with one detail or one for each of them."""
        self.reasons[rows] = REASONS.index(reason.value)
        self.details[rows] = details if isinstance(details, str) else list(details)

    def _have(self, rows: _Mask) -> _Mask:
        """Return for each detection whether one of some others, all good, is of its image."""
        images = np.zeros(self._images + 1, bool)
        images[self.numbers[rows]] = True
        # The last one is of those without an image.
        have: _Mask = images[self.numbers]
        return have

    def reject_for(self, rows: _Mask, reason: Reason, words: str, column: str) -> None:
        """Reject those of the rows that are good for a cell, which the detail shows."""
        rows = rows & self.are_good
        if rows.any():
            cells = find_distinct(self._rows[column].filter(rows))
            details = [words + shown(text, _SHOWN) for text in cells.values]
            self._reject(rows, reason, (details[code] for code in cells.codes))

    def reject_corrected(self) -> None:
        """Reject the detections of images for which there are corrections, but for these."""
        if CORRECTION not in self._rows.columns:
            return
        are_corrections = are_filled(self._rows[CORRECTION])
        replaced = self._have(are_corrections & self.are_good) & ~are_corrections & self.are_good
        self._reject(replaced, Reason.CORRECTED, "a correction replaces it")

    def reject_conflicting(self, cells: Distinct, reason: Reason) -> None:
        """Reject the detections of images for which they give more than one value."""
        given = self.are_good & (cells.codes != cells.code(""))
        first = first_rows(self.numbers, np.flatnonzero(given), self._images)
        others = given & (cells.codes != cells.codes[first[self.numbers]])
        if not others.any():
            return
        rows = self._have(others) & self.are_good
        values: dict[int, set[str]] = {}
        concerned = np.flatnonzero(rows & given)
        for image, code in zip(self.numbers[concerned], cells.codes[concerned], strict=True):
            values.setdefault(image, set()).add(cells.values[code])
        details = {
            image: f"the image's detections give {', '.join(sorted(some))}"
            for image, some in values.items()
        }
        self._reject(rows, reason, [details[image] for image in self.numbers[rows]])

    def set_apart_boxes(self) -> _Mask:
        """Take only the boxes from a model's detections of images that have labels from elsewhere.

        Returns:
            Which detections have labels that count.
        """
        if SOURCE not in self._rows.columns:
            return np.ones(len(self._rows), bool)
        good, by_model = self.are_good, (self._rows[SOURCE] == MODEL).to_numpy()
        beside = good & by_model & self._have(good & ~by_model)
        detail = "only its box counts: others labelled the image"
        self.details[beside & (self.details == "")] = detail
        if ONLY_BOX in self._rows.columns:
            alone = are_filled(self._rows[ONLY_BOX]) & ~beside & good
            words = "a detector's result, and no label from elsewhere"
            self._reject(alone, Reason.NO_LABEL, words)
        others: _Mask = ~beside
        return others

    def reject_duplicates(self, rows: _Mask, tables: Sequence[str]) -> None:
        """Reject all but the first of some good rows that give their image the same label.

        Args:
            rows: which rows.
            tables: the name of each table.
        """
        labels = find_distinct(self._rows[LABEL])
        places = np.flatnonzero(rows)
        keys = self.numbers[places] * np.int64(len(labels.values)) + labels.codes[places]
        order = np.argsort(keys, kind="stable")
        keys, places = keys[order], places[order]
        starts = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
        if starts.all():
            return
        first = places[starts][starts.cumsum() - 1]
        again = np.zeros(len(rows), bool)
        again[places[~starts]] = True
        first_of = np.zeros(len(rows), np.intp)
        first_of[places] = first
        names = row_names(self._rows[first_of[again]], tables)
        self._reject(again, Reason.DUPLICATE, ("the same as " + names).to_list())


def relative_prefix(folder: Path, table_folder: Path) -> str:
    """Return the prefix that makes a path relative to a folder relative to the table's folder."""
    prefix = files.relative_to_folder(folder, table_folder)
    return "" if prefix == "." else prefix + "/"
