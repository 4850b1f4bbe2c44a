"""What a stage makes of all outcomes: the ledger, further tables, and the journal's last state."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from autofocus.runs import files
from autofocus.runs.csv_files import CsvWriter
from autofocus.runs.journal import Outcome, read_outcomes
from autofocus.runs.ledger import LedgerWriter
from autofocus.runs.workspace import Workspace


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


class ResultsWriter:
    """Writes the ledger, the tables and all outcomes, unfinished until `publish`."""

    def __init__(
        self, workspace: Workspace, ledger: Path, tables: Sequence[Table | RowsTable | LateTable]
    ) -> None:
        scratch = workspace.scratch
        self._moves = {scratch / "ledger": ledger}
        self.ledger = LedgerWriter(scratch / "ledger", workspace.name)
        self.lines_path = scratch / "lines"
        self._lines = self.lines_path.open(
            "w", encoding="utf-8", errors="backslashreplace", newline="\n"
        )
        self._files: list[IO[str] | CsvWriter] = [self._lines]
        self._tables: list[tuple[RowsTable, CsvWriter]] = []
        self._late: list[tuple[LateTable, CsvWriter]] = []
        for number, table in enumerate(tables):
            path = scratch / f"table{number}"
            writer = CsvWriter(path, table.columns)
            self._moves[path] = table.path
            self._files.append(writer)
            if isinstance(table, LateTable):
                self._late.append((table, writer))
            else:
                rows = RowsTable.of(table) if isinstance(table, Table) else table
                self._tables.append((rows, writer))

    def write(self, outcomes: Sequence[Outcome], lines: Iterable[str]) -> None:
        """Write the rows of outcomes into the ledger and the tables.

        Args:
            outcomes: of inputs in a row.
            lines: of the outcomes; see `Outcome.to_line`.
        """
        self.ledger.write_all(outcome.row for outcome in outcomes)
        self._lines.writelines(lines)
        good = [outcome for outcome in outcomes if outcome.row.reason is None]
        for table, writer in self._tables:
            writer.write_all(row for outcome in good for row in table.rows(outcome))

    def finish_lines(self) -> None:
        """Complete the file of all outcomes, so that it can be read."""
        self._lines.close()

    def close(self) -> None:
        """Close all files."""
        self.ledger.close()
        for file in self._files:
            file.close()

    def publish(self) -> None:
        """Complete the tables, and put them and the ledger in place."""
        for table, writer in self._late:
            writer.write_all(table.rows(lambda: read_outcomes(self.lines_path)))
        self.close()
        for unfinished, final in self._moves.items():
            final.parent.mkdir(parents=True, exist_ok=True)
            files.put_in_place(unfinished, final)
