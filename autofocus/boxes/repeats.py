"""Boxes that come again at the same place of a location: rocks, burnt stumps, shadows.

The detector takes some of them for animals, in image after image. Users of MegaDetector remove
them by repeat detection elimination: boxes that overlap by an intersection over union of 0.9 in 20
or more images of a camera, and are smaller than a fifth of the image, are shown to a person, who
decides (Morris: repeat detection elimination, in the package megadetector-utils). Here nobody is
asked, so the rule looks at time, too. A box is a repeat if all of this holds:

- Its place has nearly the same box (intersection over union of 0.8) in at least 8 sequences on at
  least 3 days; without dates, in at least 20 sequences. A resting animal stays for one sequence,
  or for many of one day.
- In at least half of the sequences with any box at this place (overlapping by 0.3), there is
  nearly the same one. At a feeder, each visit has other boxes.
- It covers at most a fifth of the image: boxes of animals close to the camera end at its edges,
  and so are alike.

Only boxes that are nearly the same as the repeated one are dropped, not an animal beside or before
the stump.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import exp, floor, log

import numpy as np
from numpy.typing import NDArray

from autofocus.boxes.box import Box
from autofocus.grouping.frames import Frame
from autofocus.grouping.sequences import find_sequences

Boxes = NDArray[np.float64]
# The leaders of clusters by the steps of their sizes, and by the cells of their centres.
_Leaders = dict[tuple[int, int], dict[tuple[int, int], list[tuple[int, list[float]]]]]
_STEP = log(1.25)
_AROUND = tuple(product((-1, 0, 1), repeat=2))


@dataclass(frozen=True)
class RepeatRule:
    """When a box counts as part of the scene.

    Attributes:
        same: the minimum intersection over union of boxes that are nearly the same; 0.8 or more.
        near: the minimum intersection over union of boxes at the same place.
        sequences: the minimum number of sequences with nearly the same box.
        days: the minimum number of days with them.
        undated: the minimum number of sequences, if their dates are unknown.
        share: the minimum share of nearly the same boxes at the place, in sequences.
        largest: the maximum size of a box, as a share of the image's area.
        most: the maximum number of places that are examined, those with most sequences first.
    """

    same: float = 0.8
    near: float = 0.3
    sequences: int = 8
    days: int = 3
    undated: int = 20
    share: float = 0.5
    largest: float = 0.2
    most: int = 100


def drop_repeats(
    frames: Sequence[Frame],
    detections: Mapping[str, Sequence[Box]],
    sequences: Mapping[str, str] | None = None,
    rule: RepeatRule = RepeatRule(),
) -> dict[str, tuple[Box, ...]]:
    """Return the boxes of one location without those that belong to the scene.

    The result does not depend on the order of the frames. Time and memory grow in proportion to
    the number of boxes.

    Args:
        frames: all frames of one camera at one location.
        detections: the detector's boxes by the frame's name, the faint ones included.
        sequences: the sequence of each frame by its name, empty if it is unknown; None: they are
            found by time.
        rule: when a box is dropped.

    Returns:
        The other boxes by the frame's name, in their order.
    """
    every = {frame.name: tuple(detections[frame.name]) for frame in frames}
    located = find_sequences(frames) if sequences is None else sequences
    table = _tabulate(frames, every, located, rule.largest)
    dropped = np.zeros(len(table.edges), bool)
    for centre in _places(table, rule):
        dropped |= table.overlaps(centre) >= rule.same
    gone = {table.owners[number] for number in np.flatnonzero(dropped)}
    return {
        name: tuple(box for position, box in enumerate(boxes) if (name, position) not in gone)
        for name, boxes in every.items()
    }


@dataclass(frozen=True)
class _Table:
    """The boxes that may be repeats, in an order that depends on them alone.

    Attributes:
        edges: left, top, right, bottom, shape (N, 4).
        sequences: the number of each box's sequence, shape (N,); -1 if it is unknown.
        days: the number of each box's day, shape (N,); -1 if it is unknown.
        owners: the frame of each box, and the box's position in it.
    """

    edges: Boxes
    sequences: NDArray[np.int64]
    days: NDArray[np.int64]
    owners: list[tuple[str, int]]

    def overlaps(self, box: Boxes) -> Boxes:
        """Return the intersection over union of each box with one, shape (N,)."""
        return _overlaps(self.edges, box)

    def is_repeated(self, members: NDArray[np.bool_] | list[int], rule: RepeatRule) -> bool:
        """Return whether boxes are of enough sequences and days."""
        sequences, days = self.sequences[members], self.days[members]
        dated = days >= 0
        if _count(sequences[dated]) >= rule.sequences and len(np.unique(days[dated])) >= rule.days:
            return True
        return _count(sequences[~dated]) >= rule.undated


def _count(sequences: NDArray[np.int64]) -> int:
    return len(np.unique(sequences[sequences >= 0]))


def _tabulate(
    frames: Sequence[Frame],
    boxes: Mapping[str, tuple[Box, ...]],
    sequences: Mapping[str, str],
    largest: float,
) -> _Table:
    numbers: dict[str, int] = {"": -1}
    rows = []
    for frame in frames:
        sequence = numbers.setdefault(sequences[frame.name], len(numbers))
        day = frame.moment.toordinal() if frame.moment is not None else -1
        for position, box in enumerate(boxes[frame.name]):
            if 0 < box.width * box.height <= largest:
                edges = (box.left, box.top, box.left + box.width, box.top + box.height)
                rows.append((-box.score, edges, frame.name, position, sequence, day))
    # The number of a sequence depends on the order of the frames: it comes after what is unique.
    rows.sort()
    return _Table(
        np.array([row[1] for row in rows], np.float64).reshape(-1, 4),
        np.array([row[4] for row in rows], np.int64),
        np.array([row[5] for row in rows], np.int64),
        [(row[2], row[3]) for row in rows],
    )


def _places(table: _Table, rule: RepeatRule) -> list[Boxes]:
    """Return the boxes that are repeated."""
    clusters = [
        members
        for members in _cluster(table.edges, rule.same)
        if len(members) >= min(rule.sequences, rule.undated)
    ]
    clusters.sort(key=lambda members: (-_count(table.sequences[members]), members[0]))
    places = []
    for members in clusters[: rule.most]:
        # The first member of a cluster may lie at its rim.
        centre = np.median(table.edges[members], axis=0)
        overlaps = table.overlaps(centre)
        same, near = overlaps >= rule.same, overlaps >= rule.near
        around = _count(table.sequences[near])
        if table.is_repeated(same, rule) and (
            _count(table.sequences[same]) >= rule.share * around
        ):
            places.append(centre)
    return places


def _cluster(edges: Boxes, same: float) -> Iterable[list[int]]:
    """Return clusters of boxes that are nearly the same as their first one.

    Each box joins the first cluster that it fits, in the table's order. Clusters are looked up by
    place and size, so that a box is compared with few of them.
    """
    leaders: _Leaders = {}
    clusters: dict[int, list[int]] = {}
    for number, row in enumerate(edges.tolist()):
        for leader, other in _lookup(leaders, row):
            if _overlap(other, row) >= same:
                clusters[leader].append(number)
                break
        else:
            size = _size(row)
            cells = leaders.setdefault(size, {})
            cells.setdefault(_cell(row, *size), []).append((number, row))
            clusters[number] = [number]
    return clusters.values()


def _size(row: list[float]) -> tuple[int, int]:
    """Return the steps of a box's width and height, of which each is a quarter larger."""
    return floor(log(row[2] - row[0]) / _STEP), floor(log(row[3] - row[1]) / _STEP)


