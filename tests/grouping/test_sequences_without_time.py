"""Claims about sequences of frames that record no time."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.grouping.frames import Frame
from autofocus.grouping.sequences import SequenceRule, find_sequences

NOON = datetime(2016, 7, 5, 12)


def found(rule: SequenceRule, *frames: Frame) -> list[str]:
    sequences = find_sequences(frames, rule)
    return [sequences[frame.name] for frame in frames]


def named(rule: SequenceRule, *paths: str) -> list[str]:
    return found(rule, *(Frame(path, path) for path in paths))


def test_a_column_goes_before_the_time() -> None:
    """A sequence that people wrote down holds frames however far apart they are."""
    frames = [
        Frame("1", "c/1.JPG", NOON, sequence="s7"),
        Frame("2", "c/2.JPG", sequence="s7"),
        Frame("3", "c/3.JPG", NOON),
        Frame("4", "d/1.JPG", sequence="s7"),
    ]
    assert found(SequenceRule(), *frames) == ["c@s7", "c@s7", "c@2016-07-05T12:00:00", "d@s7"]


def test_a_pattern_finds_the_sequence_of_frames_without_a_time() -> None:
    """It is searched for in the original's path; the time goes before it."""
    frames = [
        Frame("1", "../pre/c/e12_1.JPG", original="c/e12_1.JPG"),
        Frame("2", "../pre/c/e12_2.JPG", original="c/e12_2.JPG"),
        Frame("3", "../pre/c/e13_1.JPG", NOON, original="c/e13_1.JPG"),
        Frame("4", "../pre/c/x.JPG", original="c/x.JPG"),
    ]
    assert found(SequenceRule(pattern=r"/(?P<sequence>e\d+)_"), *frames) == [
        "../pre/c@e12",
        "../pre/c@e12",
        "../pre/c@2016-07-05T12:00:00",
        "",
    ]


def test_the_frames_of_a_video_are_one_sequence() -> None:
    """Without a time they are, and images beside them are still divided by their numbers."""
    paths = [f"c/V1.MP4/frame_000{number}.jpg" for number in (1, 2)]
    images = ["c/1.JPG", "c/2.JPG"]
    assert named(SequenceRule(), *paths, *images) == ["c@V1.MP4", "c@V1.MP4", "", ""]
    assert named(SequenceRule(frames=1), *paths, *images) == [
        "c@V1.MP4",
        "c@V1.MP4",
        "c@1",
        "c@2",
    ]


def test_two_locations_in_one_folder_share_no_value() -> None:
    """The same value of the pattern at two locations of one folder is two sequences."""
    frames = [Frame(each, f"c/{each}_1.JPG", location=each) for each in ("m", "l")]
    assert found(SequenceRule(pattern=r"_(\d)"), *frames) == ["c//m@1", "c//l@1"]


def test_numbered_files_form_sequences_only_if_that_is_told() -> None:
    """With three frames per trigger, each three consecutive numbers are a sequence."""
    paths = [f"c/IMG_{number:04}.JPG" for number in range(7, 14)]
    assert named(SequenceRule(), *paths) == [""] * 7
    first, second, third = "c@IMG_0007", "c@IMG_0010", "c@IMG_0013"
    assert named(SequenceRule(frames=3), *paths) == [*[first] * 3, *[second] * 3, third]


def test_a_missing_file_does_not_shift_the_others() -> None:
    """Numbers count, not positions: a deleted frame is missing in its own sequence alone."""
    paths = [f"c/{number}.JPG" for number in (1, 2, 3, 4, 6, 7, 8, 9, 10)]
    sequences = named(SequenceRule(frames=3), *paths)
    assert sequences == ["c@1"] * 3 + ["c@4"] * 2 + ["c@7"] * 3 + ["c@10"]


def test_names_that_begin_differently_are_numbered_apart() -> None:
    """Each series of names begins a sequence of its own."""
    rule = SequenceRule(frames=2)
    assert named(rule, "c/a1.JPG", "c/b2.JPG", "c/a2.JPG") == ["c@a1", "c@b2", "c@a1"]
    assert named(rule, "c/x.JPG", "c/y.JPG", "c/z.JPG") == ["c@x", "c@x", "c@z"]


@pytest.mark.parametrize(
    ("first", "second", "are_joined"),
    [
        ("100RECNX/IMG_9999", "101RECNX/IMG_0001", True),
        ("100RECNX/IMG_9999", "101RECNX/IMG_0000", True),
        ("100RECNX/IMG_0999", "101RECNX/IMG_1000", True),
        ("DCIM/199MEDIA/IMG_9999", "DCIM/200MEDIA/IMG_0001", True),
        ("100RECNX/IMG_9999", "102RECNX/IMG_0001", False),
        ("100RECNX/IMG_9999", "101MEDIA/IMG_0001", False),
        ("100RECNX/IMG_9999", "101RECNX/IMG_0003", False),
        ("100RECNX/IMG_0400", "101RECNX/IMG_0001", False),
        ("100RECNX/IMG_9999", "101RECNX/PIC_0001", False),
    ],
)
def test_a_sequence_goes_on_in_the_next_folder_of_a_card(
    first: str, second: str, are_joined: bool
) -> None:
    """Where a folder is full, or the counter begins anew, the next folder's files follow."""
    one, other = named(SequenceRule(frames=2), f"c/{first}.JPG", f"c/{second}.JPG")
    assert one == f"c@{first}"
    assert other == (one if are_joined else f"c@{second}")


def test_a_camera_that_records_times_is_not_numbered() -> None:
    """A frame without a time, among others with one, is not joined to any by its number."""
    frames = [Frame("1", "c/1.JPG", NOON), Frame("2", "c/2.JPG"), Frame("3", "c/3.JPG")]
    assert found(SequenceRule(frames=3), *frames)[1:] == ["", ""]


frames = st.builds(
    Frame,
    st.uuids().map(str),
    st.builds(
        "{}/{}{}.JPG".format,
        st.sampled_from(["a", "b", "a/DCIM/100RECNX", "."]),
        st.sampled_from(["", "e1_", "e2_"]),
        st.integers(0, 9),
    ),
    st.sampled_from([None, None, NOON]),
    st.sampled_from(["", "m"]),
    sequence=st.sampled_from(["", "", "s"]),
)


@settings(max_examples=100)
@given(st.lists(frames, max_size=12), st.integers(0, 3))
def test_a_sequence_depends_on_its_camera_alone(given_frames: list[Frame], number: int) -> None:
    """Shards, which hold whole cameras, give the sequences of a whole run, in any order."""
    rule = SequenceRule(pattern=r"/(e\d)_", frames=number)
    whole = find_sequences(given_frames[::-1], rule)
    for camera in {frame.camera for frame in given_frames}:
        inside = [frame for frame in given_frames if frame.camera == camera]
        sequences = find_sequences(inside, rule)
        assert sequences == {frame.name: whole[frame.name] for frame in inside}
