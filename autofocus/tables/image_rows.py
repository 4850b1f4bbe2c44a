"""The table of images: what all detections of an image say together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.csv_files import CsvWriter
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
from autofocus.tables.frames import csv_lines, needs_quotes
from autofocus.tables.records import LABEL
from autofocus.tables.texts import (
    are_filled,
    blank_column,
    find_distinct,
    put,
    sorted_distinct,
    to_column,
)

if TYPE_CHECKING:
    import polars as pl

# Working columns beside those of the detections: the number of the table, the image's path, its
# position among the properties (-1 for none), date and time.
FILE, IMAGE, NUMBER, DATE, CLOCK = "file", "image", "number", "date", "clock"
_SCORE = BOX[-1]
# Rows that are written at once.
_ROWS = 50_000
# A box that a person drew has no score, and goes before all others.
_DRAWN = "2"
_Mask = NDArray[np.bool_]


def first_rows(
    numbers: NDArray[np.integer], rows: NDArray[np.intp], images: int
) -> NDArray[np.intp]:
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
        if not len(given):
            return blank_column(column, len(self.images))
        return self.take(column, first_rows(self.numbers, given, self.number))

    def take(self, column: str, first: NDArray[np.intp]) -> "pl.Series":
        """Return a column's value in one row of each image; empty where that is -1."""
        rows = first[self.images]
        if not len(self.rows):
            return blank_column(column, len(rows))
        values = self.rows[column].gather(np.maximum(rows, 0))
        missing = np.flatnonzero(rows < 0)
        return put(values, missing, "").alias(column)


class ImageRows:
    """One row per image that has a detection, sorted by its path.

    Columns: `CLEAN`, those of `CLEAN_OPTIONAL` that the detections have, and then a 0/1 column
    `contains_<label>` per label.

    Args:
        good: the detections that were matched to images; of those that are no labels, only the
            other columns count.
        prefix: prepended to the paths.
    """

    def __init__(self, good: Good, prefix: str) -> None:
        self._images, self._properties, self._prefix = good.images, good.properties, prefix
        names = set(good.rows.columns)
        self._facts = {
            name: good.first(name) for name in (DATE, CLOCK, LOCATION, SEQUENCE) if name in names
        }
        if SOURCE in names and (are_filled(good.rows[SOURCE]) & good.are_labels).any():
            self._facts[SOURCE] = good.first(SOURCE, good.are_labels)
        if COUNT in names:
            self._facts[COUNT] = _counts(good)
        if BOX[0] in names:
            self._facts |= _boxes(good)
        self._labels, self._marks = _find_marks(good)

    def __len__(self) -> int:
        return len(self._images)

    def write(self, path: Path) -> int:
        """Write the table, and return the number of images with a time."""
        further = [*CLEAN[3:], *(name for name in CLEAN_OPTIONAL if name in self._facts)]
        columns = [*CLEAN[:3], *further, *(CONTAINS + label for label in self._labels)]
        # The other cells of properties are of digits and their separators.
        plain = {*CLEAN} - {"filepath"}
        if not (needs_quotes(self._properties[IMAGE]) or needs_quotes(to_column([self._prefix]))):
            plain.add("filepath")
        timed = 0
        with CsvWriter(path, columns) as writer:
            for start in range(0, len(self), _ROWS):
                block = self._block(start, further)
                timed += int((block["time"] != "").sum())
                writer.write_lines(csv_lines(block, plain))
        return timed

    def _block(self, start: int, further: Sequence[str]) -> "pl.DataFrame":
        """Return some of the rows."""
        import polars as pl

        images = self._images[start : start + _ROWS]
        block = (
            self._properties[images]
            .rename({"date": "own"})
            .with_columns(column.slice(start, _ROWS) for column in self._facts.values())
        )
        has_date, own, date = pl.col("own") != "", pl.col("own"), pl.col(DATE)
        is_same = (own == date) | (date == "")
        return block.select(
            pl.when(date == "").then(own).otherwise(date).alias("date"),
            (pl.lit(self._prefix) + pl.col(IMAGE)).alias("filepath"),
            pl.when(is_same & has_date)
            .then(pl.col("time"))
            .when(~has_date)
            .then(pl.col(CLOCK))
            .otherwise(pl.lit(""))
            .alias("time"),
            *further,
        ).with_columns(self._flags(start, len(images)))

    def _flags(self, start: int, number: int) -> "list[pl.Series]":
        """Return the 0/1 columns of some of the rows."""
        import polars as pl

        width = len(self._labels)
        low, high = np.searchsorted(self._marks, [start * width, (start + number) * width])
        flags = np.zeros(number * width, np.int8)
        flags[self._marks[low:high] - start * width] = 1
        table = flags.reshape(number, width)
        return [
            pl.Series(CONTAINS + label, table[:, place])
            for place, label in enumerate(self._labels)
        ]


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
        images = np.unique(good.numbers[rows])
        cells[images] = [str(number) for number in sums[images].tolist()]
    return to_column(cells[good.images].tolist()).alias(COUNT)


def _boxes(good: Good) -> "dict[str, pl.Series]":
    """Return the cells of each image's box with the highest score."""
    given = np.flatnonzero(good.are_good & are_filled(good.rows[BOX[0]]))
    scores = find_distinct(good.rows[_SCORE].gather(given))
    values = np.array([float(text or _DRAWN) for text in scores.values])[scores.codes]
    given = given[np.argsort(-values, kind="stable")] if len(given) else given
    best = first_rows(good.numbers, given, good.number)
    return {name: good.take(name, best) for name in BOX}


def _find_marks(good: Good) -> tuple[list[str], NDArray[np.intp]]:
    """Return the labels, sorted, and the places of the ones in the table of 0/1 columns."""
    labels = good.rows[LABEL]
    # A filter that keeps all would only copy them.
    found = sorted_distinct(labels if good.are_labels.all() else labels.filter(good.are_labels))
    rows = np.empty(good.number, np.intp)
    rows[good.images] = np.arange(len(good.images))
    marks = rows[good.numbers[good.are_labels]]
    marks *= len(found.values)
    marks += found.codes
    marks.sort()
    return found.values, marks
