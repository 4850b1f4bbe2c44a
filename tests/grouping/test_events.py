"""Claims about events."""

import tracemalloc
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofocus.grouping.event_names import name_event
from autofocus.grouping.events import NONE, find_events

# Few streams and times, so that many images share them; -1 is an image of no event.
_images = st.lists(st.tuples(st.integers(-1, 2), st.integers(0, 20)))


def starts(images: list[tuple[int, int]], gap_s: float) -> list[int]:
    streams, seconds = (np.array([one[k] for one in images], np.int64) for k in (0, 1))
    return [int(start) for start in find_events(streams, seconds, gap_s)]


def test_a_pause_above_the_gap_ends_an_event() -> None:
    """A pause of just the gap does not, and the images may come in any order."""
    images = [(0, 100), (0, 0), (1, 50), (0, 60), (0, 161), (NONE, 0)]
    assert starts(images, 60) == [0, 0, 50, 0, 161, NONE]


@given(_images, st.integers(0, 5))
def test_events_are_chains_of_short_pauses(images: list[tuple[int, int]], gap_s: int) -> None:
    """Each image's event began at the earliest time from which pauses are short throughout."""
    for (stream, second), start in zip(images, starts(images, gap_s), strict=True):
        if stream == NONE:
            assert start == NONE
            continue
        times = sorted({time for other, time in images if other == stream and time <= second})
        chain = times.pop()
        while times and chain - times[-1] <= gap_s:
            chain = times.pop()
        assert start == chain


def test_an_event_is_named_after_place_label_and_time() -> None:
    """The name says what it is, in a form that sorts by time."""
    assert name_event("mill", "deer", datetime(2016, 7, 5, 11)) == "mill@deer@2016-07-05T11:00:00"


def test_an_event_in_no_folder_is_named_after_label_and_time() -> None:
    """Where neither a location nor a folder is known, no sign stands for it."""
    assert name_event("", "deer", datetime(2016, 7, 5, 11)) == "deer@2016-07-05T11:00:00"


def test_streams_are_the_same_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events don't depend on how many images are looked at together."""
    numbers = np.arange(300)
    streams, seconds = numbers * 7 % 11 - 1, numbers * 37 % 101
    whole = find_events(streams, seconds, 3)
    monkeypatch.setattr("autofocus.grouping.events._IMAGES", 40)
    assert (find_events(streams, seconds, 3) == whole).all()
    assert (whole[streams == NONE] == NONE).all()


def test_events_may_be_written_over_the_times() -> None:
    """A million images then take ten bytes each, for a part of them, and have the same events."""
    numbers = np.arange(1_000_000)
    streams, seconds = (numbers % 21 - 1).astype(np.int32), numbers * 37 % 1_000_003
    whole = find_events(streams, seconds, 3)
    tracemalloc.start()
    same = find_events(streams, seconds, 3, into=seconds)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert same is seconds
    assert (same == whole).all()
    assert peak < 10 * len(numbers)
