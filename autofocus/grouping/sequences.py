"""Sequences: the frames that a camera took at one trigger."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import PurePosixPath

from autofocus.grouping.frames import Frame
from autofocus.grouping.patterns import PathPattern
from autofocus.runs.cameras import camera_folder, number_on_card
from autofocus.runs.video_names import parse_frame

# The stem of a numbered file: what precedes the number, the number, and what follows it.
_NUMBERED = re.compile(r"(.*?)(\d{1,18})(\D*)")
# File numbers have four digits, and begin anew at 0 or 1.
_COUNTER = 10_000
# Numbered frames by camera, folder and what stands around the number.
_Series = dict[tuple[str, ...], list[tuple[int, Frame]]]


class SequencePattern(PathPattern):
    """Finds the sequence in the path of an original image; the empty pattern finds none.

    Args:
        text: a regular expression, searched for anywhere in the path. The sequence is its group
            `sequence`, else its first group, else the whole match.

    Raises:
        SettingError: it is not a regular expression.
    """

    kind = "sequence"

    def check(self, originals: Collection[str]) -> None:
        """Check that the pattern tells the sequences of images apart.

        Args:
            originals: paths of original images, relative to their folder, whose sequence no
                column gives.

        Raises:
            SettingError: it matches none of them, or gives the same sequence for all.
        """
        if not self.text or len(originals) < 2:  # noqa: PLR2004 - one has no other
            return
        # Those of different cameras are different sequences.
        values = {(self.find(path), camera_folder(path)) for path in originals}
        if len(values) == 1 or not any(value for value, _ in values):
            raise self.explain(next(iter(values))[0], originals)


@dataclass(frozen=True)
class SequenceRule:
    """How the sequence of a frame is determined.

    Attributes:
        gap_s: the maximum pause within a sequence, in seconds.
        pattern: finds the sequence of frames without a time in their paths; empty for none.
        frames: the number of frames that a camera takes at a trigger, by which numbered files of
            a camera that records no time are divided; 0 if unknown.
    """

    gap_s: float = 60.0
    pattern: str = ""
    frames: int = 0


# By the time alone, with a pause of at most a minute.
BY_TIME = SequenceRule()


def find_sequences(frames: Iterable[Frame], rule: SequenceRule = BY_TIME) -> dict[str, str]:
    """Return the sequence of each frame by its name.

    A frame that a column of a table gives a sequence is of that one. Any other belongs to the
    sequence of the previous frame of its camera if it was taken at most `gap_s` seconds later.
    Without a time, the pattern finds its sequence; the frames of a video are one; and if no image
    of its camera has a time or a sequence, files with consecutive numbers are one, as many as the
    camera takes at a trigger.

    The name of a sequence is its camera and, after `@`, the time of its first frame, the value of
    the column or pattern, or the path of the video or of its first file.

    Frames of one folder with different locations are of different cameras. A frame without a
    location is of the camera of the frame before it, or after it, within the gap.

    Args:
        frames: in any order, with all frames of their cameras.
        rule: how sequences are determined.

    Returns:
        The sequence by the frame's name; empty if it is unknown.
    """
    every = list(frames)
    found = {frame.name: "" for frame in every}
    rest = [frame for frame in every if not frame.sequence]
    found |= _find_dated(rest, timedelta(seconds=rule.gap_s))
    streams = _stream_names(every)
    pattern = SequencePattern(rule.pattern)
    images = []
    for frame in every:
        value = frame.sequence or ("" if found[frame.name] else pattern.find(frame.original_path))
        video = _video(frame)
        if not video:
            images.append(frame)
        elif not found[frame.name]:
            value = value or video
        if value:
            found[frame.name] = f"{streams[frame.name]}@{value}"
    if rule.frames:
        ordered = {frame.camera for frame in images if found[frame.name]}
        unordered = [frame for frame in images if frame.camera not in ordered]
        found |= _find_numbered(unordered, streams, rule.frames)
    return found


def _video(frame: Frame) -> str:
    """Return the video that a frame is of, relative to the camera's folder; empty for an image."""
    of_video = parse_frame(frame.path)
    return of_video.video.removeprefix(f"{frame.camera}/") if of_video else ""


