"""Limiting the threads of numerical libraries."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

from autofocus.errors import need


class _Limits:
    """The limits of this process, and how many bodies need them."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.bodies = 0
        self.stack = ExitStack()


_limits = _Limits()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let numpy, scipy and scikit-learn compute in the calling thread only, within the body.

    Results then don't depend on the number of cores. Also, their thread pools have a thread per
    processor of the machine, whatever a container may use of it, and waiting threads keep their
    processor busy: while other programs compute, small problems took forty times as long.

    Raises:
        MissingDependencyError: SciPy or threadpoolctl isn't installed.
    """
    # Only pools of libraries that are loaded already are limited.
    need("scipy.linalg", "train")
    limits = need("threadpoolctl", "train").threadpool_limits
    with _limits.lock:
        if not _limits.bodies:
            # Looking for the pools takes longer than a small problem.
            _limits.stack.enter_context(limits(limits=1))
        _limits.bodies += 1
    try:
        yield
    finally:
        with _limits.lock:
            _limits.bodies -= 1
            if not _limits.bodies:
                _limits.stack.close()
