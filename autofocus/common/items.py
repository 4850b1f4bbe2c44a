"""The way of every stage that makes something of each input by itself.

In parallel, in order, resumable, with a ledger: a stage says what to do with one input, and this
does the rest.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from autofocus.common.journal import Journal, Outcome
from autofocus.common.ledger import Counts, LedgerWriter
from autofocus.common.parallel import ordered_map
from autofocus.common.progress import Progress
from autofocus.common.workspace import Workspace

T = TypeVar("T")


@dataclass(frozen=True)
class Items(Generic[T]):
    """The inputs of a stage and what to do with each.

    Attributes:
        inputs: all inputs, in rising order of their names.
        name: gives an input's name for the ledger; no two share one.
        work: makes something of one input; runs in several threads at once. It must put its
            output in place as a whole, and return rejections as outcomes, not as exceptions.
        is_whole: tells whether what an earlier start made of an input still stands.
    """

    inputs: Sequence[T]
    name: Callable[[T], str]
    work: Callable[[T], Outcome]
    is_whole: Callable[[T, Outcome], bool]


@dataclass(frozen=True)
class Table:
    """A table with a row for each input that was not rejected.

    Attributes:
        path: where it is to stand.
        columns: its header.
        row: makes a row of an outcome.
    """

    path: Path
    columns: Sequence[str]
    row: Callable[[Outcome], Sequence[Any]]


def process(
    items: Items[T],
    workspace: Workspace,
    ledger: Path,
    *,
    tables: Sequence[Table] = (),
    jobs: int,
    unit: str = "image",
) -> Counts:
    """Do what is left, and write the ledger and the tables when all is done.

    Args:
        items: the inputs, and what to do with each.
        workspace: the stage's memory; it must have been entered.
        ledger: where the ledger is to stand.
        tables: further tables, written in the order of the inputs.
        jobs: how many threads work at once.
        unit: what an input is called in the progress bar.

    Returns:
        How many inputs ended in which way.
    """
    journal = Journal(workspace.folder)
    with ExitStack() as stack:
        stack.callback(journal.close)
        progress = stack.enter_context(Progress(workspace.name, len(items.inputs), unit))
        account = _Account(workspace, ledger, tables)
        stack.callback(account.close)
        for outcome in _outcomes(items, journal, jobs):
            account.write(outcome)
            progress.advance()
        account.close()
        account.publish()
        journal.finish(account.lines_path)
    return account.ledger.counts


def _outcomes(items: Items[T], journal: Journal, jobs: int) -> Iterator[Outcome]:
    def do(task: tuple[T, Outcome | None]) -> tuple[Outcome, bool]:
        item, earlier = task
        if earlier is not None and earlier.row.reason is None and items.is_whole(item, earlier):
            return earlier, False
        return items.work(item), True

    tasks = ((item, journal.earlier(items.name(item))) for item in items.inputs)
    for outcome, is_fresh in ordered_map(do, tasks, jobs):
        if is_fresh:
            journal.append(outcome)
        yield outcome


class _Account:
    """All tables of a run, unfinished until `publish` renames them into their places."""

    def __init__(self, workspace: Workspace, ledger: Path, tables: Sequence[Table]) -> None:
        scratch = workspace.scratch
        self._moves = {scratch / "ledger": ledger}
        self.ledger = LedgerWriter(scratch / "ledger", workspace.name)
        self.lines_path = scratch / "lines"
        self._lines = self.lines_path.open(
            "w", encoding="utf-8", errors="backslashreplace", newline="\n"
        )
        self._files = [self._lines]
        self._tables = []
        for number, table in enumerate(tables):
            path = scratch / f"table{number}"
            file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(table.columns)
            self._moves[path] = table.path
            self._files.append(file)
            self._tables.append((table, writer))

    def write(self, outcome: Outcome) -> None:
        self.ledger.write(outcome.row)
        self._lines.write(outcome.to_line())
        if outcome.row.reason is None:
            for table, writer in self._tables:
                writer.writerow(table.row(outcome))

    def close(self) -> None:
        self.ledger.close()
        for file in self._files:
            file.close()

    def publish(self) -> None:
        for unfinished, final in self._moves.items():
            final.parent.mkdir(parents=True, exist_ok=True)
            unfinished.replace(final)
