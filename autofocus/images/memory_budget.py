"""A limit on the memory for pixels that all worker threads together hold while they decode."""

import contextlib
import ctypes
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Condition, local

# Of the pixels that are decoded at the same time, in bytes.
CAPACITY = 512 << 20
# Parameters of glibc's `mallopt`, and their values in bytes. Pieces that are larger than the first
# are given back to the system as soon as they are freed; of smaller ones each thread keeps as much
# as the second.
_MMAP_THRESHOLD, _GIVEN_BACK = -3, 8 << 20
_TRIM_THRESHOLD, _KEPT = -1, 16 << 20


class MemoryBudget:
    """Lets threads go on in the order in which they came, as memory becomes free.

    Args:
        capacity: in bytes. What needs more than all of it goes on alone.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._free = capacity
        self._waiting: deque[object] = deque()
        self._changed = Condition()
        self._thread = local()

    @contextmanager
    def claim(self, size: int) -> Iterator[None]:
        """Wait until so many bytes are free, and hold them for the length of the `with` block.

        A thread that holds some already gets more at once: it would wait for itself.

        Args:
            size: in bytes.
        """
        _keep_small_pieces()
        size = min(size, self._capacity)
        held = getattr(self._thread, "held", 0)
        with self._changed:
            if not held:
                self._wait(size)
            self._free -= size
        self._thread.held = held + size
        try:
            yield
        finally:
            self._thread.held = held
            with self._changed:
                self._free += size
                self._changed.notify_all()

    def _wait(self, size: int) -> None:
        turn = object()
        self._waiting.append(turn)
        try:
            self._changed.wait_for(lambda: self._waiting[0] is turn and size <= self._free)
        finally:
            self._waiting.remove(turn)
            self._changed.notify_all()


@cache
def _keep_small_pieces() -> None:
    """Let glibc keep for a thread what each of its images needs again, and nothing larger.

    By default it gives the pixels of each image back to the system, which then clears as many
    pages for the next one (measured: 900 page faults and 2 ms per image of 8 megapixels). Once a
    large image was decoded, it would keep as much in each thread for ever.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _GIVEN_BACK)
        mallopt(_TRIM_THRESHOLD, _KEPT)


DECODING = MemoryBudget(CAPACITY)
