"""Claims about the threads of numerical libraries."""

from contextlib import ExitStack

import numpy as np

from autofocus.errors import need
from autofocus.training.threads import single_threaded


def _most() -> int:
    """Return the largest number of threads of any library."""
    np.ones((2, 2)) @ np.ones((2, 2))
    pools = need("threadpoolctl", "train").threadpool_info()
    return max(int(pool["num_threads"]) for pool in pools)


def test_the_limit_holds_until_the_last_body_has_ended() -> None:
    """Of two bodies that overlap, the end of the first doesn't free the threads of the other."""
    with single_threaded():
        pass
    before = _most()
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(single_threaded())
        second.enter_context(single_threaded())
        first.close()
        assert _most() == 1
    assert _most() == before
