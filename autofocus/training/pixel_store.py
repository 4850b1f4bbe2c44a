"""The pixels that a network is trained on, which are decoded once and not in every epoch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autofocus.features.pixels import Pixels
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.training.samples import Samples


@dataclass(frozen=True)
class PixelSource:
    """N images whose pixels a network is trained on.

    Attributes:
        samples: their features, targets and weights.
        read: decodes one of them, given its number: what the network sees of it, of the size of
            the network's input unless it is distorted.
        distort: returns a distorted copy in that size; None if images are not distorted.
    """

    samples: Samples
    read: Callable[[int], Pixels]
    distort: Callable[[Pixels, np.random.Generator], Pixels] | None = None


@dataclass(frozen=True)
class PixelStore:
    """The pixels of N images in a file.

    The file is mapped to memory: what the computer's memory has no room for stays on the disk.

    Attributes:
        source: decoded them.
        parts: of the mapped file, one per image, each of shape (height, width, 3).
    """

    source: PixelSource
    parts: tuple[Pixels, ...]

    def pixels(self, number: int, random: np.random.Generator | None) -> Pixels:
        """Return the pixels of an image as the network takes them.

        Args:
            number: of the image.
            random: distorts it, if its source does; None for not at all.
        """
        part, distort = self.parts[number], self.source.distort
        return part if random is None or distort is None else distort(part, random)


@contextmanager
def decoded(source: PixelSource, path: Path, jobs: int) -> Iterator[PixelStore]:
    """Decode images into a file, which is deleted at the end.

    Args:
        source: decodes them.
        path: of the file.
        jobs: number of threads that decode.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    shapes: list[tuple[int, ...]] = []
    numbers = range(len(source.samples))
    try:
        with path.open("wb") as file, Progress("reading images", len(numbers)) as progress:
            for pixels in ordered_map(source.read, numbers, jobs):
                file.write(np.ascontiguousarray(pixels, np.uint8).tobytes())
                shapes.append(pixels.shape)
                progress.advance()
        yield PixelStore(source, tuple(_parts(path, shapes)))
    finally:
        path.unlink(missing_ok=True)


def _parts(path: Path, shapes: list[tuple[int, ...]]) -> Iterator[Pixels]:
    if not shapes:
        return
    # An empty file can't be mapped.
    mapped = np.memmap(path, np.uint8, "r")
    start = 0
    for shape in shapes:
        end = start + int(np.prod(shape))
        yield np.asarray(mapped[start:end]).reshape(shape)
        start = end
