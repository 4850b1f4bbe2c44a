"""Blocks: up to a thousand inputs in a row whose outcomes all hold, recognised as a whole.

A finished run records, for each block of inputs, a digest of what decides whether their outcomes
still hold (such as sizes and times), a digest of the sizes and times of the files that were made
of them, and where the block's lines stand in the journal, the ledger and the tables. A later run
compares these digests with what it finds, and takes over the lines of an intact block as they
are, without reading them one by one. A block of which anything differs is no block any more: its
inputs are handled one by one. So the record never decides what the outputs are; without it, they
are the same, and take longer.
"""

import hashlib
import os
import stat
import zlib
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from autofocus.runs import files
from autofocus.runs.checked_lines import checked_line, read_checked_line
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Status
from autofocus.runs.products import FILES

T = TypeVar("T")

# A status, a reason or nothing, and the number of inputs.
Count = tuple[str, str, int]
# In a stage's memory.
RECORD_NAME = "blocks.jsonl"
# The largest number of inputs in a block.
SIZE = 1000
_NO_MARKS: Mapping[str, Mapping[str, Any]] = {}


def _no_keys(_: Outcome) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class Fingerprints(Generic[T]):
    """How a stage tells the state of an input by a text, which is compared with a recorded one.

    Equal texts must mean that the stage's `is_whole` holds, and that the outcome would have the
    same extra values and files.

    Attributes:
        version: what else `is_whole` depends on, as plain JSON values.
        present: returns the text of an input as it is now; None if its outcome can't hold.
        past: returns the text of the input of an outcome, as it was then; None if it is unknown.
        keys: returns what an outcome is counted under; see `ItemRun.tally`.
        rejections: reasons of rejections that the text alone decides.
    """

    version: Any
    present: Callable[[T], str | None]
    past: Callable[[Outcome], str | None]
    keys: Callable[[Outcome], Iterable[str]] = _no_keys
    rejections: Collection[Reason] = ()


@dataclass(frozen=True)
class Part:
    """The lines of a block in one file.

    Attributes:
        offset: where they begin, in bytes.
        length: of all of them, in bytes.
        checksum: CRC-32 of these bytes.
    """

    offset: int
    length: int
    checksum: int

    @classmethod
    def of(cls, content: bytes, offset: int) -> "Part":
        """Return the part of a file that has this content."""
        return cls(offset, len(content), zlib.crc32(content))

    @property
    def end(self) -> int:
        """Where the part ends, in bytes."""
        return self.offset + self.length

    def read(self, file: int) -> bytes | None:
        """Return its content; None if it is another by now.

        Args:
            file: the descriptor of the file.
        """
        content = os.pread(file, self.length, self.offset)
        return content if zlib.crc32(content) == self.checksum else None


@dataclass
class Block:
    """Inputs in a row, and what was made of them.

    Attributes:
        first: the name of the first input.
        number: how many inputs there are.
        states: the digest of their names and states.
        files: the names of the files that were made of them, relative to the output folder.
        are_links: whether these are symbolic links.
        marks: the digest of the sizes and times of the files, or of the targets of links.
        newest_ns: the latest time of the files.
        counts: how many inputs there are of each status and reason.
        tally: how many outcomes are counted under each key of the stage.
        parts: the lines in the journal, in the ledger and in each table.
    """

    first: str
    number: int
    states: str
    files: list[str]
    are_links: bool
    marks: str
    newest_ns: int
    counts: list[Count]
    tally: dict[str, int]
    parts: list[Part]

    def to_line(self) -> str:
        """Return the block as a line of the record."""
        parts = [list(vars(part).values()) for part in self.parts]
        return checked_line({**self.__dict__, "parts": parts})

    @classmethod
    def from_line(cls, line: str) -> "Block":
        """Read a line of the record.

        Raises:
            ValueError: it is torn, or was edited or damaged.
            TypeError, KeyError, AttributeError: it has another form.
        """
        values = read_checked_line(line)
        parts = [Part(*part) for part in values.pop("parts")]
        counts = [tuple(count) for count in values.pop("counts")]
        return cls(**values, counts=counts, parts=parts)


def header_line(version: Any) -> str:
    """Return the first line of a record: what the outcomes in all blocks depend on."""
    return checked_line({"version": version})


def read_blocks(path: Path, version: Any) -> Iterator[tuple[Part, Block]]:
    """Yield the blocks of a record, in order, each with its place in the record.

    Args:
        path: of the record.
        version: what its outcomes must depend on: there are no blocks of another version.
    """
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        header = header_line(version).encode()
        if file.read(len(header)) != header:
            return
        offset = len(header)
        for line in file:
            try:
                block = Block.from_line(line.decode())
            except (ValueError, TypeError, KeyError, AttributeError):
                return
            yield Part.of(line, offset), block
            offset += len(line)


def find_states(outcomes: Sequence[Outcome], fingerprints: Fingerprints[Any]) -> list[str | None]:
    """Return the states that outcomes are of; None for one that can't be part of a block."""
    return [_find_state(outcome, fingerprints) for outcome in outcomes]


