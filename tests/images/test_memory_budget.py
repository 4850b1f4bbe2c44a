"""Tests of the limit on the memory for pixels."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from autofocus.images.memory_budget import MemoryBudget


def test_threads_hold_no_more_than_the_capacity() -> None:
    """Threads wait for memory; what needs more than all of it goes on alone, and none for ever."""
    budget, lock = MemoryBudget(10), Lock()
    held, most = [0], [0]

    def work(size: int) -> None:
        with budget.claim(size), budget.claim(0):
            with lock:
                held[0] += min(size, 10)
                most[0] = max(most[0], held[0])
            time.sleep(0.001)
            with lock:
                held[0] -= min(size, 10)

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(work, [3, 4, 50, 1, 9, 6, 2, 10] * 10))
    assert 0 < most[0] <= 10


def test_a_thread_does_not_wait_for_itself() -> None:
    """A thread that holds all memory gets more of it."""
    budget = MemoryBudget(10)
    with budget.claim(10), budget.claim(10):
        pass
    with budget.claim(10):
        pass
