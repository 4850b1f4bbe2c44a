"""Frames of videos."""

from pathlib import Path

import numpy as np
import pytest

from autofocus.errors import RejectedImageError
from autofocus.images.videos import count_frames, list_frames, read_frame
from tests.images.clips import SECONDS, write_video


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.avi", "mjpeg"), ("a.mov", "mpeg4"), ("a.mkv", "libx264")],
)
def test_each_frame_is_from_its_second(tmp_path: Path, name: str, codec: str) -> None:
    """Frame number n shows the video n - 1 seconds after its start, in each common format."""
    path = write_video(tmp_path / name, codec)
    assert count_frames(path, 1) == SECONDS
    means = [np.asarray(read_frame(path, number, 1).image).mean() for number in (1, 2, 3)]
    np.testing.assert_allclose(means, [20, 40, 60], atol=6)


def test_the_rate_determines_the_number_of_frames(tmp_path: Path) -> None:
    """At two frames per second there are twice as many as at one."""
    path = write_video(tmp_path / "a.mp4")
    assert count_frames(path, 2) == 2 * SECONDS
    assert np.asarray(read_frame(path, 6, 2).image).mean() > 50


def test_the_time_is_that_of_the_video_plus_the_offset(tmp_path: Path) -> None:
    """A frame's date and time are the video's creation time plus its offset."""
    path = write_video(tmp_path / "a.mp4", created="2024-05-01T23:59:59")
    first, second = (read_frame(path, number, 1).capture for number in (1, 2))
    assert (first.date, first.time) == ("2024-05-01", "23:59:59")
    assert (second.date, second.time) == ("2024-05-02", "00:00:00")
    assert second.time_source == "creation_time"


def test_a_video_without_a_creation_time_has_none(tmp_path: Path) -> None:
    """No time is guessed."""
    assert read_frame(write_video(tmp_path / "a.avi", "mjpeg"), 1, 1).capture.moment == ""


def test_videos_are_replaced_by_their_frames(tmp_path: Path) -> None:
    """A listing holds the images, each frame of a video, and a broken video by its own name."""
    write_video(tmp_path / "b.MP4")
    (tmp_path / "c.mp4").write_bytes(b"no video")
    listed = list_frames(tmp_path, ["a.jpg", "b.MP4", "c.mp4"], 1)
    frames = [f"b.MP4/frame_{number:04d}.jpg" for number in (1, 2, 3)]
    assert listed == ["a.jpg", *frames, "c.mp4"]


@pytest.mark.parametrize("content", [b"", b"no video", b"ffconcat version 1.0\nfile other.mp4\n"])
def test_files_that_are_no_videos_are_rejected(tmp_path: Path, content: bytes) -> None:
    """An empty file, text and a playlist under a video's name are rejected."""
    write_video(tmp_path / "other.mp4")
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(RejectedImageError):
        read_frame(path, 1, 1)


def test_a_truncated_video_is_rejected_from_where_it_ends(tmp_path: Path) -> None:
    """Frames before the damage are read, and those after it are rejected."""
    whole = write_video(tmp_path / "whole.avi", "mjpeg").read_bytes()
    path = tmp_path / "a.avi"
    path.write_bytes(whole[: len(whole) * 6 // 10])
    read_frame(path, 1, 1)
    with pytest.raises(RejectedImageError):
        read_frame(path, 3, 1)
