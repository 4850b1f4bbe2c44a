"""Names of videos and their frames."""

from autofocus.runs.video_names import FrameName, parse_frame


def test_names_of_frames_are_read_back() -> None:
    """A frame's name leads to its video and number, and other images are none."""
    frame = FrameName("cam 1/V01.MP4", 12)
    assert parse_frame(str(frame)) == frame
    assert parse_frame("cam 1/frame_0012.jpg") is None
    assert parse_frame("cam 1/V01.MP4/IMG_0012.jpg") is None
