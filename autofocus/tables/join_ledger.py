"""The ledger of a join: one row per row of the tables, then one per image."""

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.ledger import Counts, LedgerWriter, Reason, Status
from autofocus.tables.frames import csv_lines, needs_quotes, quote
from autofocus.tables.image_rows import FILE, NUMBER, first_rows
from autofocus.tables.records import DETAIL, REASON, ROW
from autofocus.tables.texts import put, to_column

if TYPE_CHECKING:
    import polars as pl

# A row's reason is a place in this tuple; the first is that of a row that isn't rejected.
REASONS = ("", *(reason.value for reason in Reason))
_NO_DETECTION = REASONS.index(Reason.NO_DETECTION.value)
# Rows that are written at once.
_ROWS = 50_000
_STATUS, _INPUT, _OUTPUT = "status", "input", "output"
_COLUMNS = (_INPUT, _STATUS, REASON, DETAIL, _OUTPUT)
# Stand between the cells of a row while it is written, and before those of one that isn't ok.
_BETWEEN, _OTHER = "\x01", "\x02"


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
        named = [writer.stage, self._prefix, *self._tables]
        is_plain = not (needs_quotes(self._images) or needs_quotes(to_column(named)))
        are_names = is_plain and self._are_numbered
        plain = ("stage", REASON, _STATUS, *((_INPUT, _OUTPUT) if are_names else ()))
        for part in chain(self._detections(), self._images_left()):
            lines = _plain_lines(part, writer.stage, self._prefix) if are_names else None
            if lines is None:
                lines = csv_lines(part.rows(self._prefix).select(stage, *_COLUMNS), plain)
            writer.write_lines(lines, _count(part.reasons))

    def _detections(self) -> "Iterator[_Part]":
        files = self._rows[FILE].to_numpy()
        # The names of the detections of one table begin alike.
        borders = np.flatnonzero(files[1:] != files[:-1]) + 1
        for start, end in _blocks([0, *borders.tolist(), len(self)]):
            rows = self._rows.slice(start, end - start)
            paths = self._images.gather(np.maximum(rows[NUMBER].to_numpy(), 0))
            before = f"{self._tables[files[start]]}:"
            yield _Part(before, rows[ROW], paths, self.reasons[start:end], self.details[start:end])

    def _images_left(self) -> "Iterator[_Part]":
        for start, end in _blocks([0, len(self._images)]):
            paths = self._images.slice(start, end - start)
            reasons = np.where(self._have_one[start:end], 0, _NO_DETECTION).astype(np.uint8)
            yield _Part(self._prefix, paths, paths, reasons, np.full(end - start, "", object))


@dataclass(frozen=True)
class _Part:
    """Some inputs, one after the other.

    Attributes:
        before: what their names begin with.
        names: the rest of each name, text or numbers.
        paths: the path of each one's image.
        reasons: why each is rejected, as a place in `REASONS`.
        details: more about each.
    """

    before: str
    names: "pl.Series"
    paths: "pl.Series"
    reasons: NDArray[np.uint8]
    details: NDArray[np.object_]

    def take(self, rows: NDArray[np.intp]) -> "_Part":
        """Return some of them."""
        names, paths = self.names.gather(rows), self.paths.gather(rows)
        return _Part(self.before, names, paths, self.reasons[rows], self.details[rows])

    def rows(self, prefix: str) -> "pl.DataFrame":
        """Return the columns of the ledger but the stage's name, given what paths begin with."""
        import polars as pl

        is_good = pl.lit(pl.Series(self.reasons == 0))
        ok, rejected = pl.lit(Status.OK.value), pl.lit(Status.REJECTED.value)
        columns = {_INPUT: self.before + self.names.cast(pl.String), "path": self.paths}
        return pl.DataFrame(columns).with_columns(
            pl.Series(DETAIL, self.details.tolist(), dtype=pl.String),
            pl.Series(REASON, REASONS).gather(self.reasons),
            pl.when(is_good).then(ok).otherwise(rejected).alias(_STATUS),
            pl.when(is_good).then(prefix + pl.col("path")).otherwise(pl.lit("")).alias(_OUTPUT),
        )


def _blocks(borders: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield start and end of blocks of at most `_ROWS` rows, none of which crosses a border."""
    for low, high in pairwise(borders):
        for start in range(low, high, _ROWS):
            yield start, min(start + _ROWS, high)


def _plain_lines(part: _Part, stage: str, prefix: str) -> bytes | None:
    """Return the lines of inputs whose names and paths need no quotation marks.

    Of a row that is ok and without details, only the name and the path are its own. So only these
    are written with a mark between them, and what all such rows have there takes its place at
    once. A row of another kind has its other columns in place of the path, behind a mark.

    Returns:
        The lines; None if a name or a path has one of the marks.
    """
    import polars as pl

    others = np.flatnonzero((part.reasons != 0) | part.details.astype(bool))
    cells = part.paths
    if len(others):
        rows = part.take(others).rows(prefix)
        rows = rows.with_columns(quote(rows[DETAIL]).alias(DETAIL))
        texts = pl.concat_str(_COLUMNS[1:], separator=",")
        cells = put(cells, others, rows.select(_OTHER + texts).to_series())
    before = f"{stage},{part.before}"
    table = pl.DataFrame({_INPUT: part.names, "path": cells})
    file = io.BytesIO()
    table.write_csv(
        file, include_header=False, quote_style="never", separator=_BETWEEN,
        line_terminator=f"\n{before}",
    )  # fmt: skip
    lines, between, other = file.getvalue(), _BETWEEN.encode(), _OTHER.encode()
    if lines.count(between) != len(table) or lines.count(other) != len(others):
        return None
    if len(others):
        lines = lines.replace(between + other, b",")
    lines = lines.replace(between, f",{Status.OK.value},,,{prefix}".encode())
    # What each line begins with stands behind the end of the line before it.
    start = before.encode()
    return b"".join((start, memoryview(lines)[: -len(start)]))


def _count(reasons: NDArray[np.uint8]) -> Counts:
    numbers = np.bincount(reasons, minlength=len(REASONS)).tolist()
    found = {REASONS[code]: number for code, number in enumerate(numbers) if code and number}
    return Counts(ok=numbers[0], rejected=sum(found.values()), reasons=Counter(found))


def _first_of_each(names: "pl.Series", reasons: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Return for each name its first row that isn't rejected, else its first row, in order."""
    order = np.argsort(reasons != 0, kind="stable")
    first = names.gather(order).is_first_distinct().to_numpy()
    return np.sort(order[first])