def _find_state(outcome: Outcome, fingerprints: Fingerprints[Any]) -> str | None:
    reason = outcome.row.reason
    if reason is not None and reason not in fingerprints.rejections:
        return None
    try:
        return fingerprints.past(outcome)
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def make_block(
    outcomes: Sequence[Outcome],
    states: Sequence[str],
    counts: Mapping[tuple[Status, Reason | None], int],
    tally: Mapping[str, int],
    parts: Sequence[Part],
) -> Block | None:
    """Return the block of inputs in a row; None if it has files and links as well.

    Args:
        outcomes: of the inputs, at least one.
        states: that these are of.
        counts: how many inputs there are of each status and reason.
        tally: how many outcomes are counted under each key of the stage.
        parts: where the lines of the block stand in each file.
    """
    marks: dict[str, str] = {}
    links = newest_ns = 0
    for outcome in outcomes:
        # What an earlier run recorded was compared with the files by now.
        for name, mark in outcome.extra.get(FILES, _NO_MARKS).items():
            if "link" in mark:
                links += 1
                marks[name] = mark["link"]
            else:
                marks[name] = files.text_of_stamp(mark)
                newest_ns = max(newest_ns, mark["modified_ns"])
    if links not in (0, len(marks)):
        return None
    both = zip(outcomes, states, strict=True)
    return Block(
        outcomes[0].row.input,
        len(outcomes),
        _digest([_joined(outcome.row.input, state) for outcome, state in both]),
        list(marks),
        links > 0,
        _digest(marks.values()),
        newest_ns,
        [
            (status.value, reason.value if reason else "", number)
            for (status, reason), number in counts.items()
        ],
        dict(tally),
        list(parts),
    )


def _joined(name: str, state: str) -> str:
    return f"{name}\0{state}"


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class BlockFinder(Generic[T]):
    """Finds the blocks that are intact.

    Attributes:
        inputs: all inputs, in rising order of their names.
        name: returns an input's name.
        fingerprints: how the state of an input is told.
        root: the output folder.
        is_reachable: tells whether the folder of an output is one that may be written to.
        doubted_ns: files that were written since then are not trusted; see `runs.trust`.
        hold: tells whether a block's lines are as the last run wrote them.
    """

    inputs: Sequence[T]
    name: Callable[[T], str]
    fingerprints: Fingerprints[T]
    root: Path
    is_reachable: Callable[[Path], bool]
    doubted_ns: int | None
    hold: Callable[[Sequence[Part]], bool]

    def find(
        self, blocks: Iterable[tuple[Part, Block]], touched: Iterator[str]
    ) -> "Iterator[IntactBlock]":
        """Yield the intact blocks among recorded ones, in order.

        Args:
            blocks: those of the last finished run; see `read_blocks`.
            touched: the names, in rising order, of inputs that were handled since.
        """
        position, next_touched = 0, next(touched, None)
        for line, block in blocks:
            start = bisect_left(self.inputs, block.first, lo=position, key=self.name)
            inside = self.inputs[start : start + block.number]
            if not inside or not self._is_intact(block, inside):
                continue
            last = self.name(inside[-1])
            while next_touched is not None and next_touched < block.first:
                next_touched = next(touched, None)
            if next_touched is not None and next_touched <= last:
                continue
            position = start + block.number
            yield IntactBlock(
                line, start, position, block.first, block.parts, block.counts, block.tally
            )

    def _is_intact(self, block: Block, inputs: Sequence[T]) -> bool:
        if self.doubted_ns is not None and block.newest_ns >= self.doubted_ns:
            return False
        try:
            return (
                len(inputs) == block.number
                and self._states(inputs) == block.states
                and self._marks(block) == block.marks
                and self.hold(block.parts)
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return False

    def _states(self, inputs: Sequence[T]) -> str | None:
        name, present = self.name, self.fingerprints.present
        states = []
        for item in inputs:
            state = present(item)
            if state is None:
                return None
            states.append(_joined(name(item), state))
        return _digest(states)

    def _marks(self, block: Block) -> str | None:
        # Texts, as making a Path takes longer than the calls.
        root = os.fspath(self.root) + os.sep
        folders = {name.rpartition("/")[0] for name in block.files}
        if not all(self.is_reachable(self.root / folder) for folder in folders):
            return None
        if block.are_links:
            return _digest([os.readlink(root + name) for name in block.files])  # noqa: PTH115
        marks = []
        for name in block.files:
            status = os.lstat(root + name)
            if not stat.S_ISREG(status.st_mode):
                return None
            marks.append(files.text_of_stamp(files.stamp_of(status)))
        return _digest(marks)


@dataclass(frozen=True)
class IntactBlock:
    """A block whose outcomes hold.

    Attributes:
        line: its place in the record.
        start: the number of its first input.
        stop: the number of the input after its last.
        first: the name of its first input.
        parts: see `Block`, as the others.
        counts: by status and reason.
        tally: by the stage's keys.
    """

    line: Part
    start: int
    stop: int
    first: str
    parts: list[Part]
    counts: list[Count]
    tally: Mapping[str, int]

    @property
    def number(self) -> int:
        """How many inputs it has."""
        return self.stop - self.start

    @property
    def has_fresh(self) -> bool:
        """Whether its lines say of an input that it was made by that run."""
        return any(status == "ok" for status, *_ in self.counts)
