"""Limiting the threads of numerical libraries."""

from collections.abc import Iterator
from contextlib import contextmanager

from autofocus.errors import need


@contextmanager
def single_threaded() -> Iterator[None]:
    """Let numpy, scipy and scikit-learn compute in the calling thread only, within the body.

    Results then don't depend on the number of cores. Also, their thread pools have a thread per
    processor of the machine, whatever a container may use of it, and waiting threads keep their
    processor busy: while other programs compute, small problems took forty times as long.

    Raises:
        MissingDependencyError: scikit-learn or threadpoolctl isn't installed.
    """
    # Only pools of libraries that are loaded already are limited.
    need("sklearn.linear_model", "train")
    with need("threadpoolctl", "train").threadpool_limits(limits=1):
        yield
