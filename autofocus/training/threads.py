"""Keeping numerical libraries from starting threads that stand in each other's way."""

from collections.abc import Iterator
from contextlib import contextmanager

from autofocus.errors import need


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let numpy and scipy compute in the thread that calls them, as long as the body runs.

    Each has a pool of its own, with a thread for every processor of the machine, whatever a
    container may use of it, and threads that wait keep their processor busy. Where other programs
    compute as well, small problems took forty times as long by that.

    Raises:
        MissingDependencyError: scipy or threadpoolctl isn't installed.
    """
    # Only pools of libraries that are loaded already are held.
    need("scipy.optimize", "train")
    with need("threadpoolctl", "train").threadpool_limits(limits=1):
        yield
