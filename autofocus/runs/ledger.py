"""The ledger: a row for every input of a stage, so that no input disappears unnoticed.

`inputs = ok + reused + rejected`, always. A stage that writes a folder keeps its ledger in it as
`ledger.csv`; a stage that writes one file keeps it beside that file as `<name>.ledger.csv`.
"""

import csv
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from autofocus.errors import InputDataError, TooManyRejectedError
from autofocus.runs.csv_files import CsvReader, CsvWriter, csv_lines

LEDGER_NAME = "ledger.csv"
COLUMNS = ("stage", "input", "status", "reason", "detail", "output")


class Status(str, Enum):
    """What became of an input."""

    OK = "ok"
    REUSED = "reused"
    REJECTED = "rejected"


# Python 3.11 looks members up slowly, which takes seconds on millions of rows.
_OK, _REUSED = Status.OK, Status.REUSED


class Reason(str, Enum):
    """Why an input was rejected: the whole vocabulary."""

    # any stage: an error of the program or of a library while it handled this input
    UNEXPECTED = "unexpected"
    # download
    UNSAFE_KEY = "unsafe_key"
    RESERVED_NAME = "reserved_name"
    FILE_AND_FOLDER = "file_and_folder"
    CASE_COLLISION = "case_collision"
    DOWNLOAD_FAILED = "download_failed"
    REFUSED = "refused"
    ARCHIVED = "archived"
    # images
    EMPTY_FILE = "empty_file"
    NOT_AN_IMAGE = "not_an_image"
    APPLE_DOUBLE = "apple_double"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    TOO_SHORT_TO_TRIM = "too_short_to_trim"
    UNREADABLE = "unreadable"
    # detection tables
    MISSING_FIELD = "missing_field"
    BAD_DATE = "bad_date"
    CONFLICTING_DATES = "conflicting_dates"
    CONFLICTING_LOCATIONS = "conflicting_locations"
    DUPLICATE = "duplicate"
    IMAGE_MISSING = "image_missing"
    NO_DETECTION = "no_detection"
    CORRECTED = "corrected"
    # labels
    NO_LABEL = "no_label"
    CONFLICTING_LABELS = "conflicting_labels"
    # exports
    NOT_SELECTED = "not_selected"
    NO_TIME = "no_time"
    NO_DEPLOYMENT = "no_deployment"
    # predictions
    LABELLED = "labelled"
    PEOPLE = "people"


# Expected in sound data: they do not count towards `max_rejected`.
HARMLESS = frozenset(
    {
        Reason.APPLE_DOUBLE,
        Reason.NO_DETECTION,
        Reason.DUPLICATE,
        Reason.CORRECTED,
        Reason.NOT_SELECTED,
        Reason.LABELLED,
        Reason.PEOPLE,
    }
)


class Row(NamedTuple):
    """One input and its status.

    Attributes:
        input: the input's name, such as its path relative to the input folder.
        status: ok, reused or rejected.
        reason: why it was rejected; None otherwise.
        detail: more for people; may be empty.
        output: what was made of it, relative to the ledger's folder; may be empty.
    """

    input: str
    status: Status = Status.OK
    reason: Reason | None = None
    detail: str = ""
    output: str = ""

    def cells(self, stage: str) -> tuple[str, ...]:
        """Return the row's cells in the file."""
        return all_cells([self], stage)[0]


def all_cells(rows: Iterable[Row], stage: str) -> list[tuple[str, ...]]:
    """Return the cells of many rows in the file."""
    # The members are text themselves; `.value` takes time on millions of rows.
    return [
        (stage, name, status, reason or "", detail, output)
        for name, status, reason, detail, output in rows
    ]


def rejected(name: str, reason: str, detail: str = "") -> Row:
    """Return the row of an input that was rejected for a reason of the vocabulary."""
    return Row(name, Status.REJECTED, Reason(reason), detail)


@dataclass
class Counts:
    """Numbers of inputs by status, and of rejected ones by reason."""

    ok: int = 0
    reused: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def inputs(self) -> int:
        """The number of all inputs: ok, reused and rejected."""
        return self.ok + self.reused + self.rejected

    def add(self, status: Status, reason: Reason | None = None, number: int = 1) -> None:
        """Count inputs of the same status and reason."""
        if status is _OK:
            self.ok += number
        elif status is _REUSED:
            self.reused += number
        else:
            self.rejected += number
        if reason is not None:
            self.reasons[reason.value] += number

    def __str__(self) -> str:
        """Return the summary in one line."""
        line = (
            f"{self.inputs} {_noun(self.inputs)} = {self.ok} ok + {self.reused} reused "
            f"+ {self.rejected} rejected"
        )
        why = ", ".join(f"{reason} {number}" for reason, number in sorted(self.reasons.items()))
        return f"{line} ({why})" if why else line

    def share(self, earlier: Collection[Row] = ()) -> "Share":
        """Return what counts towards `max_rejected`: harmless reasons do not.

        Args:
            earlier: rejections of an earlier stage, which has checked them.
        """
        new = self.reasons - Counter(row.reason.value for row in earlier if row.reason)
        counted = {why: n for why, n in new.most_common() if Reason(why) not in HARMLESS}
        return Share(self.inputs - len(earlier), counted)

    def check(
        self,
        max_rejected: float,
        ledger: Path,
        earlier: Collection[Row] = (),
        notes: Iterable[str] = (),
    ) -> None:
        """Fail if too large a share of the inputs was rejected.

        Args:
            max_rejected: the largest share allowed, 0 to 1.
            ledger: the path of the ledger, for the message.
            earlier: rejections of an earlier stage, which has checked them.
            notes: what people should know; printed on failure, as there is no result then.

        Raises:
            TooManyRejectedError: more than `max_rejected` of all inputs were rejected.
        """
        share = self.share(earlier)
        if share.is_above(max_rejected):
            for note in notes:
                print(f"  note: {note}", file=sys.stderr, flush=True)
            raise TooManyRejectedError(
                f"{share}, more than the share of {max_rejected:g} that --max-rejected allows: "
                f"see {ledger}."
            )


