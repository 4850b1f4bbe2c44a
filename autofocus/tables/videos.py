"""Detections of videos: what a table says of a video holds for each of its frames."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from autofocus.runs.spelling import fold_path
from autofocus.runs.video_names import parse_frame

if TYPE_CHECKING:
    import pandas as pd

_Frames = dict[str, list[str]]


def frames_by_video(images: Iterable[str]) -> _Frames:
    """Return the frames of each video among images, by the video's path by `fold_path`."""
    frames: _Frames = {}
    for image in images:
        # Most images are none, and this is the fastest way to see it.
        if "/frame_" in image and (frame := parse_frame(image)):
            frames.setdefault(fold_path(frame.video), []).append(image)
    return frames


def repeat_for_frames(rows: "pd.DataFrame", column: str, frames: _Frames) -> "pd.DataFrame":
    """Replace each row of a video by one row per frame.

    Args:
        rows: the detections.
        column: the column that holds the path of the image or video.
        frames: of each video; see `frames_by_video`.
    """
    if not frames:
        return rows
    repeated = rows.copy()
    repeated[column] = [frames.get(fold_path(path), [path]) for path in rows[column]]
    return repeated.explode(column, ignore_index=True).astype({column: rows[column].dtype})
