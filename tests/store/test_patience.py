"""Claims about retries while a server is unavailable."""

import itertools
import threading
import time
from collections.abc import Callable

import pytest

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.store import patience
from autofocus.store.patience import Patience


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries follow one another quickly."""
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(patience, "LONGEST_WAIT_S", 0.1)


def failing(number: int) -> Callable[[], int]:
    """Return a function that fails so often, and then returns how often it was called."""
    calls = itertools.count(1)

    def work() -> int:
        if (call := next(calls)) <= number:
            raise StoreUnavailableError(f"Failure {call}.")
        return call

    return work


@pytest.mark.usefixtures("quick")
def test_a_call_is_retried_until_it_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    """After failures that may pass, the result is that of the first attempt that succeeds."""
    assert Patience(10, "The store").call(failing(3)) == 4
    first, last = capsys.readouterr().err.splitlines()
    assert first == "Failure 1. Retrying for up to 10 s (--patience)."
    assert last == "The store is available again after 0 s."


def test_without_patience_nothing_is_retried(capsys: pytest.CaptureFixture[str]) -> None:
    """With 0 seconds the first failure is raised, and nothing is logged."""
    with pytest.raises(StoreUnavailableError, match=r"^Failure 1\.$"):
        Patience(0).call(failing(1))
    assert capsys.readouterr().err == ""


def test_a_call_that_succeeds_is_no_matter_for_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing fails, nothing is logged."""
    assert Patience(10).call(failing(0)) == 1
    assert capsys.readouterr().err == ""


def test_final_errors_are_not_retried() -> None:
    """Any other error is raised at once, also one of the store."""
    calls = []

    def work() -> None:
        calls.append(1)
        raise StoreError("No S3 server.")

    with pytest.raises(StoreError, match="No S3 server"):
        Patience(10).call(work)
    assert len(calls) == 1


@pytest.mark.usefixtures("quick")
def test_an_outage_ends_with_the_patience() -> None:
    """When an outage has lasted as long as one may, the last failure is raised, at that time."""
    retries = Patience(0.5)
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        retries.call(failing(10**9))
    assert 0.5 <= time.monotonic() - began < 1
    assert retries.is_exhausted


@pytest.mark.usefixtures("quick")
def test_calls_share_an_outage() -> None:
    """A call that begins when the patience has been exhausted by others is tried once."""
    retries = Patience(0.2)
    with pytest.raises(StoreUnavailableError):
        retries.call(failing(10**9))
    with pytest.raises(StoreUnavailableError, match=r"^Failure 1\.$"):
        retries.call(failing(10**9))


@pytest.mark.usefixtures("quick")
def test_a_success_ends_the_outage_for_all_calls() -> None:
    """After a call that succeeds, the next outage may last as long as the first one."""
    retries = Patience(0.3)
    with pytest.raises(StoreUnavailableError):
        retries.call(failing(10**9))
    retries.call(failing(0))
    assert not retries.is_exhausted
    assert retries.call(failing(2)) == 3


@pytest.mark.usefixtures("quick")
def test_what_fails_alone_is_given_up_as_well() -> None:
    """A call that fails while others succeed ends with the patience, and there is no outage."""
    retries, ended = Patience(0.4), threading.Event()

    def succeed() -> None:
        while not ended.wait(0.001):
            retries.call(failing(0))

    def fail() -> None:
        time.sleep(0.02)
        raise StoreUnavailableError("Alone.")

    others = threading.Thread(target=succeed)
    others.start()
    began = time.monotonic()
    try:
        with pytest.raises(StoreUnavailableError, match="Alone"):
            retries.call(fail)
    finally:
        ended.set()
        others.join()
    assert 0.4 <= time.monotonic() - began < 1
    assert not retries.is_exhausted


def test_a_stop_ends_the_wait() -> None:
    """A thread that waits for its next attempt ends at once when the run is stopped."""
    stopped = threading.Event()
    threading.Timer(0.2, stopped.set).start()
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError):
        Patience(60).call(failing(10**9), stopped)
    assert time.monotonic() - began < 1


class Recorder(threading.Event):
    """An event that records for how long others wait for it, and lets nobody wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0)
        return False


def test_waits_grow_at_random_up_to_a_limit() -> None:
    """Waits are drawn from ranges that double up to 15 s, so that threads don't retry in step."""
    rows = []
    for _ in range(30):
        recorder = Recorder()
        Patience(1000).call(failing(10), recorder)
        rows.append(recorder.waits)
    for place, waits in enumerate(zip(*rows, strict=True)):
        limit = min(15, 2**place)
        assert all(0 <= wait <= limit for wait in waits)
        assert max(waits) > limit / 2
        assert len(set(waits)) == 30


def test_no_wait_leads_beyond_the_patience() -> None:
    """The last attempt is when the patience ends, not a wait later."""
    recorder = Recorder()
    Patience(0.5).call(failing(20), recorder)
    assert max(recorder.waits) <= 0.5


@pytest.mark.usefixtures("quick")
def test_a_long_outage_is_logged_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While an outage lasts there is a line from time to time, however often it is retried."""
    monkeypatch.setattr(patience, "LOG_EVERY_S", 0.3)
    retries, began = Patience(60, "The store"), time.monotonic()

    def work() -> None:
        if time.monotonic() - began < 1:
            raise StoreUnavailableError("Away.")

    retries.call(work)
    first, *between, last = capsys.readouterr().err.splitlines()
    assert first.startswith("Away. Retrying for up to 60 s")
    assert 1 <= len(between) <= 3
    assert all("The store has been unavailable for" in line for line in between)
    assert between[0].endswith(" s: retrying for 60 s more.")
    assert last == "The store is available again after 1 s."


@pytest.mark.usefixtures("quick")
def test_outages_in_a_row_do_not_fill_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """A second outage soon after the first is not logged unless it lasts."""
    retries = Patience(60)
    for _ in range(20):
        retries.call(failing(1))
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.usefixtures("quick")
def test_many_threads_log_one_outage_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Threads that fail at the same time log one begin and one end."""
    retries, up = Patience(60), threading.Event()

    def work() -> None:
        if not up.is_set():
            raise StoreUnavailableError("Away.")

    threads = [threading.Thread(target=retries.call, args=(work,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    up.set()
    for thread in threads:
        thread.join()
    assert len(capsys.readouterr().err.splitlines()) == 2