@dataclass(frozen=True)
class Share:
    """The rejected share of a stage's inputs, harmless reasons aside.

    Attributes:
        inputs: how many inputs there were.
        reasons: how many of them were rejected, by reason.
    """

    inputs: int
    reasons: Mapping[str, int]

    @property
    def rejected(self) -> int:
        """How many inputs were rejected."""
        return sum(self.reasons.values())

    def is_above(self, limit: float) -> bool:
        """Tell whether more than this share, 0 to 1, was rejected."""
        # Not `rejected > limit * inputs`: 0.29 * 100 is a little less than 29.
        return self.rejected > 0 and self.rejected / self.inputs > limit

    def __str__(self) -> str:
        """Return how many were rejected, and why."""
        why = ", ".join(f"{reason} {number}" for reason, number in self.reasons.items())
        verb = "was" if self.rejected == 1 else "were"
        return f"{self.rejected} of {self.inputs} {_noun(self.inputs)} {verb} rejected ({why})"


def _noun(number: int) -> str:
    return "input" if number == 1 else "inputs"


class LedgerWriter:
    """Writes a ledger row by row, and counts.

    Args:
        path: the file to write, usually an unfinished one that is renamed later.
        stage: the stage's name, for the first column.

    Attributes:
        stage: the stage's name.
        counts: of the rows so far.
    """

    def __init__(self, path: Path, stage: str) -> None:
        self._file = CsvWriter(path, COLUMNS)
        self.stage = stage
        self.counts = Counts()

    def write(self, row: Row) -> None:
        """Write one row."""
        self.write_all([row])

    def write_all(self, rows: Iterable[Row]) -> None:
        """Write several rows."""
        for row in rows:
            self.counts.add(row.status, row.reason)
            self._file.write(row.cells(self.stage))

    def write_lines(self, lines: bytes, counts: Counts) -> None:
        """Write many rows at once.

        Args:
            lines: the rows as `CsvWriter` writes them, with the stage's name in front.
            counts: of these rows.
        """
        self.counts.ok += counts.ok
        self.counts.reused += counts.reused
        self.counts.rejected += counts.rejected
        self.counts.reasons.update(counts.reasons)
        self._file.write_lines(lines)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def reuse_rows(content: bytes) -> bytes:
    """Return whole rows of a ledger with the status `reused` in place of `ok`."""
    status = COLUMNS.index("status")
    rows = list(csv.reader(StringIO(content.decode(), newline="")))
    for row in rows:
        if row[status] == _OK.value:
            row[status] = _REUSED.value
    return csv_lines(rows).encode()


def ledger_beside(output: Path) -> Path:
    """Return the path of the ledger of a stage that writes this one file."""
    return output.with_name(f"{output.stem}.{LEDGER_NAME}")


def read_ledger(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield each stage name and row of a ledger.

    Raises:
        InputDataError: the file is not a ledger, or a row is incomplete.
    """
    with CsvReader(path) as reader:
        if tuple(reader.columns) != COLUMNS:
            raise InputDataError(
                f"{path} is not a ledger: its columns are not {', '.join(COLUMNS)}."
            )
        for cells in reader:
            yield _parse(cells, path, reader.line)


def has_ledger_columns(path: Path) -> bool:
    """Return whether a file can be read and has the columns of a ledger."""
    try:
        with CsvReader(path) as reader:
            return tuple(reader.columns) == COLUMNS
    except (InputDataError, OSError):
        return False


def is_ledger_of(path: Path, stage: str) -> bool:
    """Tell whether a file is a ledger of this stage, by its header and its first row."""
    if not path.is_file():
        return False
    try:
        first = next(read_ledger(path), None)
    except InputDataError:
        return False
    return first is None or first[0] == stage


def _parse(cells: list[str], path: Path, line: int) -> tuple[str, Row]:
    try:
        stage, name, status, reason, detail, output = cells
        row = Row(name, Status(status), Reason(reason) if reason else None, detail, output)
    except ValueError:
        raise InputDataError(f"{path}, line {line}: not a whole ledger row: {cells}.") from None
    return stage, row


def count(rows: Iterable[tuple[str, Row]]) -> Counts:
    """Count the rows of a ledger."""
    counts = Counts()
    for _, row in rows:
        counts.add(row.status, row.reason)
    return counts
