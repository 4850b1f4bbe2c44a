"""Tests of preprocess_images with videos."""

import csv
import sys
from pathlib import Path

import pytest

from autofocus.errors import MissingDependencyError
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.ledger import Reason, read_ledger
from tests.images.clips import SECONDS, write_video
from tests.images.pictures import hills, write

SETTINGS = PreprocessSettings(trim_bottom=8, min_side=16, frame_rate=1, max_rejected=1)
FRAMES = [f"cam/V1.MP4/frame_{number:04d}.jpg" for number in range(1, SECONDS + 1)]


@pytest.fixture
def indir(tmp_path: Path) -> Path:
    """A folder with an image, a video and a broken video."""
    folder = tmp_path / "in"
    write(folder / "cam" / "IMG_1.JPG", hills(48, 40))
    write_video(folder / "cam" / "V1.MP4", created="2024-05-01T10:00:00")
    (folder / "cam" / "V2.MP4").write_bytes(b"no video")
    return folder


def test_frames_are_images_with_a_row_each(indir: Path, tmp_path: Path) -> None:
    """Each frame becomes an image with its own time, and a broken video one rejected row."""
    result = preprocess_images(indir, tmp_path / "out", SETTINGS)
    with result.properties.open(encoding="utf-8", newline="") as file:
        times = {row["filepath"]: row["time"] for row in csv.DictReader(file)}
    assert times == {
        "cam/IMG_1.JPG": times["cam/IMG_1.JPG"],
        **dict(zip(FRAMES, ["10:00:00", "10:00:01", "10:00:02"], strict=True)),
    }
    assert all((tmp_path / "out" / name).is_file() for name in FRAMES)
    reasons = {row.input: row.reason for _, row in read_ledger(result.ledger) if row.reason}
    assert reasons == {"cam/V2.MP4": Reason.TRUNCATED}


def test_frames_are_reused_while_the_video_is_unchanged(indir: Path, tmp_path: Path) -> None:
    """A second run decodes no frame again, and a changed video is decoded anew."""
    preprocess_images(indir, tmp_path / "out", SETTINGS)
    assert preprocess_images(indir, tmp_path / "out", SETTINGS).counts.reused == 1 + SECONDS
    write_video(indir / "cam" / "V1.MP4", created="2025-05-01T10:00:00")
    again = preprocess_images(indir, tmp_path / "out", SETTINGS)
    assert (again.counts.reused, again.counts.ok) == (1, SECONDS)


def test_without_a_rate_videos_are_ignored_and_counted(indir: Path, tmp_path: Path) -> None:
    """By default videos are no inputs, and a note counts them."""
    settings = PreprocessSettings(trim_bottom=8, min_side=16)
    result = preprocess_images(indir, tmp_path / "out", settings)
    assert result.counts.inputs == 1
    assert any("2 " in note and ".mp4" in note for note in result.notes)


def test_without_pyav_the_extra_is_named(
    indir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is written, the error says what to install."""
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingDependencyError, match=r"autofocus\[video\]"):
        preprocess_images(indir, tmp_path / "out", SETTINGS)
    assert not (tmp_path / "out" / "image_properties.csv").exists()
