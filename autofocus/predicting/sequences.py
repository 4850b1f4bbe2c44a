"""The sequences among the images to label, and the vote of each."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import compress, islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, locate
from autofocus.grouping.sequences import SequenceRule, find_sequences
from autofocus.model.distance import is_unknown
from autofocus.model.vote import SequenceMeans, vote_weights
from autofocus.predicting.known import UNKNOWN, Known
from autofocus.runs.cameras import camera_folder
from autofocus.runs.journal import Outcome

T = TypeVar("T")
# Reads the outcomes of all images, rejected ones included, in order and anew at each call.
Outcomes = Callable[[], Iterator[Outcome]]

_EPOCH, _SECOND = datetime.min, timedelta(seconds=1)
NO_SEQUENCE = -1
_NO_TIME = -1
NOTHING_KNOWN: Mapping[str, Known] = {}
# Outcomes are read this many at a time.
CHUNK = 1024


@dataclass(frozen=True)
class Votes:
    """The sequences among N images, and the vote of each.

    Only numbers are kept per image, and a name and C probabilities per sequence.

    Attributes:
        sequences: the names of the S sequences.
        means: the weighted mean probabilities of each sequence's frames, shape (S, C).
        numbers: the number of each image's sequence, -1 for an image of none, shape (N,).
        locations: the location of each image, rejected ones included; empty if unknown.
    """

    sequences: Sequence[str]
    means: NDArray[np.float64]
    numbers: NDArray[np.int64]
    locations: Sequence[str]


def count_votes(
    outcomes: Outcomes,
    names: Sequence[str],
    prefix: str,
    rule: SequenceRule,
    pattern: LocationPattern,
    known: Mapping[str, Known] = NOTHING_KNOWN,
    labels: Sequence[str] = (),
    floor: float | None = None,
) -> Votes:
    """Find locations, and the sequences of readable images, and average probabilities over each.

    Args:
        outcomes: of the images; the extra values used are `moment` (in ISO format, to the second,
            empty if unknown), `probabilities`, and `box` if there is one.
        names: of the same images, relative to their folder.
        prefix: precedes them in the sequences' names, such as ``photos/``.
        rule: how the sequence of an image is determined.
        pattern: finds the location in a name.
        known: locations and sequences that a table gives, by name.
        labels: the labels; a folder with the name of one is no location.
        floor: what an image counts in its sequence's vote in addition to the score of its box;
            None if all count the same.
    """
    sequences, numbers, locations = _find_sequences(
        outcomes(), names, prefix, rule, partial(locate, pattern=pattern, labels=labels), known
    )
    means = SequenceMeans(len(sequences))
    first = 0
    for chunk in chunks(outcomes()):
        own = numbers[first : first + len(chunk)]
        frames = [one for one, number in zip(chunk, own, strict=True) if number != NO_SEQUENCE]
        if frames:
            weights = vote_weights(_box_scores_of(frames), floor)
            means.add(probabilities_of(frames), own[own != NO_SEQUENCE], weights)
        first += len(chunk)
    return Votes(sequences, means.means(), numbers, locations)


def probabilities_of(outcomes: Sequence[Outcome]) -> NDArray[np.float64]:
    """Return the probabilities of N images, shape (N, C)."""
    return np.array([outcome.extra["probabilities"] for outcome in outcomes], np.float64)


def _box_scores_of(outcomes: Sequence[Outcome]) -> NDArray[np.float64]:
    """Return the scores of the boxes of N images, 0 for an image without a box, shape (N,)."""
    boxes = [outcome.extra.get("box") for outcome in outcomes]
    return np.array([box["score"] if box else 0.0 for box in boxes], np.float64)


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
    rule: SequenceRule,
    located: Callable[[Sequence[Frame]], list[Frame]],
    known: Mapping[str, Known],
) -> tuple[list[str], NDArray[np.int64], list[str]]:
    """Return the sequences' names, and the sequence's number and the location of each image."""
    cameras, seconds, is_readable = _read_moments(outcomes, names)
    sequences: list[str] = []
    numbers = np.full(len(names), NO_SEQUENCE, np.int64)
    locations = [""] * len(names)
    for inside in cameras.values():
        frames = located(
            [
                _frame(names[index], prefix, seconds[index], known.get(names[index], UNKNOWN))
                for index in inside
            ]
        )
        for index, frame in zip(inside, frames, strict=True):
            locations[index] = frame.location
        # Those that can't be used count, too: a number's place in its sequence depends on them.
        by_name = find_sequences(frames, rule)
        own: dict[str, int] = {}
        for index in compress(inside, (is_readable[index] for index in inside)):
            if sequence := by_name[names[index]]:
                numbers[index] = own.setdefault(sequence, len(sequences) + len(own))
        sequences += own
    return sequences, numbers, locations


def _read_moments(
    outcomes: Iterable[Outcome], names: Sequence[str]
) -> tuple[Mapping[str, Sequence[int]], Sequence[int], Sequence[int]]:
    """Read when each image was taken.

    Returns:
        The numbers of the images of each camera's folder; and by number the seconds since the
        epoch, `_NO_TIME` if unknown, and 1 if the image is readable, else 0.
    """
    cameras: dict[str, array[int]] = defaultdict(lambda: array("q"))
    seconds, is_readable = array("q"), array("b")
    for index, outcome in enumerate(outcomes):
        moment = outcome.extra.get("moment")
        seconds.append(to_seconds(moment) if moment else _NO_TIME)
        is_readable.append(outcome.row.reason is None)
        cameras[camera_folder(names[index])].append(index)
    return cameras, seconds, is_readable


def _frame(name: str, prefix: str, seconds: int, known: Known) -> Frame:
    return Frame(
        name,
        prefix + name,
        None if seconds == _NO_TIME else to_moment(seconds),
        known.location,
        original=name,
        sequence=known.sequence,
    )


def to_seconds(moment: str) -> int:
    """Return a time in ISO format as seconds since the beginning of the calendar."""
    return (datetime.fromisoformat(moment) - _EPOCH) // _SECOND


def to_moment(seconds: int) -> datetime:
    """Return the time that `to_seconds` was given."""
    return _EPOCH + seconds * _SECOND
