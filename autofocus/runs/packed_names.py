"""The names of very many inputs in a few bytes each, and their order without all in memory.

A list of a million paths takes 80 to 100 MB. Paths that follow each other have most letters in
common, so that a thousand of them, compressed, take a tenth of that and less.
"""

import heapq
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice, pairwise
from typing import overload

# So many names are packed together.
BLOCK = 1000
# So many are sorted at a time; a multiple of the above.
_RUN = 20_000
# Higher levels of compression take longer and save little.
_LEVEL = 1


class PackedNames(Sequence[str]):
    """Names in the order in which they were given; equal to any sequence of the same names.

    Iterating and slicing take them in blocks; a single name that isn't near the one that was taken
    before takes some ten microseconds.

    Args:
        names: any texts.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._blocks: list[bytes] = []
        self._length = 0
        rest = iter(names)
        while block := list(islice(rest, BLOCK)):
            self._blocks.append(_pack(block))
            self._length += len(block)
        # The block that was taken last: single names are mostly taken in order.
        self._taken: tuple[int, list[str]] = (-1, [])

    @classmethod
    def joined(cls, parts: Sequence["PackedNames"]) -> "PackedNames":
        """Return names one part after the other; all parts but the last consist of full blocks."""
        whole = cls()
        whole._blocks = list(chain.from_iterable(part._blocks for part in parts))
        whole._length = sum(map(len, parts))
        return whole

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        for block in self._blocks:
            yield from _unpack(block)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        places = range(self._length)[at]
        if isinstance(places, int):
            return self._block(places // BLOCK)[places % BLOCK]
        if places.step != 1:
            return [self[place] for place in places]
        return list(self._between(places.start, places.stop))

    def _between(self, start: int, stop: int) -> Iterator[str]:
        while start < stop:
            first = start - start % BLOCK
            yield from self._block(first // BLOCK)[start - first : stop - first]
            start = first + BLOCK

    def _block(self, number: int) -> list[str]:
        # Assigned at once, as several threads may read.
        taken = self._taken
        if taken[0] != number:
            taken = self._taken = (number, _unpack(self._blocks[number]))
        return taken[1]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(map(str.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)})"


def _pack(block: list[str]) -> bytes:
    # Names of files may hold bytes that are no UTF-8, and then surrogates.
    text = json.dumps(block, ensure_ascii=False, check_circular=False)
    return zlib.compress(text.encode("utf-8", "surrogatepass"), _LEVEL)


def _unpack(block: bytes) -> list[str]:
    names: list[str] = json.loads(zlib.decompress(block).decode("utf-8", "surrogatepass"))
    return names


def sort_names(names: Iterable[str]) -> PackedNames:
    """Return names in rising order, in memory for some ten thousand of them as texts."""
    rest, runs = iter(names), []
    while run := sorted(islice(rest, _RUN)):
        runs.append(PackedNames(run))
    # A walk through folders gives nearly this order.
    if all(before[-1] <= after[0] for before, after in pairwise(runs)):
        return PackedNames.joined(runs)
    return PackedNames(heapq.merge(*runs))


def merge_names(*names: Sequence[str]) -> Sequence[str]:
    """Return all names, each once and in rising order.

    Args:
        names: sequences of distinct names in rising order.
    """
    given = [one for one in names if one]
    if len(given) == 1:
        return given[0]
    return PackedNames(name for name, _ in groupby(heapq.merge(*given)))
