"""Tests of work in threads with results in order."""

import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from autofocus.runs import parallel
from autofocus.runs.parallel import WINDOW, cores, ordered_groups, ordered_map


def test_results_keep_the_order() -> None:
    """Results come in the inputs' order, though later inputs are done sooner."""

    def slow_when_small(number: int) -> int:
        time.sleep((20 - number) / 1000)
        return number * number

    assert list(ordered_map(slow_when_small, range(20), jobs=4)) == [n * n for n in range(20)]


def test_work_runs_at_once() -> None:
    """With two jobs two inputs are worked on at the same time."""
    meeting = threading.Barrier(2, timeout=30)
    assert sorted(ordered_map(lambda _: meeting.wait(), range(2), jobs=2)) == [0, 1]


def test_never_more_jobs_than_asked() -> None:
    """At no time more inputs are worked on than there are jobs."""
    lock, at_work, most = threading.Lock(), 0, 0

    def watch(_: int) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.001)
        with lock:
            at_work -= 1

    list(ordered_map(watch, range(50), jobs=3))
    assert most == 3


def test_window_is_bounded() -> None:
    """However many inputs there are, few are taken before their results are asked for."""
    taken = 0

    def inputs() -> Iterator[int]:
        nonlocal taken
        for number in range(10_000):
            taken += 1
            yield number

    results = ordered_map(lambda number: number, inputs(), jobs=2)
    ahead = []
    for _ in range(100):
        number = next(results)
        ahead.append(taken - number)
    results.close()  # type: ignore[attr-defined]
    assert max(ahead) == WINDOW * 2


def test_exception_comes_in_its_place() -> None:
    """Results before the failing input are yielded first, then its exception is raised."""

    def fail_at_five(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        return number

    results = ordered_map(fail_at_five, range(100), jobs=2)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="five"):
        next(results)


def test_exception_drops_what_is_not_begun() -> None:
    """After an exception no further input is begun, and no thread is left at work."""
    begun = []

    def fail_at_once(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ValueError("at once")
        time.sleep(0.1)

    threads = threading.active_count()
    with pytest.raises(ValueError, match="at once"):
        list(ordered_map(fail_at_once, range(10_000), jobs=1))
    assert len(begun) < WINDOW
    assert threading.active_count() == threads


def test_no_inputs() -> None:
    """No inputs give no results."""
    assert list(ordered_map(str, [], jobs=2)) == []


def test_cores_can_be_used_as_jobs() -> None:
    """There is at least one core."""
    assert cores() >= 1


@pytest.fixture
def sixteen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of sixteen processors that keeps containers' limits in this folder."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(parallel, "CPU_MAX", tmp_path / "cpu.max")
    monkeypatch.setattr(parallel, "CFS", [tmp_path / "quota", tmp_path / "period"])
    return tmp_path


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("max 100000\n", 16),
        ("200000 100000\n", 2),
        ("250000 100000\n", 3),
        ("10000 100000\n", 1),
        ("50000 25000\n", 2),
        ("9900000 100000\n", 16),
    ],
)
def test_limits_of_containers_count(sixteen: Path, text: str, number: int) -> None:
    """What cgroups of version 2 grant is the number of cores, rounded up, if so many exist."""
    (sixteen / "cpu.max").write_text(text)
    assert cores() == number


@pytest.mark.parametrize(
    ("quota", "number"), [("-1\n", 16), ("200000\n", 2), ("150000\n", 2), ("1000\n", 1)]
)
def test_limits_of_older_containers_count(sixteen: Path, quota: str, number: int) -> None:
    """What cgroups of version 1 grant counts likewise."""
    (sixteen / "quota").write_text(quota)
    (sixteen / "period").write_text("100000\n")
    assert cores() == number


def test_the_newer_limit_goes_first(sixteen: Path) -> None:
    """Where both versions are mounted, that of the newer one counts."""
    (sixteen / "cpu.max").write_text("300000 100000\n")
    (sixteen / "quota").write_text("100000\n")
    (sixteen / "period").write_text("100000\n")
    assert cores() == 3


def test_without_a_limit_all_cores_count(sixteen: Path) -> None:
    """Outside of containers there are no such files, or none that say anything."""
    assert cores() == 16
    (sixteen / "cpu.max").write_text("")
    (sixteen / "quota").write_text("200000\n")
    assert cores() == 16


@pytest.mark.parametrize("way", ["exception", "close"])
def test_stop_ends_long_work(way: str) -> None:
    """When the rest isn't wanted any more, work under way is told so before it is waited for."""
    stopped, told = threading.Event(), []

    def work(number: int) -> int:
        if number > 0:
            told.append(stopped.wait(5))
        elif way == "exception":
            raise ValueError("zero")
        return number

    results = ordered_map(work, range(WINDOW), jobs=1, stop=stopped.set)
    with pytest.raises(ValueError, match="zero") if way == "exception" else nullcontext():
        assert next(results) == 0
        results.close()  # type: ignore[attr-defined]
    assert all(told)
    assert stopped.is_set()


def test_stop_is_not_called_at_a_good_end() -> None:
    """Where all work is done, nothing is told to stop."""
    stopped = threading.Event()
    assert list(ordered_map(str, [1, 2], jobs=2, stop=stopped.set)) == ["1", "2"]
    assert not stopped.is_set()


def test_groups_hold_what_is_ready_before_a_failure() -> None:
    """All results before a failure come, in order and in groups, and then the failure."""

    def work(number: int) -> int:
        if number == 30:
            raise RuntimeError("the 31st")
        return number

    taken: list[int] = []

    def take() -> None:
        for group in ordered_groups(work, range(40), jobs=2):
            # Time for all that is in progress to be done.
            time.sleep(0.05)
            taken.extend(group)

    with pytest.raises(RuntimeError, match="31st"):
        take()
    assert taken == list(range(30))
