"""The way of every stage that makes something of each input by itself.

In parallel, in order, resumable, with a ledger: a stage says what to do with one input, and this
does the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from autofocus.runs.csv_files import CsvWriter
from autofocus.runs.journal import Journal, Outcome, read_outcomes
from autofocus.runs.ledger import Counts, LedgerWriter
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.runs.workspace import Workspace

T = TypeVar("T")


@dataclass(frozen=True)
class Pending:
    """One input that is ready for work done in batches, such as a network's.

    Attributes:
        payload: what the batch work needs.
    """

    payload: Any


@dataclass(frozen=True)
class Items(Generic[T]):
    """The inputs of a stage and what to do with each.

    Attributes:
        inputs: all inputs, in rising order of their names.
        name: gives an input's name for the ledger; no two share one.
        work: makes something of one input; runs in several threads at once. It must put its
            output in place as a whole, and return rejections as outcomes, not as exceptions.
        is_whole: tells whether what an earlier start made of an input still stands.
        complete: makes outcomes of the inputs that `work` left pending, a batch at a time.
        batch: how many at a time.
        stop: called when the run ends early, so that long work under way may end, too.
    """

    inputs: Sequence[T]
    name: Callable[[T], str]
    work: Callable[[T], "Outcome | Pending"]
    is_whole: Callable[[T, Outcome], bool]
    complete: Callable[[Sequence[Any]], Sequence[Outcome]] | None = None
    batch: int = 32
    stop: Callable[[], None] | None = None


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


@dataclass(frozen=True)
class LateTable:
    """A table whose rows depend on other inputs, too: it is made when all outcomes are there.

    Attributes:
        path: where it is to stand.
        columns: its header.
        rows: makes all rows. What it is given reads the outcomes of all inputs, rejected ones
            included, in order and anew at each call, so that none need be kept in memory.
    """

    path: Path
    columns: Sequence[str]
    rows: Callable[[Callable[[], Iterator[Outcome]]], Iterable[Sequence[Any]]]


def process(
    items: Items[T],
    workspace: Workspace,
    ledger: Path,
    *,
    tables: Sequence[Table | LateTable] = (),
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
    with ItemRun(workspace, ledger, tables) as run:
        for _ in run.outcomes(items, jobs, unit):
            pass
        return run.publish()


class ItemRun:
    """The parts of `process`, for a stage that has more to do before its account is final.

    Between the last outcome and `publish` the run counts as interrupted: killed there and started
    again, it keeps its outcomes and their statuses.

    Args:
        workspace: the stage's memory; it must have been entered.
        ledger: where the ledger is to stand.
        tables: further tables, written in the order of the inputs.
    """

    def __init__(
        self, workspace: Workspace, ledger: Path, tables: Sequence[Table | LateTable] = ()
    ) -> None:
        self._name = workspace.name
        self._journal = Journal(workspace.folder)
        self._account = _Account(workspace, ledger, tables)

    def __enter__(self) -> "ItemRun":
        return self

    def __exit__(self, *_: object) -> None:
        self._account.close()
        self._journal.close()

    def outcomes(self, items: Items[T], jobs: int, unit: str = "image") -> Iterator[Outcome]:
        """Do what is left, and yield the outcome of every input in order."""
        with Progress(self._name, len(items.inputs), unit) as progress:
            for outcome, is_fresh in _in_batches(self._results(items, jobs), items):
                if is_fresh:
                    self._journal.append(outcome)
                self._account.write(outcome)
                progress.advance()
                yield outcome

    def publish(self) -> Counts:
        """Put the ledger and the tables in place, and count."""
        self._account.publish()
        self._journal.finish(self._account.lines_path)
        return self._account.ledger.counts

    def _results(self, items: Items[T], jobs: int) -> "Iterator[_Result]":
        def do(task: tuple[T, Outcome | None]) -> _Result:
            item, earlier = task
            if (
                earlier is not None
                and earlier.row.reason is None
                and items.is_whole(item, earlier)
            ):
                return earlier, False
            return items.work(item), True

        tasks = ((item, self._journal.earlier(items.name(item))) for item in items.inputs)
        # While one batch is completed, the next is made ready.
        ahead = 2 * items.batch if items.complete else 0
        return ordered_map(do, tasks, jobs, items.stop, ahead=ahead)


_Result = tuple[Outcome | Pending, bool]
# Outcomes that wait behind a pending one are few, too: this many for each place in a batch.
_WAITING = 8


def _in_batches(results: Iterator[_Result], items: Items[T]) -> Iterator[tuple[Outcome, bool]]:
    """Complete what is pending, batch by batch, and keep the order."""
    waiting: list[_Result] = []
    pending = 0
    for result in results:
        waiting.append(result)
        pending += isinstance(result[0], Pending)
        if pending in (0, items.batch) or len(waiting) >= _WAITING * items.batch:
            yield from _complete(waiting, items)
            waiting, pending = [], 0
    yield from _complete(waiting, items)


def _complete(waiting: Sequence[_Result], items: Items[T]) -> Iterator[tuple[Outcome, bool]]:
    payloads = [result.payload for result, _ in waiting if isinstance(result, Pending)]
    completed = iter(items.complete(payloads) if items.complete and payloads else ())
    for result, is_fresh in waiting:
        yield (next(completed) if isinstance(result, Pending) else result), is_fresh


class _Account:
    """All tables of a run, unfinished until `publish` renames them into their places."""

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
        self.ledger.write(outcome.row)
        self._lines.write(outcome.to_line())
        if outcome.row.reason is None:
            for table, writer in self._tables:
                writer.write(table.row(outcome))

    def close(self) -> None:
        self.ledger.close()
        for file in self._files:
            file.close()

    def publish(self) -> None:
        self._lines.close()
        for table, writer in self._late:
            writer.write_all(table.rows(lambda: read_outcomes(self.lines_path)))
        self.close()
        for unfinished, final in self._moves.items():
            final.parent.mkdir(parents=True, exist_ok=True)
            unfinished.replace(final)