def _cell(row: list[float], wide: int, high: int) -> tuple[int, int]:
    """Return the cell of a box's centre; a cell's sides are a third of those of the box."""
    across, down = exp(_STEP * wide) / 3, exp(_STEP * high) / 3
    return floor((row[0] + row[2]) / 2 / across), floor((row[1] + row[3]) / 2 / down)


def _lookup(leaders: _Leaders, row: list[float]) -> list[tuple[int, list[float]]]:
    """Return the leaders near a box and of its size, in order.

    Boxes that overlap by 0.8 or more differ in width and height by a quarter at most, and their
    centres by a fifth of the larger one's sides.
    """
    found: list[tuple[int, list[float]]] = []
    width, height = _size(row)
    for size in ((width + one, height + two) for one, two in _AROUND):
        if cells := leaders.get(size):
            column, line = _cell(row, *size)
            for across, down in _AROUND:
                found += cells.get((column + across, line + down), ())
    return sorted(found)


def _overlap(one: list[float], other: list[float]) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    areas = sum((row[2] - row[0]) * (row[3] - row[1]) for row in (one, other))
    return shared / (areas - shared)


def _overlaps(edges: Boxes, box: Boxes) -> Boxes:
    """Return the intersection over union of boxes with one, shape (N,)."""
    sides = np.minimum(edges[:, 2:], box[2:]) - np.maximum(edges[:, :2], box[:2])
    shared = np.prod(np.maximum(sides, 0), axis=1)
    areas = np.prod(edges[:, 2:] - edges[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    overlaps: Boxes = shared / (areas - shared)
    return overlaps
