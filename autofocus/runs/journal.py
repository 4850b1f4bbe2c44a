"""The journal: what a stage has done, kept so that `kill -9` loses at most the work in progress.

A stage goes through its inputs in rising order. Each fresh outcome is one line, appended just
before its files are renamed to their final paths. A run that ends writes all outcomes to
`finished.jsonl`; until then two files hold them: `journal.jsonl`, all earlier interrupted starts
merged, and `journal.new.jsonl`, the present one. All are read in order beside the inputs, never
into memory.
"""

import heapq
import json
import os
import re
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from autofocus.runs import files
from autofocus.runs.ledger import Reason, Row, Status
from autofocus.runs.workspace import FINISHED_NAME


# Not frozen, which makes it slower to make; nobody changes one.
@dataclass(slots=True)
class Outcome:
    """The result of one input.

    Attributes:
        row: its row in the ledger.
        extra: what else the stage's tables and later runs need, as plain JSON values.
    """

    row: Row
    extra: dict[str, Any] = field(default_factory=dict)

    def to_line(self) -> str:
        """Return the outcome as a line of the journal."""
        return to_lines([self])[0]

    @classmethod
    def from_line(cls, line: str) -> "Outcome":
        """Read a line of the journal.

        Lines of earlier versions have no checksum.

        Raises:
            ValueError: it is torn, or was edited or damaged.
        """
        try:
            cells = json.loads(line)
        except RecursionError:
            raise ValueError("too deep") from None
        has_checksum = isinstance(cells, list) and len(cells) > len(_TYPES)
        if has_checksum and _checksum(_without_checksum(line)) != cells.pop():
            raise ValueError("another checksum")
        if not isinstance(cells, list) or len(cells) != len(_TYPES):
            raise ValueError("another form")
        if not all(map(isinstance, cells, _TYPES)):
            raise ValueError("other types")
        name, status, reason, detail, output, extra = cells
        row = Row(name, Status(status), Reason(reason) if reason else None, detail, output)
        if row.status is Status.REJECTED and row.reason is None:
            raise ValueError("rejected without a reason")
        return cls(row, extra)


def to_lines(outcomes: Sequence[Outcome]) -> list[str]:
    """Return outcomes as lines of the journal."""
    # Encoding many at once takes half the time of encoding each by itself. Statuses and reasons
    # are text themselves; `.value` takes time on millions of lines.
    values: list[Any] = []
    for outcome in outcomes:
        values += ([*outcome.row, outcome.extra], _BETWEEN)
    texts = _ENCODE(values[:-1])[1:-1].split(_ENCODED_BETWEEN)
    if len(texts) != len(outcomes):
        # There are none, or one holds such a value itself.
        texts = [_ENCODE([*outcome.row, outcome.extra]) for outcome in outcomes]
    return [_with_checksum(text) for text in texts]


# The outcomes of interrupted starts, merged.
_INTERRUPTED_NAME = "journal.jsonl"
# Of the cells of a line: input, status, reason, detail, output and extra values.
_TYPES = (str, str, str | None, str, str, dict)
# `json.dumps` would make an encoder for each line, and look for values that hold themselves.
_ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
# A value that separates outcomes, and its code with what stands around it. That can't be part of a
# text, where each quotation mark has a backslash in front.
_BETWEEN = "\0"
_ENCODED_BETWEEN = f", {_ENCODE(_BETWEEN)}, "
# What a line of an input that was made by a run begins with: its name and its status.
_MADE = re.compile(rb'\["(?:[^"\\]|\\.)*", "(?=ok", null, )')
# Its quotes, and the bracket that closes the line.
_CHECKSUM_LENGTH = len(', "00000000"]')


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode('utf-8', 'backslashreplace')):08x}"


def _with_checksum(text: str) -> str:
    return f'{text[:-1]}, "{_checksum(text)}"]\n'


def reuse_lines(content: bytes) -> bytes:
    """Return whole lines of a journal with the status `reused` in place of `ok`."""
    return b"".join(map(_reuse_line, content.splitlines(keepends=True)))


