"""Limiting the threads of numerical libraries."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from autofocus.errors import need

_LOCK = Lock()
_BODIES: list[object] = []


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
    with _LOCK:
        is_limited = bool(_BODIES)
        _BODIES.append(None)
    try:
        if is_limited:
            # Looking for the pools takes longer than a small problem.
            yield
        else:
            with limits(limits=1):
                yield
    finally:
        _BODIES.pop()
