"""The ledger of a join: one row per row of the tables, then one per image."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.ledger import Counts, LedgerWriter, Reason, Status
from autofocus.tables.frames import csv_lines, needs_quotes
from autofocus.tables.image_rows import FILE, NUMBER, first_rows
from autofocus.tables.records import DETAIL, REASON, ROW
from autofocus.tables.texts import to_column

if TYPE_CHECKING:
    import polars as pl

# A row's reason is a place in this tuple; the first is that of a row that isn't rejected.
REASONS = ("", *(reason.value for reason in Reason))
_NO_DETECTION = REASONS.index(Reason.NO_DETECTION.value)
# Rows that are written at once.
_ROWS = 50_000
_STATUS, _INPUT, _OUTPUT = "status", "input", "output"


def row_names(rows: "pl.DataFrame", tables: Sequence[str]) -> "pl.Series":
    """Return the name of each detection: that of its table and of its row.

    Args:
        rows: the columns `file` and `row`.
        tables: the name of each table.
    """
    import polars as pl

    names = pl.Series([f"{name}:" for name in tables], dtype=pl.String)
    return names.gather(rows[FILE]) + rows[ROW].cast(pl.String)


class JoinLedger:
    """What became of the detections and the images.

    Args:
        rows: the columns `file`, `row` and `number` of the detections.
        tables: the name of each table.
        reasons: why each detection is rejected, as a place in `REASONS`.
        details: more about each.
        images: the paths of all images, relative to the image folder.
        prefix: prepended to these paths.
        is_split: whether several detections may come from one row of a file. It has one row in
            the ledger, which is ok if one of its labels is.

    Attributes:
        reasons: of the detections that have a row.
        details: of these.
    """

    def __init__(
        self,
        rows: "pl.DataFrame",
        tables: Sequence[str],
        reasons: NDArray[np.uint8],
        details: NDArray[np.object_],
        images: "pl.Series",
        prefix: str,
        *,
        is_split: bool,
    ) -> None:
        numbers = rows[NUMBER].to_numpy()
        good = np.flatnonzero(reasons == 0)
        self._have_one = first_rows(numbers, good, len(images)) >= 0
        rows = rows.select(FILE, ROW, NUMBER)
        if is_split:
            kept = _first_of_each(row_names(rows, tables), reasons)
            rows, reasons, details = rows[kept], reasons[kept], details[kept]
        self.reasons, self.details = reasons, details
        self._rows, self._tables, self._images, self._prefix = rows, tables, images, prefix
        self._are_numbered = rows[ROW].dtype.is_integer()

    def __len__(self) -> int:
        return len(self.reasons)

    def count(self, reason: Reason) -> int:
        """Return how many detections are rejected for a reason."""
        return int((self.reasons == REASONS.index(reason.value)).sum())

    def write(self, writer: LedgerWriter) -> None:
        """Write all rows."""
        import polars as pl

        stage = pl.lit(writer.stage).alias("stage")
        columns = (stage, _INPUT, _STATUS, REASON, DETAIL, _OUTPUT)
        named = [self._prefix, *self._tables]
        is_plain = not (needs_quotes(self._images) or needs_quotes(to_column(named)))
        plain = (REASON, _STATUS, *((_INPUT, _OUTPUT) if is_plain and self._are_numbered else ()))
        for block, reasons in chain(self._detections(), self._images_left()):
            writer.write_lines(csv_lines(block.select(columns), plain), _count(reasons))

    def _detections(self) -> "Iterator[tuple[pl.DataFrame, NDArray[np.uint8]]]":
        import polars as pl

        for start in range(0, len(self), _ROWS):
            rows = self._rows.slice(start, _ROWS)
            reasons = self.reasons[start : start + _ROWS]
            details = self.details[start : start + _ROWS].tolist()
            paths = self._images.gather(np.maximum(rows[NUMBER].to_numpy(), 0))
            columns = {_INPUT: row_names(rows, self._tables), "path": paths}
            details = pl.Series(DETAIL, details, dtype=pl.String)
            yield self._block(pl.DataFrame(columns).with_columns(details), reasons), reasons

    def _images_left(self) -> "Iterator[tuple[pl.DataFrame, NDArray[np.uint8]]]":
        import polars as pl

        for start in range(0, len(self._images), _ROWS):
            has_one = self._have_one[start : start + _ROWS]
            reasons = np.where(has_one, 0, _NO_DETECTION).astype(np.uint8)
            paths = self._images.slice(start, _ROWS)
            columns = {_INPUT: self._prefix + paths, "path": paths}
            detail = pl.lit("").alias(DETAIL)
            yield self._block(pl.DataFrame(columns).with_columns(detail), reasons), reasons

    def _block(self, block: "pl.DataFrame", reasons: NDArray[np.uint8]) -> "pl.DataFrame":
        """Add status, reason and output to some rows."""
        import polars as pl

        is_good = pl.lit(pl.Series(reasons == 0))
        output = pl.lit(self._prefix) + pl.col("path")
        return block.with_columns(
            pl.Series(REASON, REASONS).gather(reasons),
            pl.when(is_good)
            .then(pl.lit(Status.OK.value))
            .otherwise(pl.lit(Status.REJECTED.value))
            .alias(_STATUS),
            pl.when(is_good).then(output).otherwise(pl.lit("")).alias(_OUTPUT),
        )


def _count(reasons: NDArray[np.uint8]) -> Counts:
    numbers = np.bincount(reasons, minlength=len(REASONS)).tolist()
    found = {REASONS[code]: number for code, number in enumerate(numbers) if code and number}
    return Counts(ok=numbers[0], rejected=sum(found.values()), reasons=Counter(found))


def _first_of_each(names: "pl.Series", reasons: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return for each name its first row that isn't rejected, else its first row, in order."""
    order = np.argsort(reasons != 0, kind="stable")
    first = names.gather(order).is_first_distinct().to_numpy()
    return np.sort(order[first])
