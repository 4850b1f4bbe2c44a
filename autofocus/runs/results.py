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
        self, workspace: Workspace, ledger: Path, tables: Sequence[Table | LateTable]
    ) -> None:
        scratch = workspace.scratch
        self._moves = {scratch / "ledger": ledger}
        self.ledger = LedgerWriter(scratch / "ledger", workspace.name)
        self.lines_path = scratch / "lines"
        self._lines = self.lines_path.open(
            "w", encoding="utf-8", errors="backslashreplace", newline="\n"
        )
        self._files: list[IO[str] | CsvWriter] = [self._lines]
        self._tables = []
        self._late = []
        for number, table in enumerate(tables):
            path = scratch / f"table{number}"
            writer = CsvWriter(path, table.columns)
            self._moves[path] = table.path
            self._files.append(writer)
            if isinstance(table, LateTable):
                self._late.append((table, writer))
            else:
                self._tables.append((table, writer))

    def write(self, outcome: Outcome) -> None:
        """Write the row of an outcome into the ledger and the tables."""
        self.ledger.write(outcome.row)
        self._lines.write(outcome.to_line())
        if outcome.row.reason is None:
            for table, writer in self._tables:
                writer.write(table.row(outcome))

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
