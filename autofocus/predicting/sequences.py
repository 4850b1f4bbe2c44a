"""The sequences among the images to label, and the vote of each."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, locate
from autofocus.grouping.sequences import SequenceRule, find_sequences
from autofocus.model.description import Description
from autofocus.model.distance import is_unknown
from autofocus.model.empty_rule import not_empty
from autofocus.model.vote import (
    SequenceMeans,
    calibrated_votes,
    unknown_votes,
    vote_weights,
)
from autofocus.predicting.known import UNKNOWN, Known
from autofocus.runs.cameras import camera_folder
from autofocus.runs.journal import Outcome
from autofocus.runs.packed_names import PackedNames

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

    Only numbers are kept per image, and C probabilities per sequence.

    Attributes:
        sequences: the names of the S sequences.
        probabilities: of each sequence, by the vote of its frames, shape (S, C).
        unknown: which sequences lie far from all training images, shape (S,); None if the model
            doesn't measure that.
        numbers: the number of each image's sequence, -1 for an image of none, shape (N,).
        locations: the location of each image, rejected ones included; empty if unknown.
    """

    sequences: Sequence[str]
    probabilities: NDArray[np.float64]
    unknown: NDArray[np.bool_] | None
    numbers: NDArray[np.int32]
    locations: Sequence[str]


def count_votes(
    outcomes: Outcomes,
    names: Sequence[str],
    prefix: str,
    description: Description,
    known: Mapping[str, Known] = NOTHING_KNOWN,
) -> Votes:
    """Find locations, and the sequences of readable images, and let the images of each vote.

    Args:
        outcomes: of the images; the extra values used are `moment` (in ISO format, to the second,
            empty if unknown), `probabilities`, and `distance` and `box` if the model has them.
        names: of the same images, relative to their folder.
        prefix: precedes them in the sequences' names, such as ``photos/``.
        description: of the model: how locations and sequences are found, and how images vote; a
            folder with the name of a label is no location.
        known: locations and sequences that a table gives, by name.
    """
    pattern = LocationPattern(description.location_pattern)
    located = partial(locate, pattern=pattern, labels=description.labels)
    sequences, numbers, locations = _find_sequences(
        outcomes(), names, prefix, description.sequence_rule, located, known
    )
    probabilities, unknown = _vote(outcomes, numbers, len(sequences), description)
    return Votes(sequences, probabilities, unknown, numbers, locations)


def _vote(
    outcomes: Outcomes, numbers: NDArray[np.int32], sequences: int, description: Description
) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """Return the probabilities of each sequence, and which are unknown if that is measured."""
    is_measured = description.unknown_distance is not None
    means, far = SequenceMeans(sequences), SequenceMeans(sequences if is_measured else 0)
    first = 0
    for chunk in chunks(outcomes()):
        own = numbers[first : first + len(chunk)].astype(np.int64)
        first += len(chunk)
        frames = [one for one, number in zip(chunk, own, strict=True) if number != NO_SEQUENCE]
        if not frames:
            continue
        own = own[own != NO_SEQUENCE]
        weights = vote_weights(_box_scores_of(frames), description.vote_floor)
        means.add(probabilities_of(frames), own, weights)
        unknown = unknown_of(frames, description.unknown_distance)
        if unknown is not None:
            far.add(unknown[:, np.newaxis].astype(np.float64), own, weights)
    votes = calibrated_votes(
        means.take_means(),
        means.frames,
        description.vote_temperature,
        multilabel=description.multilabel,
    )
    if not is_measured:
        return votes, None
    return votes, unknown_votes(far.take_means().sum(axis=1))


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


def animal_scores_of(
    outcomes: Sequence[Outcome], description: Description
) -> NDArray[np.float64] | None:
    """Return how likely each of N images shows something, 0 to 1, shape (N,).

    Args:
        outcomes: of the images.
        description: of the model.

    Returns:
        None if the model can't tell.
    """
    rule = description.empty_rule
    if rule is None:
        return None
    own = not_empty(
        probabilities_of(outcomes),
        description.labels,
        rule.labels,
        multilabel=description.multilabel,
    )
    confidences = [outcome.extra.get("detector_score", 0.0) for outcome in outcomes]
    return rule.scores(own, np.array(confidences, np.float64))


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
) -> tuple[Sequence[str], NDArray[np.int32], Sequence[str]]:
    """Return the sequences' names, and the sequence's number and the location of each image."""
    cameras, seconds, is_readable = _read_moments(outcomes, names)
    numbers = np.full(len(names), NO_SEQUENCE, np.int32)
    locations = _Locations(len(names))

    def by_camera() -> Iterator[str]:
        """Yield the sequences of one camera after the other."""
        first = 0
        for inside in cameras.values():
            frames = located(
                [
                    _frame(name, prefix, seconds[index], known.get(name, UNKNOWN))
                    for index, name in ((index, names[index]) for index in inside)
                ]
            )
            # Those that can't be used count, too: a number's place in its sequence depends on
            # them.
            by_name = find_sequences(frames, rule)
            own: dict[str, int] = {}
            for index, frame in zip(inside, frames, strict=True):
                locations.put(index, frame.location)
                if is_readable[index] and (sequence := by_name[frame.name]):
                    numbers[index] = own.setdefault(sequence, first + len(own))
            first += len(own)
            yield from own

    return PackedNames(by_camera()), numbers, locations


class _Locations(Sequence[str]):
    """The location of each image, of which there are few; empty until it is put there."""

    def __init__(self, images: int) -> None:
        self._numbers = array("i", bytes(images * array("i").itemsize))
        self._names = {"": 0}
        self._in_order = [""]

    def put(self, index: int, location: str) -> None:
        number = self._numbers[index] = self._names.setdefault(location, len(self._names))
        if number == len(self._in_order):
            self._in_order.append(location)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self._in_order[number] for number in self._numbers[at]]
        return self._in_order[self._numbers[at]]


def _read_moments(
    outcomes: Iterable[Outcome], names: Sequence[str]
) -> tuple[Mapping[str, Sequence[int]], Sequence[int], Sequence[int]]:
    """Read when each image was taken.

    Returns:
        The numbers of the images of each camera's folder; and by number the seconds since the
        epoch, `_NO_TIME` if unknown, and 1 if the image is readable, else 0.
    """
    cameras: dict[str, array[int]] = defaultdict(lambda: array("i"))
    # At once, as arrays that grow leave gaps in memory.
    seconds = array("q", bytes(len(names) * array("q").itemsize))
    is_readable = bytearray(len(names))
    for index, outcome in enumerate(outcomes):
        moment = outcome.extra.get("moment")
        seconds[index] = to_seconds(moment) if moment else _NO_TIME
        is_readable[index] = outcome.row.reason is None
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
