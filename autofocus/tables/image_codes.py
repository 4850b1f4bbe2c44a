"""Which image each row of a long table is of, in memory for few of the paths at a time."""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.packed_names import BLOCK, PackedNames
from autofocus.tables.texts import to_column

if TYPE_CHECKING:
    import polars as pl

# One of so many distinct paths tells where others lie.
_SAMPLED = 1000
# Of so many of these, the paths between the first and the last are sorted at a time.
_TOGETHER = 50


@dataclass(frozen=True)
class Images:
    """The images of a table.

    Attributes:
        filepaths: their N paths, unique and sorted.
        codes: the place of each row's path among them.
    """

    filepaths: PackedNames
    codes: NDArray[np.uint32]

    def without(self, names: Collection[str]) -> tuple["Images", NDArray[np.bool_]]:
        """Return the images without those of some paths, and which rows are of those that stay."""
        found = (path not in names for path in self.filepaths)
        are_kept = np.fromiter(found, bool, len(self.filepaths))
        if are_kept.all():
            return self, np.ones(len(self.codes), bool)
        rows = are_kept[self.codes]
        places = np.cumsum(are_kept, dtype=np.uint32) - np.uint32(1)
        kept = PackedNames(path for path in self.filepaths if path not in names)
        return Images(kept, places[self.codes[rows]]), rows


class ImageFinder:
    """Finds the images of columns of paths that come one after the other.

    The distinct paths of each column are packed in order. Where a table is in order, those are its
    images; others are merged at the end, some ten thousand at a time.
    """

    def __init__(self) -> None:
        self._codes: list[NDArray[np.uint32]] = []
        # Where each column begins among the paths that were packed.
        self._starts: list[int] = []
        # One of `_SAMPLED` of these paths.
        self._sample: list[str] = []
        self._are_ordered = True

    def find(self, columns: Iterator["pl.Series"]) -> Images:
        """Return the images of all rows."""
        packed = PackedNames(self._pack(columns))
        codes = np.concatenate(self._codes) if self._codes else np.zeros(0, np.uint32)
        self._codes.clear()
        if self._are_ordered:
            return Images(packed, codes)
        places = np.empty(len(packed), np.uint32)
        merged = PackedNames(self._merge(packed, places))
        return Images(merged, places[codes])

    def _pack(self, columns: Iterator["pl.Series"]) -> Iterator[str]:
        """Yield the distinct paths of each column in their order, and note the rows' codes."""
        number, last = 0, ""
        for column in columns:
            if not len(column):
                continue
            names, codes = _sort(column)
            self._starts.append(number)
            if number and names[0] == last:
                # An image whose rows are in both columns.
                codes -= np.uint32(1)
                del names[0]
            elif number and names[0] < last:
                self._are_ordered = False
            codes += np.uint32(number)
            self._codes.append(codes)
            self._sample += names[::_SAMPLED]
            number += len(names)
            last = names[-1] if names else last
            yield from names

    def _merge(self, packed: PackedNames, places: NDArray[np.uint32]) -> Iterator[str]:
        """Yield the distinct ones among all packed paths in order, and note their places."""
        stops = [*self._starts[1:], len(packed)]
        runs = [_Run(packed, start, stop) for start, stop in zip(self._starts, stops, strict=True)]
        number = 0
        for limit in [*sorted(self._sample)[_TOGETHER::_TOGETHER], None]:
            taken = [(run.place, run.take(limit)) for run in runs]
            ones = [np.arange(place, place + len(names)) for place, names in taken]
            names, codes = _sort(to_column(name for _, part in taken for name in part))
            places[np.concatenate(ones)] = codes + np.uint32(number)
            number += len(names)
            yield from names


class _Run:
    """Paths in order, from which those before a limit are taken."""

    def __init__(self, packed: PackedNames, start: int, stop: int) -> None:
        self._packed, self._next, self._stop = packed, start, stop
        self._left: list[str] = []
        self.place = start

    def take(self, limit: str | None) -> list[str]:
        """Return the next paths before a limit; all for none."""
        taken = self._left
        while self._next < self._stop and not (taken and limit is not None and taken[-1] >= limit):
            # Up to the end of what is packed together.
            stop = min(self._stop, self._next - self._next % BLOCK + BLOCK)
            taken += self._packed[self._next : stop]
            self._next = stop
        number = len(taken) if limit is None else bisect_left(taken, limit)
        self._left = taken[number:]
        self.place += number
        return taken[:number]


def _sort(paths: "pl.Series") -> tuple[list[str], NDArray[np.uint32]]:
    """Return the distinct ones among paths in order, and the place of each path among them."""
    order = None if paths.is_sorted() else paths.arg_sort()
    # Sorted as Python does, which compares characters as UTF-8 does bytes.
    ordered = paths if order is None else paths.gather(order)
    are_first = np.ones(len(ordered), bool)
    are_first[1:] = (ordered.slice(1) != ordered.slice(0, max(0, len(ordered) - 1))).to_numpy()
    numbers = np.cumsum(are_first, dtype=np.uint32) - np.uint32(1)
    codes = numbers
    if order is not None:
        codes = np.empty(len(numbers), np.uint32)
        codes[order.to_numpy()] = numbers
    return ordered.filter(are_first).to_list(), codes
