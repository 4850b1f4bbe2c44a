"""Tests of the rate of requests to a server that throttles them."""

import math
import threading
import time

from autofocus.store.pace import Pace


def test_there_is_no_limit_until_the_server_throttles() -> None:
    """Requests don't wait before one has been throttled."""
    pace, never = Pace(), threading.Event()
    began = time.monotonic()
    for _ in range(1000):
        pace.wait(never)
    assert time.monotonic() - began < 1
    assert pace.rate == math.inf


def test_a_throttled_request_cuts_the_rate_once() -> None:
    """The first cut halves the rate of the last second; requests from before it don't count."""
    pace, never = Pace(), threading.Event()
    begun = [pace.wait(never) for _ in range(100)]
    for moment in begun:
        pace.slow_down(moment)
    assert pace.rate == 50
    pace.slow_down(pace.wait(never))
    assert 34 < pace.rate < 37
    began = time.monotonic()
    for _ in range(10):
        pace.wait(never)
    assert time.monotonic() - began > 0.2
