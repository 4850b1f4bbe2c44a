"""The loop of every stage that makes something of each input by itself.

In parallel, in order, resumable, with a ledger: a stage says what to do with one input, and
`process` does the rest.
"""

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

from autofocus.runs.faults import Faults
from autofocus.runs.journal import Journal, Outcome, read_outcomes
from autofocus.runs.ledger import Counts
from autofocus.runs.marks import Mark
from autofocus.runs.parallel import ordered_map
from autofocus.runs.products import OutputFolder, Product, recorded
from autofocus.runs.progress import Progress
from autofocus.runs.results import LateTable, ResultsWriter, RowsTable, Table
from autofocus.runs.workspace import Workspace

T = TypeVar("T")


@dataclass(frozen=True)
class Pending:
    """One input that is ready for work done in batches, such as a network's.

    Attributes:
        payload: what the batch work needs.
    """

    payload: Any


def _no_outputs(_: Any) -> Sequence[Path]:
    return ()


@dataclass(frozen=True)
class Items(Generic[T]):
    """The inputs of a stage and what to do with each.

    Attributes:
        inputs: all inputs, in rising order of their names.
        name: returns an input's name for the ledger; names are unique.
        work: makes something of one input; runs in several threads at once. It writes its files
            beside their places and returns them as a `Product`, and returns rejections as
            outcomes, not as exceptions.
        is_whole: tells whether an earlier outcome still holds, such as by a stamp of the input;
            the files that were made of it are checked in any case.
        complete: makes outcomes of the inputs that `work` left pending, a batch at a time.
        batch: the size of a batch.
        stop: called when the run ends early, so that long work in progress may end, too.
        outputs: returns the paths of the files that are made of an input.
        folders: all folders in which outputs may lie, where they are few: while none exists,
            nothing stands in an output's place.
        block: for work that is done in no time, such as a link: so many inputs are handled one
            after the other, without threads, and recorded at once. With 1, each is recorded by
            itself.
        rejects_blocked: whether `work` rejects an input in whose place a folder stands, or a file
            in that of its folder, instead of failing the run.
        extra: the types of the extra values that an earlier outcome must have to be reused.
    """

    inputs: Sequence[T]
    name: Callable[[T], str]
    work: Callable[[T], "Outcome | Pending | Product"]
    is_whole: Callable[[T, Outcome], bool]
    complete: Callable[[Sequence[Any]], Sequence[Outcome]] | None = None
    batch: int = 32
    stop: Callable[[], None] | None = None
    outputs: Callable[[T], Sequence[Path]] = _no_outputs
    folders: Collection[Path] = ()
    block: int = 1
    rejects_blocked: bool = False
    extra: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)


def process(
    items: Items[T],
    workspace: Workspace,
    ledger: Path,
    *,
    tables: Sequence[Table | RowsTable | LateTable] = (),
    jobs: int,
    unit: str = "image",
) -> Counts:
    """Do what is left, and write the ledger and the tables when everything is done.

    Args:
        items: the inputs, and what to do with each.
        workspace: the stage's memory; it must have been entered.
        ledger: the path of the ledger.
        tables: further tables, written in the order of the inputs.
        jobs: the number of worker threads.
        unit: the name of an input in the progress bar.

    Returns:
        The counts of the ledger.

    Raises:
        OutputConflictError: a file stands in the place of an output that the stage did not write.
    """
    with ItemRun(workspace, ledger, tables) as run:
        return run.complete(items, jobs, unit)


