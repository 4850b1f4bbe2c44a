"""The vote of a sequence: the mean of its frames' probabilities."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern
from autofocus.grouping.sequences import find_sequences
from autofocus.runs.journal import Outcome

# Reads the outcomes of all photographs, rejected ones included, in order and anew at each call.
Outcomes = Callable[[], Iterator[Outcome]]

_BEGINNING, _SECOND = datetime.min, timedelta(seconds=1)
_NONE = -1


@dataclass(frozen=True)
class Votes:
    """The sequences among photographs, and what each says.

    Of a photograph only numbers are kept, of a sequence its name and one vector.

    Attributes:
        sequences: their names.
        means: of the probabilities of each one's frames, each of shape (C,).
        numbers: for each photograph, by its place, its sequence's number; -1 for none.
    """

    sequences: Sequence[str]
    means: Sequence[Sequence[float]]
    numbers: Sequence[int]

    def of(self, place: int) -> tuple[str, Sequence[float]] | None:
        """Return the name and the mean of a photograph's sequence, if it is of one."""
        number = self.numbers[place]
        return None if number == _NONE else (self.sequences[number], self.means[number])


def take_votes(
    outcomes: Outcomes,
    names: Sequence[str],
    prefix: str,
    gap_s: float,
    pattern: LocationPattern,
) -> Votes:
    """Find the sequences of readable photographs, and average over each.

    Args:
        outcomes: of the photographs; the extra values used are `moment` (in ISO form, to the
            second, empty if it isn't told) and `probabilities`.
        names: of the same photographs, relative to their folder.
        prefix: what to put before them in the sequences' names, such as ``photos/``.
        gap_s: how long after the one before a frame may come, in seconds.
        pattern: finds the location in a name, where a folder holds the frames of several.
    """
    sequences, numbers = _find(outcomes(), names, prefix, gap_s, pattern)
    sums: list[array[float]] = [array("d") for _ in sequences]
    counts = array("l", bytes(array("l").itemsize * len(sequences)))
    for place, outcome in enumerate(outcomes()):
        number = numbers[place]
        if number != _NONE:
            shares = outcome.extra["probabilities"]
            before = sums[number] or [0.0] * len(shares)
            sums[number] = array("d", (a + b for a, b in zip(before, shares, strict=True)))
            counts[number] += 1
    means = [
        array("d", (share / count for share in shares))
        for shares, count in zip(sums, counts, strict=True)
    ]
    return Votes(sequences, means, numbers)


def _find(
    outcomes: Iterable[Outcome],
    names: Sequence[str],
    prefix: str,
    gap_s: float,
    pattern: LocationPattern,
) -> tuple[list[str], "array[int]"]:
    """Return the sequences' names, and the number of each photograph's sequence by its place."""
    places: dict[str, array[int]] = defaultdict(lambda: array("l"))
    seconds = array("q")
    for place, outcome in enumerate(outcomes):
        moment = outcome.extra.get("moment")
        seconds.append(_to_seconds(moment) if moment else _NONE)
        if moment:
            places[names[place].rpartition("/")[0]].append(place)
    sequences: list[str] = []
    numbers = array("l", [_NONE]) * len(names)
    for inside in places.values():
        frames = [
            Frame(
                names[place],
                prefix + names[place],
                _to_moment(seconds[place]),
                pattern.find(names[place]),
            )
            for place in inside
        ]
        found = find_sequences(frames, gap_s)
        known: dict[str, int] = {}
        for place in inside:
            numbers[place] = known.setdefault(found[names[place]], len(sequences) + len(known))
        sequences += known
    return sequences, numbers


def _to_seconds(moment: str) -> int:
    return (datetime.fromisoformat(moment) - _BEGINNING) // _SECOND


def _to_moment(seconds: int) -> datetime:
    return _BEGINNING + seconds * _SECOND
