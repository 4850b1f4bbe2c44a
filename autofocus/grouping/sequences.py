"""Sequences: the frames that a camera took at one trigger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from autofocus.grouping.frames import Frame


def find_sequences(frames: Iterable[Frame], gap_s: float = 60.0) -> dict[str, str]:
    """Return the sequence of each frame by its name.

    A frame belongs to the sequence of the previous frame of its camera if it was taken at most
    `gap_s` seconds later. The name of a sequence is its camera and the time of its first frame.

    Frames of one folder with different locations are of different cameras. A frame without a
    location is of the camera of the frame before it, or after it, within the gap.

    Args:
        frames: in any order.
        gap_s: the maximum pause within a sequence, in seconds.

    Returns:
        The sequence by the frame's name; empty for frames without a time.
    """
    every = list(frames)
    found = {frame.name: "" for frame in every}
    dated = [
        _Dated(frame.camera, frame.moment, frame) for frame in every if frame.moment is not None
    ]
    dated.sort(key=lambda one: (one.camera, one.moment, one.frame.path, one.frame.name))
    gap = timedelta(seconds=gap_s)
    for camera, group in groupby(dated, key=lambda one: one.camera):
        for stream, inside in _streams(camera, list(group), gap):
            found.update(_sequences(stream, inside, gap))
    return found


@dataclass(frozen=True)
class _Dated:
    camera: str
    moment: datetime
    frame: Frame


def _streams(
    camera: str, frames: Sequence[_Dated], gap: timedelta
) -> Iterable[tuple[str, list[_Dated]]]:
    """Return the frames of a folder by the cameras that took them, each in order."""
    if len({one.frame.location for one in frames}) == 1:
        return [(camera, list(frames))]
    locations = [one.frame.location for one in frames]
    numbers = range(len(frames))
    _inherit(locations, frames, numbers, gap)
    _inherit(locations, frames, numbers[::-1], gap)
    streams: dict[str, list[_Dated]] = {}
    for location, one in zip(locations, frames, strict=True):
        streams.setdefault(location, []).append(one)
    if len(streams) == 1:
        return [(camera, list(frames))]
    # No folder's path contains `//`, so this can't be the name of another one.
    return [(f"{camera}//{location}", inside) for location, inside in streams.items()]


def _inherit(
    locations: list[str], frames: Sequence[_Dated], numbers: Sequence[int], gap: timedelta
) -> None:
    """Give frames without a location that of the previous one in this order, within the gap."""
    for before, number in pairwise(numbers):
        if not locations[number] and abs(frames[number].moment - frames[before].moment) <= gap:
            locations[number] = locations[before]


def _sequences(stream: str, frames: Sequence[_Dated], gap: timedelta) -> dict[str, str]:
    """Return the sequence of each frame of one camera; the frames are in order."""
    found, name, last = {}, "", None
    for one in frames:
        if last is None or one.moment - last > gap:
            name = f"{stream}@{one.moment.isoformat()}"
        found[one.frame.name] = name
        last = one.moment
    return found
