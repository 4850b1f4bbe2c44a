"""Retries with jittered exponential backoff while a server is unavailable."""

import math
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from autofocus.errors import StoreUnavailableError, need
from autofocus.redaction import without_secrets

if TYPE_CHECKING:
    from tenacity import RetryCallState

R = TypeVar("R")

# The first wait is random, up to this; each next one may be twice as long, up to the longest.
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 15.0
LOG_EVERY_S = 30.0


class Patience:
    """How long a run retries while a server is unavailable; threads share it.

    An outage begins when a call fails with a StoreUnavailableError and no other call has succeeded
    since that one began; it ends when a call succeeds. Its begin and its end are logged, and its
    duration every 30 seconds.

    Args:
        seconds: the longest outage; 0: no retries.
        server: the server's name, for the log.
    """

    def __init__(self, seconds: float = 0.0, server: str = "The object store") -> None:
        self.seconds = seconds
        self._server = server
        self._lock = threading.Lock()
        self._outage_began: float | None = None
        self._last_success = -math.inf
        self._next_line = -math.inf
        self._is_logged = False

    @property
    def is_exhausted(self) -> bool:
        """Whether there is an outage that has reached the limit."""
        began = self.outage_began
        return self.seconds > 0 and began is not None and _age(began) >= self.seconds

    @property
    def outage_began(self) -> float | None:
        """When the present outage began, by `time.monotonic`; None without an outage."""
        with self._lock:
            return self._outage_began

    def has_succeeded_since(self, moment: float) -> bool:
        """Tell whether any call has succeeded since a moment, by `time.monotonic`."""
        with self._lock:
            return self._last_success >= moment

    def call(self, work: Callable[[], R], stopped: threading.Event | None = None) -> R:
        """Call a function, and again with backoff as long as it raises StoreUnavailableError.

        Args:
            work: the function to call.
            stopped: ends the retries when it is set.

        Returns:
            The result of `work`.

        Raises:
            StoreUnavailableError: the last error of `work`, after an outage that was too long.
        """
        if not self.seconds:
            return work()
        try:
            return self._attempt(work)
        except StoreUnavailableError as error:
            failed = error
        return self._call_again(work, failed, stopped or threading.Event())

    def _call_again(
        self, work: Callable[[], R], failed: StoreUnavailableError, stopped: threading.Event
    ) -> R:
        """Go on after a first attempt that has failed; most calls have none."""
        need("tenacity", "download")
        from tenacity import Retrying, retry_if_exception_type, sleep_using_event

        attempts = iter([failed])

        def attempt() -> R:
            if (first := next(attempts, None)) is not None:
                raise first
            return self._attempt(work)

        backoff = _Backoff(self, stopped)
        retrying = Retrying(
            retry=retry_if_exception_type(StoreUnavailableError),
            wait=backoff.wait,
            stop=backoff.is_over,
            sleep=sleep_using_event(stopped),
            reraise=True,
        )
        result: R = retrying(attempt)
        return result

    def _attempt(self, work: Callable[[], R]) -> R:
        began = time.monotonic()
        try:
            result = work()
        except StoreUnavailableError as error:
            self._note_failure(str(error), began)
            raise
        self._note_success()
        return result

    def _note_failure(self, reason: str, attempt_began: float) -> None:
        with self._lock:
            if self._outage_began is None:
                if self._last_success >= attempt_began:
                    return
                self._outage_began = time.monotonic()
            age = _age(self._outage_began)
            if age < self.seconds and time.monotonic() >= self._next_line:
                self._log_outage(reason, age)

    def _log_outage(self, reason: str, age: float) -> None:
        left = f"{self.seconds - age:.0f} s"
        if self._is_logged:
            _log(f"{self._server} has been unavailable for {age:.0f} s: retrying for {left} more.")
        else:
            _log(f"{reason} Retrying for up to {left} (--patience).")
        self._is_logged = True
        self._next_line = time.monotonic() + LOG_EVERY_S

    def _note_success(self) -> None:
        with self._lock:
            self._last_success = time.monotonic()
            if self._outage_began is not None and self._is_logged:
                _log(f"{self._server} is available again after {_age(self._outage_began):.0f} s.")
            self._outage_began = None
            self._is_logged = False


class _Backoff:
    """When one call is retried.

    A call that fails while others succeed is retried for as long as an outage may last. Outages
    in between don't count, as they concern all calls.
    """

    def __init__(self, patience: Patience, stopped: threading.Event) -> None:
        from tenacity import wait_random_exponential

        self._patience = patience
        self._stopped = stopped
        self._failing_alone_since: float | None = None
        self._random = wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)

    def wait(self, state: "RetryCallState") -> float:
        """Return how long to wait before the next attempt."""
        # The last attempt is at the very end.
        return min(self._random(state), max(0.0, self._time_left()))

    def is_over(self, _: "RetryCallState") -> bool:
        """Tell whether to give up."""
        return self._stopped.is_set() or self._time_left() <= 0

    def _time_left(self) -> float:
        began = self._patience.outage_began
        if began is None:
            began = self._failing_alone_since = self._failing_alone_since or time.monotonic()
        else:
            self._failing_alone_since = None
        return self._patience.seconds - _age(began)


def _age(moment: float) -> float:
    return time.monotonic() - moment


def _log(line: str) -> None:
    from tqdm import tqdm

    # `print` would break a progress bar.
    tqdm.write(without_secrets(line), file=sys.stderr)