def _find_dated(frames: Sequence[Frame], gap: timedelta) -> dict[str, str]:
    """Return the sequence of each frame that has a time."""
    dated = [
        _Dated(frame.camera, frame.moment, frame) for frame in frames if frame.moment is not None
    ]
    dated.sort(key=lambda one: (one.camera, one.moment, one.frame.path, one.frame.name))
    found: dict[str, str] = {}
    for camera, group in groupby(dated, key=lambda one: one.camera):
        for stream, inside in _streams(camera, list(group), gap):
            found.update(_sequences(stream, inside, gap))
    return found


def _stream_names(frames: Sequence[Frame]) -> dict[str, str]:
    """Return the camera of each frame by the frame's name, where locations share a folder, too."""
    locations: dict[str, set[str]] = {}
    for frame in frames:
        locations.setdefault(frame.camera, set()).add(frame.location)
    return {
        frame.name: frame.camera
        if len(locations[frame.camera]) == 1
        else f"{frame.camera}//{frame.location}"
        for frame in frames
    }


def _find_numbered(
    frames: Sequence[Frame], streams: dict[str, str], number: int
) -> dict[str, str]:
    """Return sequences of files by the numbers in their names, else by the order of the names.

    A missing file leaves the sequences of the others as they are, unless it is the first one. A
    sequence may begin in a folder that is full and go on in the next, see `_join_folders`.
    """
    series: _Series = {}
    for frame in sorted(frames, key=lambda frame: (frame.path, frame.name)):
        path = PurePosixPath(frame.path)
        match = _NUMBERED.fullmatch(path.stem)
        key = (streams[frame.name], path.parent.as_posix())
        names = (match[1], match[3]) if match else ()
        members = series.setdefault((*key, *names), [])
        members.append((int(match[2]) if match else len(members), frame))
    found = {}
    for (stream, *_), members in _join_folders(series):
        members.sort(key=lambda member: member[0])
        first = members[0][0]
        for _, group in groupby(members, key=lambda member: (member[0] - first) // number):
            inside = [frame for _, frame in group]
            name = PurePosixPath(inside[0].path).with_suffix("").as_posix()
            name = name.removeprefix(f"{inside[0].camera}/")
            found.update({frame.name: f"{stream}@{name}" for frame in inside})
    return found


def _join_folders(series: _Series) -> Iterator[tuple[tuple[str, ...], list[tuple[int, Frame]]]]:
    """Yield the series of numbered files, each with those that go on in the card's next folders.

    `100RECNX/IMG_9999.JPG` is followed by `101RECNX/IMG_0001.JPG`, or by `IMG_0000.JPG`; other
    cameras go on counting. Where neither is so, the next folder begins a series of its own.
    """
    joined: dict[tuple[str, ...], tuple[int, int, list[tuple[int, Frame]]]] = {}
    for (stream, folder, *names), members in sorted(series.items()):
        card = number_on_card(folder)
        if card is None:
            yield (stream, folder, *names), members
            continue
        key, number = (stream, card[0], *names), card[1]
        members.sort(key=lambda member: member[0])
        first, last = members[0][0], members[-1][0]
        if key in joined:
            before, end, whole = joined[key]
            if number == before + 1 and _follows(first, end):
                shift = whole[-1][0] + 1 - first
                whole += [(count + shift, frame) for count, frame in members]
                joined[key] = (number, last, whole)
                continue
            yield key, whole
        joined[key] = (number, last, members)
    yield from ((key, whole) for key, (*_, whole) in joined.items())


def _follows(first: int, last: int) -> bool:
    """Return whether a file's number comes directly after that of the file before it."""
    return first == last + 1 or (first <= 1 and last % _COUNTER == _COUNTER - 1)


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
