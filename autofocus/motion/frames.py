"""Small copies of frames for their comparison, a limited number in memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autofocus.errors import RejectedImageError
from autofocus.images.preparing import NIGHT_TOLERANCE, colourfulness
from autofocus.motion.filters import Grey, normalise

# The number of small frames in memory: if those of a camera are read in order, each is read once.
KEPT = 192


@dataclass(frozen=True)
class Small:
    """A small copy of a frame, ready to be compared with others.

    Attributes:
        contrast: its local contrast, shape (H, W).
        spectrum: the Fourier transform of the contrast, shape (H, W).
        infrared: whether it was taken by infrared light.
    """

    contrast: Grey
    spectrum: NDArray[np.complex64]
    infrared: bool


def shrink(image: Image.Image, side: int) -> Small:
    """Return a small copy of a frame.

    Args:
        image: RGB or grayscale.
        side: the longer side of the result in pixels.
    """
    scale = side / max(image.size)
    size = max(8, round(image.width * scale)), max(8, round(image.height * scale))
    little = image.resize(size, Image.Resampling.BOX)
    grey = np.asarray(little.convert("L"), dtype=np.float32)
    contrast = normalise(grey)
    spectrum = np.fft.fft2(contrast).astype(np.complex64)
    return Small(contrast, spectrum, colourfulness(little) <= NIGHT_TOLERANCE)


class SmallFrames:
    """Reads small frames, with a cache of those that were used last.

    It is safe to use from several threads: one that needs a frame which another one is reading
    waits for it.

    Args:
        read: reads a frame by its name.
        side: the longer side of the result in pixels.
        kept: the size of the cache.
    """

    def __init__(self, read: Callable[[str], Image.Image], side: int, kept: int = KEPT) -> None:
        self._read = read
        self._side = side
        self._most = kept
        self._kept: OrderedDict[str, Small | None] = OrderedDict()
        self._lock = threading.Lock()
        self._reading: dict[str, threading.Lock] = {}

    def __len__(self) -> int:
        """Return the number of frames in memory."""
        return len(self._kept)

    def get(self, name: str) -> Small | None:
        """Return a frame; None if it can't be read."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            reading = self._reading.setdefault(name, threading.Lock())
        with reading:
            with self._lock:
                if name in self._kept:
                    return self._kept[name]
            try:
                small = shrink(self._read(name), self._side)
            except RejectedImageError:
                small = None
            with self._lock:
                self._kept[name] = small
                self._reading.pop(name, None)
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return small
