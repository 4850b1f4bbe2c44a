"""The sequences among the images to label, and the vote of each."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern
from autofocus.grouping.sequences import find_sequences
from autofocus.model.distance import is_unknown
from autofocus.model.vote import SequenceMeans
from autofocus.runs.journal import Outcome

T = TypeVar("T")
# Reads the outcomes of all images, rejected ones included, in order and anew at each call.
Outcomes = Callable[[], Iterator[Outcome]]

_EPOCH, _SECOND = datetime.min, timedelta(seconds=1)
NO_SEQUENCE = -1
# Outcomes are read this many at a time.
CHUNK = 1024


@dataclass(frozen=True)
class Votes:
    """The sequences among N images, and the vote of each.

    Only numbers are kept per image, and a name and C probabilities per sequence.

    Attributes:
        sequences: the names of the S sequences.
        means: the mean probabilities of each sequence's frames, shape (S, C).
        numbers: the number of each image's sequence, -1 for an image of none, shape (N,).
    """

    sequences: Sequence[str]
    means: NDArray[np.float64]
    numbers: NDArray[np.int64]


def count_votes(
    outcomes: Outcomes,
    names: Sequence[str],
    prefix: str,
    gap_s: float,
    pattern: LocationPattern,
) -> Votes:
    """Find the sequences of readable images, and average the probabilities over each.

    Args:
        outcomes: of the images; the extra values used are `moment` (in ISO format, to the second,
            empty if unknown) and `probabilities`.
        names: of the same images, relative to their folder.
        prefix: precedes them in the sequences' names, such as ``photos/``.
        gap_s: the maximum time between a frame and the one before it, in seconds.
        pattern: finds the location in a name, where a folder holds the frames of several.
    """
    sequences, numbers = _find_sequences(outcomes(), names, prefix, gap_s, pattern)
    means = SequenceMeans(len(sequences))
    first = 0
    for chunk in chunks(outcomes()):
        own = numbers[first : first + len(chunk)]
        frames = [one for one, number in zip(chunk, own, strict=True) if number != NO_SEQUENCE]
        if frames:
            means.add(probabilities_of(frames), own[own != NO_SEQUENCE])
        first += len(chunk)
    return Votes(sequences, means.means(), numbers)


def probabilities_of(outcomes: Sequence[Outcome]) -> NDArray[np.float64]:
    """Return the probabilities of N images, shape (N, C)."""
    return np.array([outcome.extra["probabilities"] for outcome in outcomes], np.float64)


def unknown_of(outcomes: Sequence[Outcome], limit: float | None) -> NDArray[np.bool_] | None:
    """Return which of N images lie beyond a distance from the training images, shape (N,).

    Args:
        outcomes: of the images.
        limit: of the model; None if it doesn't measure distances, and for an answer of None.
    """
    if limit is None:
        return None
    return is_unknown(np.array([outcome.extra["distance"] for outcome in outcomes]), limit)


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield the values in order, up to `CHUNK` at a time."""
    left = iter(values)
    while chunk := list(islice(left, CHUNK)):
        yield chunk


def _find_sequences(
    outcomes: Iterable[Outcome],
    names: Sequence[str],
    prefix: str,
    gap_s: float,
    pattern: LocationPattern,
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the sequences' names, and the number of each image's sequence, shape (N,)."""
    folders: dict[str, array[int]] = defaultdict(lambda: array("q"))
    seconds = array("q")
    for index, outcome in enumerate(outcomes):
        moment = outcome.extra.get("moment")
        seconds.append(to_seconds(moment) if moment else 0)
        if moment:
            folders[names[index].rpartition("/")[0]].append(index)
    sequences: list[str] = []
    numbers = np.full(len(names), NO_SEQUENCE, np.int64)
    for inside in folders.values():
        frames = [
            Frame(
                names[index],
                prefix + names[index],
                to_moment(seconds[index]),
                pattern.find(names[index]),
            )
            for index in inside
        ]
        by_name = find_sequences(frames, gap_s)
        known: dict[str, int] = {}
        for index in inside:
            own = by_name[names[index]]
            numbers[index] = known.setdefault(own, len(sequences) + len(known))
        sequences += known
    return sequences, numbers


def to_seconds(moment: str) -> int:
    """Return a time in ISO format as seconds since the beginning of the calendar."""
    return (datetime.fromisoformat(moment) - _EPOCH) // _SECOND


def to_moment(seconds: int) -> datetime:
    """Return the time that `to_seconds` was given."""
    return _EPOCH + seconds * _SECOND
