"""Work in threads, with results in order and in constant memory.

Threads suffice: Pillow, TensorFlow and the object store's client release Python's lock while they
work. Measured on two cores with images of 3 to 4 megapixels, two threads preprocess as many per
second as two processes, and leave no orphans when a run is killed.
"""

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

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
    executor = ThreadPoolExecutor(jobs, thread_name_prefix="autofocus")
    waiting: deque[Future[R]] = deque()
    try:
        for item in inputs:
            waiting.append(executor.submit(work, item))
            if len(waiting) >= window:
                yield _take_ready(waiting, most)
        while waiting:
            yield _take_ready(waiting, most)
    except BaseException:
        if stop is not None:
            stop()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _take_ready(waiting: deque[Future[R]], most: int) -> list[R]:
    """Wait for the first result, and return it and those after it that are ready, too."""
    ready = [waiting.popleft().result()]
    if most > 1 and waiting:
        wait([waiting[len(waiting) // _GATHER_SHARE]], _GATHER_S)
    # An exception is raised by itself, so that what is before it is not lost.
    while len(ready) < most and waiting and waiting[0].done() and waiting[0].exception() is None:
        ready.append(waiting.popleft().result())
    return ready