def _reuse_line(line: bytes) -> bytes:
    made = _MADE.match(line)
    if made is None:
        return line
    text = b"%sreused%s]" % (made[0], line[made.end() + len("ok") : -_CHECKSUM_LENGTH - 1])
    return b'%s, "%08x"]\n' % (text[:-1], zlib.crc32(text))


def _without_checksum(line: str) -> str:
    return line.rstrip("\n")[:-_CHECKSUM_LENGTH] + "]"


class Journal:
    """The outcomes of this run, and those of earlier ones.

    Args:
        folder: the stage's hidden folder (`Workspace.folder`).
        is_continued: whether the last finished run was this one, before it was stopped.
        left_out: places in `finished.jsonl`, in order and in bytes, of whole lines whose outcomes
            will not be asked for, as they are known to hold.

    Attributes:
        keeps_statuses: whether what a finished run did counts as done by this one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        is_continued: bool = False,
        left_out: Sequence[tuple[int, int]] = (),
    ) -> None:
        self.keeps_statuses = is_continued or in_same_run()
        self._finished = folder / FINISHED_NAME
        self._interrupted = folder / _INTERRUPTED_NAME
        self._new = folder / "journal.new.jsonl"
        self._merge()
        self._earlier = [_Reader(self._interrupted), _Reader(self._finished, left_out)]
        self._file: IO[str] = self._new.open(
            "w", encoding="utf-8", errors="backslashreplace", newline="\n", buffering=1
        )

    def _merge(self) -> None:
        """Merge the journals of interrupted starts into one, in order, the newest line first."""
        if not self._new.exists():
            return
        merged = self._interrupted.with_suffix(".merging")
        with merged.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            lines = heapq.merge(
                read_outcomes(self._new),
                read_outcomes(self._interrupted),
                key=lambda o: o.row.input,
            )
            for _, same in groupby(lines, key=lambda o: o.row.input):
                file.write(next(same).to_line())
        files.sync(merged)
        merged.replace(self._interrupted)
        self._new.unlink()

    def earlier(self, name: str) -> Outcome | None:
        """Return the earlier outcome of this input, or None.

        Names must be given in rising order. An outcome of an interrupted start counts as this
        run's own; that of a finished run comes back as `reused`.
        """
        interrupted, finished = self.versions(name)
        if interrupted:
            return interrupted
        if finished and finished.row.status is not Status.REJECTED:
            if self.keeps_statuses:
                return finished
            return Outcome(finished.row._replace(status=Status.REUSED), finished.extra)
        return None

    def versions(self, name: str) -> tuple[Outcome | None, Outcome | None]:
        """Return the outcomes of interrupted starts and of the last finished run, as recorded."""
        interrupted, finished = self._earlier
        return interrupted.find(name), finished.find(name)

    @property
    def is_used_up(self) -> bool:
        """Whether no input that is still to come has an earlier outcome."""
        return all(reader.is_at_end for reader in self._earlier)

    @property
    def has_vanished(self) -> bool:
        """Whether earlier runs had inputs that this one has not, once all were gone through."""
        return any(reader.has_skipped for reader in self._earlier)

    def append(self, outcome: Outcome) -> None:
        """Record a fresh outcome at once."""
        self.append_lines([outcome.to_line()])

    def append_lines(self, lines: Iterable[str]) -> None:
        """Record the lines of fresh outcomes at once, in one write."""
        self._file.write("".join(lines))

    def sync(self) -> None:
        """Flush what was recorded to the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def interrupted(self) -> Generator[Outcome, None, None]:
        """Yield the outcomes of interrupted starts, in order."""
        return read_outcomes(self._interrupted)

    def with_earlier(self, lines: Path) -> Iterator[tuple[Outcome, Outcome | None]]:
        """Yield each outcome of earlier runs, rejected ones included, with the present one.

        Args:
            lines: a file with the outcomes of all present inputs, in order.
        """
        present = _Reader(lines)
        try:
            for earlier in heapq.merge(
                read_outcomes(self._interrupted),
                read_outcomes(self._finished),
                key=lambda outcome: outcome.row.input,
            ):
                yield earlier, present.find(earlier.row.input)
        finally:
            present.close()

    def close(self) -> None:
        """Close all files; what was recorded stays for the next start."""
        self._file.close()
        for reader in self._earlier:
            reader.close()

    def finish(self, lines: Path) -> None:
        """Replace the journals by the outcomes of all inputs: the run has ended.

        Args:
            lines: a file with these outcomes, in order; that of the last finished run if it is
                the same.
        """
        self.close()
        if lines != self._finished:
            files.put_in_place(lines, self._finished)
        self._interrupted.unlink(missing_ok=True)
        self._new.unlink(missing_ok=True)


