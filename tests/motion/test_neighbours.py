"""Claims about which frames a frame is compared with."""

from dataclasses import replace
from datetime import datetime, timedelta

from autofocus.grouping.frames import Frame
from autofocus.motion.neighbours import Neighbourhood

START = datetime(2016, 7, 5, 12)


def frames(camera: str, minutes: list[int | None]) -> list[Frame]:
    return [
        Frame(
            f"{camera}{n}",
            f"{camera}/{n:03}.JPG",
            None if minute is None else START + timedelta(minutes=minute),
        )
        for n, minute in enumerate(minutes)
    ]


def test_the_nearest_in_time_are_neighbours() -> None:
    """They are taken from both sides, the nearest first."""
    nearby = Neighbourhood(frames("a", [0, 1, 2, 3, 4, 5, 6]), 4)
    assert nearby.of("a3") == ("a2", "a4", "a1", "a5")


def test_at_an_end_the_other_side_fills_up() -> None:
    """The first frame of a deployment has as many neighbours as one in its middle."""
    nearby = Neighbourhood(frames("a", [0, 1, 2, 3, 4, 5, 6]), 4)
    assert nearby.of("a0") == ("a1", "a2", "a3", "a4")
    assert nearby.of("a6") == ("a5", "a4", "a3", "a2")


def test_another_camera_s_frames_are_none() -> None:
    """Two cameras never see the same scene, however near in time."""
    nearby = Neighbourhood([*frames("a", [0, 2]), *frames("b", [1, 3])], 4)
    assert nearby.of("a0") == ("a1",)
    assert nearby.of("b0") == ("b1",)


def test_another_location_s_frames_in_the_same_folder_are_none() -> None:
    """A flat folder may hold the frames of several cameras, which their locations tell apart."""
    mixed = [
        replace(frame, location="AB"[n % 2]) for n, frame in enumerate(frames("a", [0, 1, 2, 3]))
    ]
    assert Neighbourhood(mixed, 4).of("a0") == ("a2",)
    assert Neighbourhood(mixed, 4).of("a1") == ("a3",)


def test_time_counts_and_not_the_order_in_which_they_are_given() -> None:
    """Frames are brought into the order in which they were taken."""
    nearby = Neighbourhood(list(reversed(frames("a", [9, 1, 5]))), 2)
    assert nearby.of("a2") == ("a1", "a0")


def test_undated_frames_stand_in_the_order_of_their_names() -> None:
    """Without a clock, the counter in the file's name tells the order."""
    nearby = Neighbourhood(frames("a", [None] * 5), 2)
    assert nearby.of("a2") == ("a1", "a3")


def test_a_lone_frame_has_none() -> None:
    """There is nothing to compare it with."""
    assert Neighbourhood(frames("a", [0]), 4).of("a0") == ()


def test_names_are_in_the_order_in_which_they_were_taken() -> None:
    """Camera by camera, so that whoever follows it reads each frame's neighbours once."""
    nearby = Neighbourhood([*frames("b", [1, 3]), *frames("a", [2, 0, None])], 4)
    assert nearby.names == ("a1", "a0", "a2", "b0", "b1")
