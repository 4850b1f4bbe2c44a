"""The table of images: what all detections of an image say together."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.tables.columns import (
    BOX,
    CLEAN,
    CLEAN_OPTIONAL,
    CONTAINS,
    COUNT,
    LOCATION,
    SEQUENCE,
    SOURCE,
)
from autofocus.tables.records import LABEL
from autofocus.tables.texts import are_filled, blank_column, find_distinct, put, to_column

if TYPE_CHECKING:
    import polars as pl

# Working columns beside those of the detections: the number of the table, the image's path, its
# position among the properties (-1 for none), date and time.
FILE, IMAGE, NUMBER, DATE, CLOCK = "file", "image", "number", "date", "clock"
_SCORE = BOX[-1]
# A box that a person drew has no score, and goes before all others.
_DRAWN = "2"
_Mask = NDArray[np.bool_]


def first_rows(numbers: NDArray[np.int32], rows: NDArray[np.intp], images: int) -> NDArray[np.intp]:
    """Return the first row of each image; -1 for an image that none of the rows is of.

    Args:
        numbers: the image of each detection.
        rows: the rows to look at, in their order.
        images: how many images there are.
    """
    first = np.full(images, -1)
    first[numbers[rows[::-1]]] = rows[::-1]
    return first


@dataclass(frozen=True)
class Good:
    """The detections that were matched to images and aren't rejected.

    Attributes:
        rows: all detections.
        numbers: the image of each.
        are_good: which of them were matched and aren't rejected.
        are_labels: which of them have labels that count.
        properties: of all images.
    """

    rows: "pl.DataFrame"
    numbers: NDArray[np.int32]
    are_good: _Mask
    are_labels: _Mask
    properties: "pl.DataFrame"

    @cached_property
    def images(self) -> NDArray[np.intp]:
        """The images that have one, sorted by path."""
        first = first_rows(self.numbers, np.flatnonzero(self.are_good), self.number)
        images = np.flatnonzero(first >= 0)
        paths = self.properties[IMAGE].gather(images)
        return images if paths.is_sorted() else images[paths.arg_sort().to_numpy()]

    @property
    def number(self) -> int:
        """How many images there are in all."""
        return len(self.properties)

    def first(self, column: str, among: _Mask | None = None) -> "pl.Series":
        """Return the first value that a detection of each image gives; empty if none does."""
        chosen = self.are_good if among is None else among
        given = np.flatnonzero(chosen & are_filled(self.rows[column]))
        return self.take(column, first_rows(self.numbers, given, self.number))

    def take(self, column: str, first: NDArray[np.intp]) -> "pl.Series":
        """Return a column's value in one row of each image; empty where that is -1."""
        rows = first[self.images]
        if not len(self.rows):
            return blank_column(column, len(rows))
        values = self.rows[column].gather(np.maximum(rows, 0))
        missing = np.flatnonzero(rows < 0)
        return put(values, missing, "").alias(column)


def make_image_rows(good: Good, prefix: str) -> "pl.DataFrame":
    """Return one row per image, sorted by its path.

    Args:
        good: the detections that were matched to images; of those that are no labels, only the
            other columns count.
        prefix: prepended to the paths.
    """
    import polars as pl

    names = set(good.rows.columns)
    known = good.properties[good.images]
    columns = {
        DATE: good.first(DATE),
        CLOCK: good.first(CLOCK),
        **{name: good.first(name) for name in (LOCATION, SEQUENCE) if name in names},
    }
    if SOURCE in names and (are_filled(good.rows[SOURCE]) & good.are_labels).any():
        columns[SOURCE] = good.first(SOURCE, good.are_labels)
    if COUNT in names:
        columns[COUNT] = _counts(good)
    if BOX[0] in names:
        columns |= _boxes(good)
    has_date, own, date = pl.col("own") != "", pl.col("own"), pl.col(DATE)
    is_same = (own == date) | (date == "")
    clean = known.rename({"date": "own"}).with_columns(columns.values())
    order = [name for name in (*CLEAN[2:], *CLEAN_OPTIONAL) if name in clean.columns]
    clean = clean.select(
        pl.when(date == "").then(own).otherwise(date).alias("date"),
        (pl.lit(prefix) + pl.col(IMAGE)).alias("filepath"),
        pl.when(is_same & has_date)
        .then(pl.col("time"))
        .when(~has_date)
        .then(pl.col(CLOCK))
        .otherwise(pl.lit(""))
        .alias("time"),
        *order[1:],
    )
    return clean.with_columns(_flags(good))


def _counts(good: Good) -> "pl.Series":
    """Return the number of animals of each image: the sum over its labels, or over its boxes."""
    given = good.are_good & are_filled(good.rows[COUNT])
    distinct = find_distinct(good.rows[COUNT])
    numbers = np.array([int(text or 0) for text in distinct.values], np.int64)[distinct.codes]
    cells = np.full(good.number, "", object)
    # Of an image that has both, the labels count.
    for rows in (np.flatnonzero(given & kind) for kind in (~good.are_labels, good.are_labels)):
        sums = np.zeros(good.number, np.int64)
        np.add.at(sums, good.numbers[rows], numbers[rows])
        for image in np.unique(good.numbers[rows]):
            cells[image] = str(sums[image])
    return to_column(cells[good.images].tolist()).alias(COUNT)


def _boxes(good: Good) -> "dict[str, pl.Series]":
    """Return the cells of each image's box with the highest score."""
    given = np.flatnonzero(good.are_good & are_filled(good.rows[BOX[0]]))
    scores = find_distinct(good.rows[_SCORE].gather(given))
    values = np.array([float(text or _DRAWN) for text in scores.values])[scores.codes]
    given = given[np.argsort(-values, kind="stable")] if len(given) else given
    best = first_rows(good.numbers, given, good.number)
    return {name: good.take(name, best) for name in BOX}


def _flags(good: Good) -> "list[pl.Series]":
    """Return a 0/1 column per label."""
    import polars as pl

    labels = find_distinct(good.rows[LABEL].filter(good.are_labels))
    places = np.empty(good.number, np.intp)
    places[good.images] = np.arange(len(good.images))
    rows = places[good.numbers[good.are_labels]]
    columns = []
    for code in np.argsort(np.array(labels.values, object)):
        flags = np.zeros(len(good.images), np.int8)
        flags[rows[labels.codes == code]] = 1
        columns.append(pl.Series(CONTAINS + labels.values[code], flags))
    return columns
