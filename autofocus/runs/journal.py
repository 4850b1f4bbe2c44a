"""The journal: what a stage has done, kept so that `kill -9` loses at most the work under way.

A stage goes through its inputs in rising order. Each fresh outcome is one line, appended when the
output stands in its place. A run that ends renames the whole account to `finished.jsonl`; until
then two files hold it: `journal.jsonl`, all earlier interrupted starts merged, and
`journal.new.jsonl`, the present one. All are read in order beside the inputs, never into memory.
"""

import heapq
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from autofocus.runs.ledger import Reason, Row, Status


@dataclass(frozen=True)
class Outcome:
    """What became of one input.

    Attributes:
        row: its row in the ledger.
        extra: what else the stage's tables need, as plain JSON values.
    """

    row: Row
    extra: dict[str, Any] = field(default_factory=dict)

    def to_line(self) -> str:
        """Return the outcome as a line of the journal."""
        row = self.row
        reason = row.reason.value if row.reason else None
        cells = [row.input, row.status.value, reason, row.detail, row.output, self.extra]
        return json.dumps(cells, ensure_ascii=False) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Outcome":
        """Read a line of the journal (raises ValueError if it is torn)."""
        name, status, reason, detail, output, extra = json.loads(line)
        row = Row(name, Status(status), Reason(reason) if reason else None, detail, output)
        return cls(row, extra)


class Journal:
    """A stage's account of this run, and of what came before it.

    Args:
        folder: the stage's hidden folder (`Workspace.folder`).
    """

    def __init__(self, folder: Path) -> None:
        self._finished = folder / "finished.jsonl"
        self._interrupted = folder / "journal.jsonl"
        self._new = folder / "journal.new.jsonl"
        self._merge()
        self._earlier = [_Reader(self._interrupted), _Reader(self._finished)]
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
        merged.replace(self._interrupted)
        self._new.unlink()

    def earlier(self, name: str) -> Outcome | None:
        """Return what an earlier start made of this input, or None.

        Names must be asked for in rising order. What an interrupted start of this same run did
        counts as done by this run; what an ended run did comes back as `reused`.
        """
        interrupted, finished = (reader.find(name) for reader in self._earlier)
        if interrupted:
            return interrupted
        if finished and finished.row.status is not Status.REJECTED:
            if in_same_run():
                return finished
            return replace(finished, row=replace(finished.row, status=Status.REUSED))
        return None

    def append(self, outcome: Outcome) -> None:
        """Remember a fresh outcome, at once and for good."""
        self._file.write(outcome.to_line())

    def close(self) -> None:
        """Close all files; what was remembered stays for the next start."""
        self._file.close()
        for reader in self._earlier:
            reader.close()

    def finish(self, account: Path) -> None:
        """Put the whole account in place of the journals: the run has ended.

        Args:
            account: a file of lines for all inputs, in order.
        """
        self.close()
        account.replace(self._finished)
        self._interrupted.unlink(missing_ok=True)
        self._new.unlink(missing_ok=True)


_SAME_RUN: ContextVar[bool] = ContextVar("same_run", default=False)


@contextmanager
def same_run() -> Iterator[None]:
    """Within the block, what a stage finished earlier counts as done by this run.

    It is for a run of several stages that goes on after it was stopped: the stages that it had
    finished by then keep their accounts.
    """
    token = _SAME_RUN.set(True)
    try:
        yield
    finally:
        _SAME_RUN.reset(token)


def in_same_run() -> bool:
    """Tell whether finished stages keep their accounts."""
    return _SAME_RUN.get()


class _Reader:
    """Finds outcomes in an ordered file by reading it once."""

    def __init__(self, path: Path) -> None:
        self._outcomes = read_outcomes(path)
        self._head = next(self._outcomes, None)

    def find(self, name: str) -> Outcome | None:
        while self._head is not None and self._head.row.input < name:
            self._head = next(self._outcomes, None)
        return self._head if self._head is not None and self._head.row.input == name else None

    def close(self) -> None:
        self._outcomes.close()


def read_outcomes(path: Path) -> Generator[Outcome, None, None]:
    """Yield the outcomes in a file of lines, up to the first torn one; none if it isn't there."""
    if not path.exists():
        return
    # A torn line may end within a letter.
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            try:
                yield Outcome.from_line(line)
            except ValueError:
                # The line that was being written when the run was killed: its work is redone.
                return
