"""Work in threads, with results in order and in constant memory.

Threads suffice: Pillow, TensorFlow and the object store's client release Python's lock while they
work. Measured on two cores with images of 3 to 4 megapixels, two threads preprocess as many per
second as two processes, and leave no orphans when a run is killed.
"""

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Files with a container's CPU limit on Linux, in microseconds per period: cgroups 2, and 1.
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
CFS = [Path(f"/sys/fs/cgroup/cpu/cpu.cfs_{name}_us") for name in ("quota", "period")]
# The number of results per thread that may wait for a slower one before them.
WINDOW = 8
# Where results are taken in groups, the consumer sleeps so long (seconds) after the first one, or
# until this share of all in progress is ready: if it ran after each, it would stop the workers.
_GATHER_S, _GATHER_SHARE = 0.03, 4


def cores() -> int:
    """Return the number of cores that this process may use, by affinity and container limits."""
    has_affinity = hasattr(os, "sched_getaffinity")
    number = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return max(1, math.ceil(min(number, _quota())))


def _quota() -> float:
    """Return the container's limit in cores; infinity if there is none."""
    try:
        quota, period = CPU_MAX.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        try:
            quota, period = (path.read_text(encoding="ascii") for path in CFS)
        except (OSError, ValueError):
            return math.inf
    return int(quota) / int(period) if quota.strip() not in ("max", "-1") else math.inf


def ordered_map(
    work: Callable[[T], R],
    inputs: Iterable[T],
    jobs: int,
    stop: Callable[[], None] | None = None,
    *,
    ahead: int = 0,
) -> Iterator[R]:
    """Yield `work(input)` for each input, in the inputs' order.

    See `ordered_groups`; here the threads get new inputs after each result that is taken.
    """
    for group in ordered_groups(work, inputs, jobs, stop, ahead=ahead, most=1):
        yield from group


def ordered_groups(
    work: Callable[[T], R],
    inputs: Iterable[T],
    jobs: int,
    stop: Callable[[], None] | None = None,
    *,
    ahead: int = 0,
    most: int = 256,
) -> Iterator[list[R]]:
    """Yield `work(input)` for each input, in the inputs' order: groups of what is ready.

    At most `WINDOW * jobs` inputs, or `ahead` if that is more, are in progress at once. An
    exception of `work` is raised here, in the inputs' order; work that has not begun is dropped,
    and work in progress is waited for.

    Args:
        work: the function to call; runs in several threads at once.
        inputs: all inputs.
        jobs: the number of worker threads.
        stop: called when the run ends early, so that long work in progress may end, too.
        ahead: the least number of inputs in progress, for results that are taken in batches,
            so that the threads don't wait for the consumer.
        most: the largest number of results in a group.
    """
    window = max(WINDOW * jobs, ahead)
    waiting: deque[_Call[T, R]] = deque()
    workers = _Workers(work, jobs)
    try:
        for item in inputs:
            waiting.append(workers.begin(item))
            if len(waiting) >= window:
                yield _take_ready(waiting, most)
        while waiting:
            yield _take_ready(waiting, most)
    except BaseException:
        if stop is not None:
            stop()
        raise
    finally:
        workers.end()


class _Call(Generic[T, R]):
    """A call of the work with one input: a future in the least time.

    Attributes:
        item: the input.
        is_done: whether the call has ended.
        error: the exception that it raised.
    """

    __slots__ = ("_awaited", "_result", "error", "is_done", "item")

    def __init__(self, item: T) -> None:
        self.item = item
        self.is_done = False
        self.error: BaseException | None = None
        self._awaited: threading.Lock | None = None
        self._result: R

    def make(self, work: Callable[[T], R]) -> None:
        """Call the work, in a worker thread."""
        try:
            self._result = work(self.item)
        except BaseException as error:  # It is raised where the result is taken.
            self.error = error
        # `wait` sets the one and reads the other in turn, so that one of both sees the other.
        self.is_done = True
        if (awaited := self._awaited) is not None:
            awaited.release()

    def wait(self, seconds: float = -1) -> None:
        """Wait until the call has ended, or for so long."""
        awaited = threading.Lock()
        awaited.acquire()
        self._awaited = awaited
        if not self.is_done:
            awaited.acquire(timeout=seconds)

    def result(self) -> R:
        """Wait for the result, and return it or raise the exception of the work."""
        if not self.is_done:
            self.wait()
        if self.error is not None:
            try:
                raise self.error
            finally:
                # The exception leads to this frame: no cycle.
                del self
        return self._result


class _Workers(Generic[T, R]):
    """Threads that make calls one after the other, as long as there are any.

    Args:
        work: the function to call.
        number: the highest number of threads.
    """

    def __init__(self, work: Callable[[T], R], number: int) -> None:
        self._work = work
        self._number = number
        self._executor = ThreadPoolExecutor(number, thread_name_prefix="autofocus")
        self._calls: deque[_Call[T, R]] = deque()
        self._lock = threading.Lock()
        self._active = 0

    def begin(self, item: T) -> _Call[T, R]:
        """Let a thread call the work with an input soon."""
        call: _Call[T, R] = _Call(item)
        self._calls.append(call)
        with self._lock:
            is_needed = self._active < self._number
            self._active += is_needed
        if is_needed:
            self._executor.submit(self._make_calls)
        return call

    def _make_calls(self) -> None:
        while True:
            try:
                call = self._calls.popleft()
            except IndexError:
                with self._lock:
                    if self._calls:
                        continue
                    self._active -= 1
                    return
            call.make(self._work)

    def end(self) -> None:
        """Drop the calls that were not begun, and wait for the others."""
        self._calls.clear()
        self._executor.shutdown(wait=True, cancel_futures=True)


def _take_ready(waiting: "deque[_Call[T, R]]", most: int) -> list[R]:
    """Wait for the first result, and return it and those after it that are ready, too."""
    first = waiting.popleft()
    ready = [first.result()]
    if most > 1 and waiting:
        last = waiting[len(waiting) // _GATHER_SHARE]
        if not last.is_done:
            last.wait(_GATHER_S)
    # An exception is raised by itself, so that what is before it is not lost.
    while len(ready) < most and waiting and waiting[0].is_done and waiting[0].error is None:
        ready.append(waiting.popleft().result())
    return ready