_SAME_RUN: ContextVar[bool] = ContextVar("same_run", default=False)


@contextmanager
def same_run() -> Iterator[None]:
    """Within the block, what a stage finished earlier counts as done by this run.

    It is for a run of several stages that goes on after it was stopped: the stages that it had
    finished by then keep the statuses in their ledgers.
    """
    token = _SAME_RUN.set(True)
    try:
        yield
    finally:
        _SAME_RUN.reset(token)


def in_same_run() -> bool:
    """Tell whether finished stages keep the statuses in their ledgers."""
    return _SAME_RUN.get()


class _Reader:
    """Finds outcomes in an ordered file by reading it once."""

    def __init__(self, path: Path, left_out: Sequence[tuple[int, int]] = ()) -> None:
        self._outcomes = read_outcomes(path, left_out)
        self._head = next(self._outcomes, None)
        self._is_used = False
        self._has_skipped = False

    @property
    def has_skipped(self) -> bool:
        """Whether there are outcomes that were not asked for."""
        has_rest = self._head is not None and not (
            self._is_used and next(self._outcomes, None) is None
        )
        return self._has_skipped or has_rest

    @property
    def is_at_end(self) -> bool:
        """Whether there is no outcome that could be asked for."""
        return self._head is None

    def find(self, name: str) -> Outcome | None:
        if self._head is None:
            return None
        while self._head is not None and self._head.row.input < name:
            self._has_skipped = self._has_skipped or not self._is_used
            self._head, self._is_used = next(self._outcomes, None), False
        if self._head is None or self._head.row.input != name:
            return None
        self._is_used = True
        return self._head

    def close(self) -> None:
        self._outcomes.close()


def read_outcomes(
    path: Path, left_out: Sequence[tuple[int, int]] = ()
) -> Generator[Outcome, None, None]:
    """Yield the outcomes in a file of lines, up to the first torn one; none if it is missing.

    Args:
        path: the file; its lines are in rising order of the inputs' names.
        left_out: where whole lines begin and end that are not to be read, in order and in bytes.
    """
    if not path.exists():
        return
    before: str | None = None
    with path.open("rb") as file:
        for line in _lines(file, left_out):
            try:
                # A torn line may end within a letter.
                outcome = Outcome.from_line(line.decode("utf-8", "replace"))
            except ValueError:
                # The line that was being written when the run was killed: its work is redone.
                return
            if before is not None and outcome.row.input <= before:
                # Somebody edited the file: what follows can't be found.
                return
            before = outcome.row.input
            yield outcome


def read_earlier(folder: Path) -> Iterator[Outcome]:
    """Yield the outcomes of interrupted starts, and then those of the last finished run.

    Args:
        folder: the stage's hidden folder, in which no run is at work.
    """
    for name in (_INTERRUPTED_NAME, FINISHED_NAME):
        yield from read_outcomes(folder / name)


def _lines(file: IO[bytes], left_out: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """Yield the lines of a file, without those between some places."""
    for start, end in left_out:
        while file.tell() < start and (line := file.readline()):
            yield line
        file.seek(end)
    yield from file