class ItemRun:
    """The parts of `process`, for a stage that has more to do before its ledger is final.

    Between the last outcome and `publish` the run counts as interrupted: killed there and started
    again, it keeps its outcomes and their statuses.

    Args:
        workspace: the stage's memory; it must have been entered.
        ledger: the path of the ledger.
        tables: further tables, written in the order of the inputs.
        aside: where to move files whose inputs are gone; by default they are removed.

    Raises:
        OutputConflictError: a file stands in a table's place that the stage did not write.
    """

    def __init__(
        self,
        workspace: Workspace,
        ledger: Path,
        tables: Sequence[Table | RowsTable | LateTable] = (),
        aside: Path | None = None,
    ) -> None:
        self._workspace = workspace
        self._ledger = ledger
        self._paths = [ledger, *(table.path for table in tables)]
        workspace.check_outputs(self._paths, ledger)
        check = workspace.trust.check
        self._folder = OutputFolder(
            workspace.root, workspace.name, workspace.scratch, aside, check=check
        )
        self._synced = time.monotonic()
        self._faults = Faults(workspace.folder)
        self._has_stale = False
        self._journal = self._open_journal()
        self._results_writer = ResultsWriter(workspace, ledger, tables)

    def __enter__(self) -> "ItemRun":
        return self

    def __exit__(self, *_: object) -> None:
        self._results_writer.close()
        self._journal.close()

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about files whose inputs are gone, once published."""
        return self._folder.notes

    def complete(self, items: Items[T], jobs: int, unit: str = "image") -> Counts:
        """Do what is left, and publish."""
        for _ in self.outcomes(items, jobs, unit):
            pass
        return self.publish()

    def outcomes(self, items: Items[T], jobs: int, unit: str = "image") -> Iterator[Outcome]:
        """Do what is left, and yield the outcome of every input in order.

        Inputs whose places are taken by unknown files come first: if they are what the stage
        would write, they are taken over, and otherwise the run fails before it writes anything.
        """
        if items.outputs is not _no_outputs:
            self._take_over(items, jobs)
        with Progress(self._workspace.name, len(items.inputs), unit) as progress:
            for results in self._blocks(items, jobs):
                outcomes = [result.outcome for result in results]
                lines = [outcome.to_line() for outcome in outcomes]
                self._record(results, lines)
                self._results_writer.write(outcomes, lines)
                progress.advance(len(outcomes))
                yield from outcomes

    def publish(self) -> Counts:
        """Put the ledger and the tables in place, and count.

        All files of inputs are on the disk before, so that a power cut after it loses none.
        """
        self._folder.sync()
        self._results_writer.finish_lines()
        if self._has_stale or self._journal.has_vanished:
            self._discard_stale()
        self._workspace.claim(self._paths, self._ledger)
        self._results_writer.publish()
        self._workspace.mark_ending(self._results_writer.lines_path)
        self._journal.finish(self._results_writer.lines_path)
        return self._results_writer.ledger.counts

    def _take_over(self, items: Items[T], jobs: int) -> None:
        if items.folders and not any(map(os.path.lexists, items.folders)):
            return
        for item in items.inputs:
            self._folder.check_places(items.outputs(item), links_only=items.rejects_blocked)
        taken = [item for item in items.inputs if self._is_taken(item, items)]
        self._reopen_journal()
        if taken:
            for results in self._blocks(replace(items, inputs=taken), jobs):
                self._record(results, [result.outcome.to_line() for result in results])
            self._reopen_journal()

    def _is_taken(self, item: T, items: Items[T]) -> bool:
        paths = items.outputs(item)
        if not paths:
            return False
        versions = self._journal.versions(items.name(item))
        return self._folder.are_taken(paths, self._folder.known(versions, paths))

    def _open_journal(self) -> Journal:
        return Journal(self._workspace.folder, is_continued=self._workspace.is_continued)

    def _reopen_journal(self) -> None:
        self._journal.close()
        self._journal = self._open_journal()

    def _record(self, results: "Sequence[_Result]", lines: Sequence[str]) -> None:
        """Record fresh outcomes, then put their files, which are on the disk, in their places.

        A power cut may lose the last lines of the journal: what stands then in the places of
        files is compared with what is made anew, and taken over.

        Args:
            results: of inputs in a row.
            lines: of their outcomes.
        """
        fresh = [result for result in results if result.is_fresh]
        if not fresh:
            return
        both = zip(results, lines, strict=True)
        self._journal.append_lines(line for result, line in both if result.is_fresh)
        for result in fresh:
            self._folder.put_in_place(result.moves, result.links)
            if result.known and set(result.known) - set(recorded(result.outcome)):
                self._has_stale = True
        if time.monotonic() - self._synced > _SYNC_S:
            self._journal.sync()
            self._synced = time.monotonic()

    def _blocks(self, items: Items[T], jobs: int) -> "Iterator[Sequence[_Result]]":
        """Yield what becomes of the inputs, in order: lists of those that are recorded at once."""
        if items.block == 1:
            yield from ([result] for result in self._results(items, jobs))
            return
        tasks = (self._task(item, items) for item in items.inputs)
        while block := list(islice(tasks, items.block)):
            yield [self._do(task, items) for task in block]

    def _results(self, items: Items[T], jobs: int) -> "Iterator[_Result]":
        tasks = (self._task(item, items) for item in items.inputs)
        # While one batch is completed, the next is made ready.
        ahead = 2 * items.batch if items.complete else 0
        results = ordered_map(
            lambda task: self._do(task, items), tasks, jobs, items.stop, ahead=ahead
        )
        return _in_batches(results, items, self._faults)

    def _task(self, item: T, items: Items[T]) -> "_Task[T]":
        name = items.name(item)
        versions = self._journal.versions(name)
        paths = items.outputs(item) if any(versions) else ()
        known = self._folder.known(versions, paths)
        return _Task(item, self._journal.earlier(name), paths, known)

    def _do(self, task: "_Task[T]", items: Items[T]) -> "_Result":
        """Make something of one input, in a worker thread."""
        name = items.name(task.item)
        if task.earlier and _still_holds(task.item, task.earlier, items):
            intact = self._folder.refresh(task.earlier, task.paths)
            if intact is not None:
                return _Result(intact, name, task.known, is_fresh=False)
        made = self._faults.caught(
            name, lambda: items.outputs(task.item), lambda: items.work(task.item)
        )
        if isinstance(made, Product):
            delivery = self._folder.prepare(made, task.known)
            return _Result(delivery.outcome, name, task.known, delivery.moves, delivery.links)
        return _Result(made, name, task.known)

    def _discard_stale(self) -> None:
        lines = self._results_writer.lines_path
        stale: dict[str, list[Mark]] = {}
        for earlier, present in self._journal.with_earlier(lines):
            for name, mark in recorded(earlier).items():
                if name not in recorded(present):
                    stale.setdefault(name, []).append(mark)
        current = (name for outcome in read_outcomes(lines) for name in recorded(outcome))
        self._folder.discard(stale, current)


@dataclass(frozen=True)
class _Task(Generic[T]):
    """An input, and what earlier runs made of it; the paths are those of its files, if any."""

    item: T
    earlier: Outcome | None
    paths: Sequence[Path]
    known: Collection[str]


@dataclass(frozen=True)
class _Result:
    """What has become of an input, and the files that are to be renamed."""

    made: Outcome | Pending
    name: str
    known: Collection[str]
    moves: Sequence[tuple[Path, Path]] = ()
    links: Sequence[tuple[str, str]] = ()
    is_fresh: bool = True

    @property
    def outcome(self) -> Outcome:
        """The outcome, when nothing is pending any more."""
        if isinstance(self.made, Pending):
            raise TypeError("This input is still pending.")
        return self.made


def _still_holds(item: T, earlier: Outcome, items: Items[T]) -> bool:
    """Tell whether an earlier outcome can be reused, apart from its files."""
    if earlier.row.reason is not None:
        return False
    # An outcome that somebody edited, or of another version, may hold anything.
    if not all(isinstance(earlier.extra.get(key), kind) for key, kind in items.extra.items()):
        return False
    try:
        return items.is_whole(item, earlier)
    except (TypeError, ValueError, KeyError, AttributeError, OSError):
        return False


# So many outcomes may wait behind a pending one, for each place in a batch.
_WAITING = 8
# So often the journal is flushed to the disk.
_SYNC_S = 0.5


def _in_batches(results: Iterator[_Result], items: Items[T], faults: Faults) -> Iterator[_Result]:
    """Complete what is pending, batch by batch, and keep the order."""
    waiting: list[_Result] = []
    pending = 0
    for result in results:
        waiting.append(result)
        pending += isinstance(result.made, Pending)
        if pending in (0, items.batch) or len(waiting) >= _WAITING * items.batch:
            yield from _complete(waiting, items, faults)
            waiting, pending = [], 0
    yield from _complete(waiting, items, faults)


def _complete(waiting: Sequence[_Result], items: Items[T], faults: Faults) -> Iterator[_Result]:
    pending = [(r.name, r.made.payload) for r in waiting if isinstance(r.made, Pending)]
    completed = iter(_complete_batch(pending, items.complete, faults) if pending else ())
    for result in waiting:
        if isinstance(result.made, Pending):
            yield replace(result, made=next(completed))
        else:
            yield result


def _complete_batch(
    pending: Sequence[tuple[str, Any]],
    complete: Callable[[Sequence[Any]], Sequence[Outcome]] | None,
    faults: Faults,
) -> Sequence[Outcome]:
    """Complete a batch; if that fails, each input alone, so that one spoils no other."""
    if complete is None:
        raise TypeError("Inputs are pending, but nothing completes them.")
    try:
        return complete([payload for _, payload in pending])
    except Exception as error:
        if faults.is_of_environment(error):
            raise
    return [
        faults.caught(name, tuple, lambda payload=payload: complete([payload])[0])  # type: ignore[misc]
        for name, payload in pending
    ]
