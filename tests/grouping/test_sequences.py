"""Claims about finding sequences."""

from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.grouping.frames import Frame
from autofocus.grouping.sequences import SequenceRule, find_sequences

NOON = datetime(2016, 7, 5, 12)


def frame(path: str, seconds: float | None, location: str = "") -> Frame:
    moment = None if seconds is None else NOON + timedelta(seconds=seconds)
    return Frame(f"name of {path}", path, moment, location)


def found(*frames: Frame, gap_s: float = 60.0) -> list[str]:
    sequences = find_sequences(frames, SequenceRule(gap_s))
    return [sequences[frame.name] for frame in frames]


def test_a_frame_within_the_gap_is_of_the_sequence_of_the_one_before() -> None:
    """Exactly the gap is within it, a second more is not; the first frame names the sequence."""
    assert found(frame("c/1", 0), frame("c/2", 60), frame("c/3", 121)) == [
        "c@2016-07-05T12:00:00",
        "c@2016-07-05T12:00:00",
        "c@2016-07-05T12:02:01",
    ]


def test_a_sequence_may_last_longer_than_the_gap() -> None:
    """Only pauses count: an animal that stays for minutes is one sequence."""
    assert len(set(found(*(frame(f"c/{n}", 50 * n) for n in range(20))))) == 1


def test_the_gap_can_be_set() -> None:
    """With another gap the same frames fall apart, or together."""
    frames = [frame("c/1", 0), frame("c/2", 5)]
    assert len(set(found(*frames, gap_s=4))) == 2
    assert len(set(found(*frames, gap_s=5))) == 1


def test_two_cameras_never_share_a_sequence() -> None:
    """Frames of one moment in two folders are two sequences."""
    assert len(set(found(frame("a/1", 0), frame("b/1", 0)))) == 2


def test_frames_without_a_moment_are_in_no_sequence() -> None:
    """Nothing is invented where the photograph is silent."""
    assert found(frame("c/1", None), frame("c/2", 0))[0] == ""


def test_two_places_in_one_folder_never_share_a_sequence() -> None:
    """Frames that bear different locations are of different cameras, though they alternate."""
    frames = [frame(f"all/{n}", n, "ml"[n % 2]) for n in range(6)]
    sequences = found(*frames)
    assert sequences[0] == sequences[2] == sequences[4] == "all//m@2016-07-05T12:00:00"
    assert sequences[1] == sequences[3] == sequences[5] == "all//l@2016-07-05T12:00:01"


def test_a_frame_without_a_location_goes_with_its_neighbour() -> None:
    """It belongs to the frame before it, else to the one after it, within the gap."""
    frames = [
        frame("all/0", 0),
        frame("all/1", 10, "m"),
        frame("all/2", 20),
        frame("all/3", 500, "l"),
        frame("all/4", 900),
    ]
    sequences = found(*frames)
    assert sequences[0] == sequences[1] == sequences[2]
    assert len(set(sequences)) == 3


seconds = st.none() | st.integers(0, 400)
paths = st.sampled_from(["a", "b", "a/b", "."])
locations = st.sampled_from(["", "", "m", "l"])
frames = st.lists(st.tuples(paths, seconds, locations)).map(
    lambda rows: [
        frame(f"{folder}/{number}", moment, location)
        for number, (folder, moment, location) in enumerate(rows)
    ]
)


@settings(max_examples=100)
@given(frames, st.randoms(), st.integers(0, 100))
def test_the_order_of_frames_does_not_matter(
    given_frames: list[Frame], chance: Random, gap_s: int
) -> None:
    """Frames that come in another order have the same sequences."""
    mixed = list(given_frames)
    chance.shuffle(mixed)
    rule = SequenceRule(gap_s)
    assert find_sequences(mixed, rule) == find_sequences(given_frames, rule)


@settings(max_examples=100)
@given(frames, st.integers(0, 100))
def test_sequences_are_of_one_camera_and_one_place(given_frames: list[Frame], gap_s: int) -> None:
    """Whatever the frames: no sequence has two folders or two locations, and none is undated."""
    sequences = find_sequences(given_frames, SequenceRule(gap_s))
    assert sequences.keys() == {frame.name for frame in given_frames}
    seen: dict[str, tuple[set[str], set[str]]] = {}
    for one in given_frames:
        assert bool(sequences[one.name]) == (one.moment is not None)
        cameras, places = seen.setdefault(sequences[one.name], (set(), set()))
        cameras.add(one.camera)
        places.update({one.location} - {""})
    dated = [each for name, each in seen.items() if name]
    assert all(len(cameras) == 1 and len(places) < 2 for cameras, places in dated)


@settings(max_examples=100)
@given(frames, st.integers(0, 100))
def test_neighbours_within_the_gap_are_together(given_frames: list[Frame], gap_s: int) -> None:
    """Two dated frames of a folder of one place are of one sequence if the gap is not passed."""
    sequences = find_sequences(given_frames, SequenceRule(gap_s))
    for one in given_frames:
        for other in given_frames:
            inside = {each.location for each in given_frames if each.camera == one.camera} - {""}
            if one.camera != other.camera or one.moment is None or other.moment is None:
                continue
            if len(inside) < 2 and abs((one.moment - other.moment).total_seconds()) <= gap_s:
                assert sequences[one.name] == sequences[other.name]
