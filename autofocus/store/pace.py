"""The rate of requests to a server that throttles them, shared by all threads.

Additive increase would take minutes after a deep cut, so the rate grows by a share of itself; a
throttled request cuts it. Compare the adaptive mode of botocore and the congestion control of TCP.
"""

import math
import sys
import threading
import time
from collections import deque

# The share of the present rate that is left after a throttled request; the first time it is that
# of the requests of the last second.
_CUT, _FIRST_CUT = 0.7, 0.5
# By so much the rate grows per second.
_GROWTH = 1.1
# The lowest rate, in requests per second.
_LOWEST = 0.5
# A limit this many times as high as the first one has no effect any more.
_FREE = 20
_LOG_EVERY_S = 30.0
_REMEMBERED = 1000


class Pace:
    """A rate limit that exists only once the server has throttled requests; thread-safe.

    Args:
        server: the server's name, for the log.
    """

    def __init__(self, server: str = "The object store") -> None:
        self._server = server
        self._lock = threading.Lock()
        self._requests: deque[float] = deque(maxlen=_REMEMBERED)
        self._rate = math.inf
        self._first_rate = math.inf
        self._grown_at = 0.0
        self._cut_at = -math.inf
        self._next_request = 0.0
        self._next_line = -math.inf

    @property
    def rate(self) -> float:
        """The highest number of requests per second; infinite without a limit."""
        return self._rate

    def wait(self, stopped: threading.Event) -> float:
        """Wait for the turn of a request.

        Args:
            stopped: ends the wait when it is set.

        Returns:
            When the request begins, by `time.monotonic`.
        """
        with self._lock:
            now = time.monotonic()
            begin = now
            if self._rate < math.inf:
                self._grow(now)
                begin = max(now, self._next_request)
                self._next_request = begin + 1 / self._rate
            self._requests.append(begin)
        if begin > now:
            stopped.wait(begin - now)
        return begin

    def slow_down(self, begun: float) -> None:
        """Cut the rate, as the server has throttled a request.

        Args:
            begun: when the request began. Those from before the last cut don't count again.
        """
        with self._lock:
            if begun <= self._cut_at:
                return
            now = time.monotonic()
            if self._rate == math.inf:
                recent = sum(1 for moment in self._requests if now - 1 <= moment <= now)
                self._rate = self._first_rate = max(_LOWEST, recent * _FIRST_CUT)
            else:
                self._rate = max(_LOWEST, self._rate * _CUT)
            self._cut_at = self._grown_at = now
            self._next_request = now + 1 / self._rate
            if now >= self._next_line:
                self._next_line = now + _LOG_EVERY_S
                self._log()

    def _grow(self, now: float) -> None:
        self._rate *= _GROWTH ** (now - self._grown_at)
        self._grown_at = now
        if self._rate > _FREE * self._first_rate:
            self._rate = math.inf

    def _log(self) -> None:
        from tqdm import tqdm

        # `print` would break a progress bar.
        tqdm.write(
            f"{self._server} throttles requests: continuing with {self._rate:.1f} per second, and "
            "faster as soon as it allows.",
            file=sys.stderr,
        )
