"""What a stage makes of all outcomes: the ledger, further tables, and the journal's last state."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from autofocus.runs import files
from autofocus.runs.block_files import BlockFile
from autofocus.runs.blocks import (
    RECORD_NAME,
    SIZE,
    Block,
    Count,
    Fingerprints,
    IntactBlock,
    Part,
    find_states,
    header_line,
    make_block,
)
from autofocus.runs.csv_files import CsvWriter, csv_lines
from autofocus.runs.journal import Outcome, read_outcomes, reuse_lines
from autofocus.runs.ledger import COLUMNS, Counts, Reason, Status, all_cells, reuse_rows
from autofocus.runs.workspace import FINISHED_NAME, Workspace


@dataclass(frozen=True)
class Table:
    """A table with a row for each input that was not rejected.

    Attributes:
        path: the path of the table.
        columns: its header.
        row: makes a row of an outcome.
    """

    path: Path
    columns: Sequence[str]
    row: Callable[[Outcome], Sequence[Any]]


@dataclass(frozen=True)
class RowsTable:
    """A table with any number of rows for each input that was not rejected.

    Attributes:
        path: the path of the table.
        columns: its header.
        rows: makes the rows of an outcome.
    """

    path: Path
    columns: Sequence[str]
    rows: Callable[[Outcome], Iterable[Sequence[Any]]]

    @classmethod
    def of(cls, table: Table) -> "RowsTable":
        """Return a table of one row for each input as one of any number."""
        row = table.row
        return cls(table.path, table.columns, lambda outcome: (row(outcome),))


@dataclass(frozen=True)
class LateTable:
    """A table whose rows depend on all outcomes: it is made when all are known.

    Attributes:
        path: the path of the table.
        columns: its header.
        rows: makes all rows. Its argument reads the outcomes of all inputs, rejected ones
            included, in order and anew at each call, so that none need be kept in memory.
    """

    path: Path
    columns: Sequence[str]
    rows: Callable[[Callable[[], Iterator[Outcome]]], Iterable[Sequence[Any]]]


AnyTable = Table | RowsTable | LateTable


class ResultsWriter:
    """Writes the ledger, the tables and all outcomes, unfinished until `publish`.

    Args:
        workspace: the stage's memory.
        ledger: the path of the ledger.
        tables: the tables beside it.

    Attributes:
        counts: of the ledger.
        tally: how many outcomes are counted under each key; see `Fingerprints`.
    """

    def __init__(self, workspace: Workspace, ledger: Path, tables: Sequence[AnyTable]) -> None:
        self.counts = Counts()
        self.tally: Counter[str] = Counter()
        self._stage, self._scratch = workspace.name, workspace.scratch
        self._lines = BlockFile(self._scratch / "lines", workspace.folder / FINISHED_NAME)
        self._rows = BlockFile(self._scratch / "ledger", ledger, csv_lines([COLUMNS]))
        self._late = [table for table in tables if isinstance(table, LateTable)]
        self._tables = [
            RowsTable.of(table) if isinstance(table, Table) else table
            for table in tables
            if not isinstance(table, LateTable)
        ]
        self._files = [self._lines, self._rows]
        self._table_files = []
        for number, table in enumerate(self._tables):
            header = csv_lines([table.columns])
            file = BlockFile(self._scratch / f"table{number}", table.path, header)
            self._files.append(file)
            self._table_files.append((table, file))
        self._record_path = workspace.folder / RECORD_NAME
        self._record: BlockFile | None = None
        self._fingerprints: Fingerprints[Any] | None = None
        # The outcomes of the present block, or of inputs in no block, and the states of these.
        self._waiting: list[Outcome] = []
        self._states: list[str | None] = []
        self._is_in_block = False

    def version(self, fingerprints: Fingerprints[Any]) -> list[Any]:
        """Return what the outcomes and the tables depend on, beside the states of inputs."""
        tables = [[table.path.name, *table.columns] for table in self._tables]
        return [fingerprints.version, self._stage, tables]

    def record_blocks(self, fingerprints: Fingerprints[Any]) -> None:
        """Record the blocks of what is going to be written, for the next run."""
        header = header_line(self.version(fingerprints))
        self._record = BlockFile(self._scratch / "blocks", self._record_path, header)
        self._fingerprints = fingerprints

    def hold(self, parts: Sequence[Part]) -> bool:
        """Tell whether the lines of a block are as the last run wrote them."""
        return len(parts) == len(self._files) and all(
            file.holds(part) for file, part in zip(self._files, parts, strict=True)
        )

    def write(self, outcomes: Sequence[Outcome], lines: Sequence[str]) -> None:
        """Write the rows of outcomes into the ledger and the tables.

        Args:
            outcomes: of the next inputs.
            lines: of the outcomes; see `Outcome.to_line`.
        """
        states = self._find_states(outcomes)
        start = 0
        while start < len(outcomes):
            is_in_block = states[start] is not None
            if len(self._waiting) == SIZE or (self._waiting and self._is_in_block != is_in_block):
                self._end_block()
            self._is_in_block = is_in_block
            stop = _end_of_alike(states, start, start + SIZE - len(self._waiting))
            self._waiting += outcomes[start:stop]
            self._states += states[start:stop]
            self._lines.text.write("".join(lines[start:stop]))
            start = stop

    def _find_states(self, outcomes: Sequence[Outcome]) -> "list[str | None]":
        if self._fingerprints is None:
            return [None] * len(outcomes)
        return find_states(outcomes, self._fingerprints)

    def _write_waiting(self) -> None:
        """Write the rows of the outcomes that wait, all of them at once."""
        rows = [outcome.row for outcome in self._waiting]
        self._rows.text.write(csv_lines(all_cells(rows, self._stage)))
        good = [outcome for outcome in self._waiting if outcome.row.reason is None]
        for table, file in self._table_files:
            file.text.write(csv_lines([row for outcome in good for row in table.rows(outcome)]))

    def take(self, block: IntactBlock, *, keeps_statuses: bool) -> None:
        """Write the lines of an intact block, as the last run wrote them.

        Args:
            block: with places in the files of the last run.
            keeps_statuses: whether an input that was made by the last run counts as made by this
                one; otherwise it is reused.
        """
        self._end_block()
        is_reused = block.has_fresh and not keeps_statuses
        counts = block.counts
        if is_reused:
            counts = [(_REUSED if one == _OK else one, why, n) for one, why, n in counts]
            lines, rows, *others = block.parts
            parts = [
                self._lines.append(reuse_lines(self._lines.read(lines))),
                self._rows.append(reuse_rows(self._rows.read(rows))),
                *map(BlockFile.take, self._files[2:], others),
            ]
        else:
            parts = list(map(BlockFile.take, self._files, block.parts))
        for status, reason, number in counts:
            self.counts.add(Status(status), Reason(reason) if reason else None, number)
        self.tally.update(block.tally)
        self._take_record(block, parts, counts)

    def _take_record(self, block: IntactBlock, parts: list[Part], counts: list[Count]) -> None:
        if self._record is None:
            return
        if parts == block.parts and counts == block.counts:
            self._record.take(block.line)
        else:
            line = self._record.read(block.line).decode()
            moved = replace(Block.from_line(line), parts=parts, counts=counts)
            self._record.append(moved.to_line().encode())

    def _end_block(self) -> None:
        """Write what waits, and record it as a block if it is one."""
        self._write_waiting()
        parts = [file.end_block() for file in self._files]
        outcomes, states = self._waiting, self._states
        self._waiting, self._states = [], []
        if not outcomes:
            return
        counts = Counter([(outcome.row.status, outcome.row.reason) for outcome in outcomes])
        for (status, reason), number in counts.items():
            self.counts.add(status, reason, number)
        if self._fingerprints is None:
            return
        tally = Counter(chain.from_iterable(map(self._fingerprints.keys, outcomes)))
        self.tally.update(tally)
        if self._record and self._is_in_block:
            block = make_block(outcomes, [one or "" for one in states], counts, tally, parts)
            if block:
                self._record.append(block.to_line().encode())

    def finish_lines(self) -> Path:
        """Complete the file of all outcomes, and return its path: it can be read now."""
        self._end_block()
        return self._lines.finish()

    def close(self) -> None:
        """Close all files."""
        for file in (*self._files, *([self._record] if self._record else [])):
            file.close()

    def publish(self) -> None:
        """Complete the tables, and put them and the ledger in place."""
        lines = self.finish_lines()
        late = [self._write_late(number, lines) for number in range(len(self._late))]
        for file in self._files[1:]:
            file.publish()
        for unfinished, final in late:
            final.parent.mkdir(parents=True, exist_ok=True)
            files.put_in_place(unfinished, final)

    def _write_late(self, number: int, lines: Path) -> tuple[Path, Path]:
        table, path = self._late[number], self._scratch / f"late{number}"
        with CsvWriter(path, table.columns) as writer:
            writer.write_all(table.rows(lambda: read_outcomes(lines)))
        return path, table.path

    def publish_record(self) -> None:
        """Put the record of blocks in place, when all they depend on is in place."""
        if self._record is None:
            self._record_path.unlink(missing_ok=True)
        else:
            self._record.publish()


def _end_of_alike(states: Sequence[str | None], start: int, stop: int) -> int:
    """Return where those states end that are None like the first, or are not."""
    are_none = [state is None for state in states[start:stop]]
    other = not are_none[0]
    return start + (are_none.index(other) if other in are_none else len(are_none))


_OK, _REUSED = Status.OK.value, Status.REUSED.value
