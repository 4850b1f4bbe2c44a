"""The loop of every stage that makes something of each input by itself.

In parallel, in order, resumable, with a ledger: a stage says what to do with one input, and
`process` does the rest.
"""

import os
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from autofocus.runs.batches import Result, in_batches
from autofocus.runs.blocks import (
    RECORD_NAME,
    BlockFinder,
    IntactBlock,
    read_blocks,
)
from autofocus.runs.faults import Faults
from autofocus.runs.garbage import rare_collections
from autofocus.runs.journal import Journal, Outcome, read_outcomes, to_lines
from autofocus.runs.ledger import Counts
from autofocus.runs.making import Items, Maker, Task, no_outputs
from autofocus.runs.marks import Mark
from autofocus.runs.parallel import ordered_groups, ordered_map
from autofocus.runs.products import OutputFolder, recorded
from autofocus.runs.progress import Progress
from autofocus.runs.results import AnyTable, ResultsWriter
from autofocus.runs.workspace import Workspace

T = TypeVar("T")

# So often the journal is flushed to the disk.
_SYNC_S = 0.5
# What the journals hold of an input that is new.
_NOTHING = (None, None)


def _input(outcome: Outcome) -> str:
    return outcome.row.input


def process(
    items: Items[T],
    workspace: Workspace,
    ledger: Path,
    *,
    tables: Sequence[AnyTable] = (),
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
        tables: Sequence[AnyTable] = (),
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
        # Where lines stand in the journal of the last finished run that need not be read.
        self._left_out: list[tuple[int, int]] = []
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

    @property
    def tally(self) -> Counter[str]:
        """How many outcomes are counted under each key; see `Fingerprints`."""
        return self._results_writer.tally

    def complete(self, items: Items[T], jobs: int, unit: str = "image") -> Counts:
        """Do what is left, and publish."""
        with rare_collections():
            for _ in self.outcomes(items, jobs, unit, by_block=True):
                pass
        return self.publish()

    def outcomes(
        self, items: Items[T], jobs: int, unit: str = "image", *, by_block: bool = False
    ) -> Iterator[Outcome]:
        """Do what is left, and yield the outcome of every input in order.

        Inputs whose places are taken by unknown files come first: if they are what the stage
        would write, they are taken over, and otherwise the run fails before it writes anything.

        Args:
            items: the inputs, and what to do with each.
            jobs: the number of worker threads.
            unit: the name of an input in the progress bar.
            by_block: whether outcomes in blocks that are intact may be left out, which takes a
                small part of the time; `tally` counts them nevertheless.
        """
        if items.fingerprints is not None:
            self._results_writer.record_blocks(items.fingerprints)
        blocks = deque(self._find_blocks(items) if by_block else ())
        others = replace(items, inputs=_outside(items.inputs, blocks))
        if items.outputs is not no_outputs:
            self._take_over(others, jobs)
        with Progress(self._workspace.name, len(items.inputs), unit) as progress:
            for results in self._groups(others, jobs):
                outcomes = [result.outcome for result in results]
                lines = to_lines(outcomes)
                self._record(results, lines)
                self._write(outcomes, lines, blocks, progress)
                progress.advance(len(outcomes))
                yield from outcomes
            while blocks:
                self._take(blocks.popleft(), progress)

    def _find_blocks(self, items: Items[T]) -> list[IntactBlock]:
        """Return the intact blocks of the last finished run, whose lines are not read again."""
        fingerprints, results = items.fingerprints, self._results_writer
        if fingerprints is None:
            return []
        finder = BlockFinder(
            items.inputs,
            items.name,
            fingerprints,
            self._workspace.root,
            self._folder.is_reachable,
            self._workspace.trust.doubted_ns,
            results.hold,
        )
        recorded_blocks = read_blocks(
            self._workspace.folder / RECORD_NAME, results.version(fingerprints)
        )
        touched = (outcome.row.input for outcome in self._journal.interrupted())
        blocks = list(finder.find(recorded_blocks, touched))
        self._left_out = [(block.parts[0].offset, block.parts[0].end) for block in blocks]
        self._reopen_journal()
        return blocks

    def _write(
        self,
        outcomes: Sequence[Outcome],
        lines: Sequence[str],
        blocks: deque[IntactBlock],
        progress: Progress,
    ) -> None:
        """Write outcomes into the tables, and the intact blocks that come between them."""
        start = 0
        while blocks and blocks[0].first < outcomes[-1].row.input:
            stop = bisect_left(outcomes, blocks[0].first, start, key=_input)
            self._results_writer.write(outcomes[start:stop], lines[start:stop])
            self._take(blocks.popleft(), progress)
            start = stop
        self._results_writer.write(outcomes[start:], lines[start:])

    def _take(self, block: IntactBlock, progress: Progress) -> None:
        self._results_writer.take(block, keeps_statuses=self._journal.keeps_statuses)
        progress.advance(block.number)

    def publish(self) -> Counts:
        """Put the ledger and the tables in place, and count.

        All files of inputs are on the disk before, so that a power cut after it loses none.
        """
        results = self._results_writer
        self._folder.sync()
        lines = results.finish_lines()
        if self._has_stale or self._journal.has_vanished:
            self._discard_stale(lines)
        self._workspace.claim(self._paths, self._ledger)
        results.publish()
        self._workspace.mark_ending(lines)
        self._journal.finish(lines)
        results.publish_record()
        return results.counts

    def _take_over(self, items: Items[T], jobs: int) -> None:
        if items.folders and not any(map(os.path.lexists, items.folders)):
            return
        for item in items.inputs:
            self._folder.check_places(items.outputs(item), links_only=items.rejects_blocked)
        taken = [item for item in items.inputs if self._is_taken(item, items)]
        self._reopen_journal()
        if taken:
            for results in self._groups(replace(items, inputs=taken), jobs):
                self._record(results, to_lines([result.outcome for result in results]))
            self._reopen_journal()

    def _is_taken(self, item: T, items: Items[T]) -> bool:
        paths = items.outputs(item)
        if not paths:
            return False
        versions = self._journal.versions(items.name(item))
        return self._folder.are_taken(paths, self._folder.known(versions, paths))

    def _open_journal(self) -> Journal:
        return Journal(
            self._workspace.folder,
            is_continued=self._workspace.is_continued,
            left_out=self._left_out,
        )

    def _reopen_journal(self) -> None:
        self._journal.close()
        self._journal = self._open_journal()

    def _record(self, results: Sequence[Result], lines: Sequence[str]) -> None:
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

    def _groups(self, items: Items[T], jobs: int) -> Iterator[Sequence[Result]]:
        """Yield what becomes of the inputs, in order: lists of those that are recorded at once."""
        maker = Maker(items, self._folder, self._faults)
        tasks = (self._task(item, items) for item in items.inputs)
        if items.group > 1:
            inputs = iter(items.inputs)
            while group := list(islice(inputs, items.group)):
                if self._journal.is_used_up:
                    yield maker.make_all(group)
                else:
                    yield [maker.do(self._task(item, items)) for item in group]
        elif items.complete is None:
            yield from ordered_groups(maker.do, tasks, jobs, items.stop)
        else:
            # While one batch is completed, the next is made ready.
            results = ordered_map(maker.do, tasks, jobs, items.stop, ahead=2 * items.batch)
            for result in in_batches(results, items.complete, items.batch, self._faults):
                yield [result]

    def _task(self, item: T, items: Items[T]) -> Task[T]:
        name = items.name(item)
        versions = self._journal.versions(name)
        if versions == _NOTHING:
            return Task(item)
        paths = items.outputs(item)
        known = self._folder.known(versions, paths)
        return Task(item, self._journal.earlier(name), paths, known)

    def _discard_stale(self, lines: Path) -> None:
        stale: dict[str, list[Mark]] = {}
        for earlier, present in self._journal.with_earlier(lines):
            for name, mark in recorded(earlier).items():
                if name not in recorded(present):
                    stale.setdefault(name, []).append(mark)
        current = (name for outcome in read_outcomes(lines) for name in recorded(outcome))
        self._folder.discard(stale, current)


def _outside(inputs: Sequence[T], blocks: Sequence[IntactBlock]) -> Sequence[T]:
    """Return the inputs that are in no block, in order."""
    if not blocks:
        return inputs
    starts = [0, *(block.stop for block in blocks)]
    stops = [*(block.start for block in blocks), len(inputs)]
    between = (inputs[start:stop] for start, stop in zip(starts, stops, strict=True))
    return list(chain.from_iterable(between))
