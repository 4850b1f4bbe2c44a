"""Feature vectors of many images: an array, or rows of a file that are read in blocks.

What fits in memory is computed as a whole. Larger matrices stay in a file: whatever needs all of
their rows goes through them in blocks, so that memory doesn't grow with the number of images.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.parallel import cores, ordered_map
from autofocus.training.threads import single_threaded

# A matrix that needs more bytes in double precision is read in blocks: 104,857 rows of 1,280.
MAX_IN_MEMORY = 1 << 30
# Rows of a block: 21 MB of 1,280 features in single precision.
BLOCK = 4096

R = TypeVar("R")


class FeatureFile:
    """Feature vectors in a file, in single precision, row by row.

    Args:
        path: the file; a new one is made, in a folder that is made as well.
        shape: the numbers of rows and of features, N and D.
    """

    def __init__(self, path: Path, shape: tuple[int, int]) -> None:
        self.path = path
        self.shape = shape
        self._row_bytes = shape[1] * np.dtype("<f4").itemsize
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w+b", buffering=0)
        self._file.truncate(shape[0] * self._row_bytes)

    def close(self) -> None:
        """Close and delete the file."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def write(self, numbers: NDArray[np.int64], features: NDArray[np.float32]) -> None:
        """Write rows.

        Args:
            numbers: of the rows, shape (M,).
            features: shape (M, D).
        """
        content = _bytes_of(np.ascontiguousarray(features, "<f4"))
        for start, stop in _runs(numbers):
            self._file.seek(int(numbers[start]) * self._row_bytes)
            left = content[start * self._row_bytes : stop * self._row_bytes]
            while left:
                left = left[self._file.write(left) :]

    def read(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return rows, given their numbers, shape (M,); shape (M, D). Threads may read at once."""
        features = np.empty((len(numbers), self.shape[1]), "<f4")
        place = _bytes_of(features)
        for start, stop in _runs(numbers):
            self._fill(
                place[start * self._row_bytes : stop * self._row_bytes],
                int(numbers[start]) * self._row_bytes,
            )
        return features.astype(np.float32, copy=False)

    def _fill(self, place: memoryview, offset: int) -> None:
        """Read bytes from an offset on; not by a map of the file, whose pages count as memory."""
        while place:
            read = os.preadv(self._file.fileno(), [place], offset)
            if not read:
                raise OSError(f"{self.path} was cut short while it was read.")
            place, offset = place[read:], offset + read


@dataclass(frozen=True)
class FeatureRows:
    """Some rows of a file of feature vectors, in any order.

    Attributes:
        file: the file.
        numbers: of the rows, shape (N,).
    """

    file: FeatureFile
    numbers: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and of features."""
        return len(self.numbers), self.file.shape[1]

    def __getitem__(
        self, chosen: "NDArray[np.bool_] | NDArray[np.int64] | slice"
    ) -> "FeatureRows":
        """Return some of the rows, which are not read yet."""
        return FeatureRows(self.file, self.numbers[chosen])

    def load(self) -> NDArray[np.float32]:
        """Read all rows; shape (N, D)."""
        return self.file.read(self.numbers)


Features = NDArray[np.float32] | FeatureRows


def fits(shape: tuple[int, ...]) -> bool:
    """Return whether a matrix of this shape may be held in memory in double precision."""
    return shape[0] * shape[1] * np.dtype(np.float64).itemsize <= MAX_IN_MEMORY


def load(features: Features) -> NDArray[np.float32]:
    """Return features as an array, reading those that are in a file."""
    return features.load() if isinstance(features, FeatureRows) else features


def slices(number: int, size: int | None = None) -> list[slice]:
    """Return the blocks of a number of rows."""
    step = size or BLOCK
    return [slice(start, min(start + step, number)) for start in range(0, number, step)]


def by_block(work: Callable[[slice, NDArray[np.float32]], R], features: Features) -> Iterator[R]:
    """Yield the result for each block of rows, in their order, computed by a thread per core.

    Numerical libraries have no threads of their own meanwhile: these would hinder each other, and
    results depend on their number.

    Args:
        work: is called with the place of a block and its features.
        features: shape (N, D).
    """
    blocks = slices(len(features))
    with single_threaded():
        if len(blocks) == 1:
            # A thread would take longer to start than the work takes.
            yield work(blocks[0], load(features[blocks[0]]))
            return
        yield from ordered_map(lambda block: work(block, load(features[block])), blocks, cores())


def _bytes_of(features: NDArray[np.float32]) -> memoryview:
    return features.reshape(-1).view(np.uint8).data


def _runs(numbers: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return start and stop of each run of rows that follow each other in the file."""
    if not len(numbers):
        return []
    breaks = (np.flatnonzero(np.diff(numbers) != 1) + 1).tolist()
    return list(zip([0, *breaks], [*breaks, len(numbers)], strict=True))
