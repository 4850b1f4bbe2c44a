"""Detections of videos: what a table says of a video holds for each of its frames."""

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from autofocus.runs.spelling import fold_path
from autofocus.runs.video_names import parse_frame
from autofocus.tables.texts import fold_paths, put, to_column

if TYPE_CHECKING:
    import polars as pl

_Frames = dict[str, list[str]]


def frames_by_video(images: "pl.Series") -> _Frames:
    """Return the frames of each video among images, by the video's path by `fold_path`."""
    frames: _Frames = {}
    for image in images.filter(images.str.contains("/frame_", literal=True)):
        if frame := parse_frame(image):
            frames.setdefault(fold_path(frame.video), []).append(image)
    return frames


def repeat_for_frames(rows: "pl.DataFrame", column: str, frames: _Frames) -> "pl.DataFrame":
    """Replace each row of a video by one row per frame.

    Args:
        rows: the detections.
        column: the column that holds the path of the image or video.
        frames: of each video; see `frames_by_video`.
    """
    if not frames:
        return rows
    folded = fold_paths(rows[column])
    videos = folded.is_in(to_column(frames)).arg_true()
    names = [frames[video] for video in folded.gather(videos)]
    repeats = np.ones(len(rows), int)
    repeats[videos.to_numpy()] = list(map(len, names))
    places = np.repeat(np.arange(len(rows)), repeats)
    are_frames = np.isin(places, videos.to_numpy())
    repeated = rows[places]
    paths = put(repeated[column], np.flatnonzero(are_frames), [*chain.from_iterable(names)])
    return repeated.with_columns(paths.alias(column))
