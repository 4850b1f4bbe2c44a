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
# Images that need more are rare, and what they leave behind is worth giving back, in bytes.
_LARGE = 64 << 20
# Parameter and value of glibc's `mallopt`: what is larger is given back as soon as it is freed.
_MMAP_THRESHOLD, _GIVEN_BACK = -3, 8 << 20


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
        if size > _LARGE:
            _give_memory_back()
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
def _give_memory_back() -> None:
    """Let glibc keep no large pieces of freed memory for the thread that used them.

    Otherwise each thread that has once decoded a large image would hold as much for ever.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _GIVEN_BACK)


DECODING = MemoryBudget(CAPACITY)
