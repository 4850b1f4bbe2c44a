"""What is judged, and what is asked about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# From here on a label of several is taken for there.
EVEN = 0.5
# Logits beyond these are as sure as can be; a broken one must not spread.
_MOST = 1e4
# Between the labels of one image.
JOINT = "; "


@dataclass(frozen=True)
class Judged:
    """N images that a classifier of C classes did not learn from, with what it said of them.

    Attributes:
        names: of the images.
        logits: what it said, before temperature, shape (N, C).
        targets: what is true, 1 for each class that an image shows, shape (N, C).
        groups: what each image is dependent on others by, such as its location.
        sequences: the burst of each image; empty where it is unknown.
        slices: by what to look at the images apart, such as `light`, and the value of each image
            (`night`); empty where it is unknown.
        multilabel: whether each class has a probability of its own.
    """

    names: tuple[str, ...]
    logits: NDArray[np.float32]
    targets: NDArray[np.float32] | NDArray[np.bool_]
    groups: tuple[str, ...]
    sequences: tuple[str, ...]
    slices: Mapping[str, Sequence[str]]
    multilabel: bool

    def __post_init__(self) -> None:
        lengths = {len(self.names), len(self.logits), len(self.groups), len(self.sequences)}
        lengths |= {len(values) for values in self.slices.values()}
        if len(lengths) != 1 or np.shape(self.logits) != np.shape(self.targets):
            raise ValueError("Names, logits, targets, groups, sequences and slices must match.")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def there(self) -> NDArray[np.bool_]:
        """Which classes each image shows, shape (N, C)."""
        there: NDArray[np.bool_] = self.targets.astype(np.float32) > EVEN
        return there

    @property
    def bursts(self) -> NDArray[np.int64]:
        """The number of each image's sequence, shape (N,); a lone image has one of its own."""
        named = enumerate(self.sequences)
        return number([f"of {name}" if name else f"alone {place}" for place, name in named])[1]

    @property
    def sound_logits(self) -> NDArray[np.float64]:
        """The logits within bounds, shape (N, C); 0, which says nothing, for a broken one."""
        sound: NDArray[np.float64] = np.nan_to_num(self.logits.astype(np.float64))
        return np.clip(sound, -_MOST, _MOST)

    def probabilities(self, temperature: float = 1.0) -> NDArray[np.float64]:
        """Return the probability of each class, shape (N, C).

        Args:
            temperature: what to divide the logits by.
        """
        scaled = self.sound_logits / temperature
        if self.multilabel:
            # By way of tanh, which does not overflow.
            return 0.5 * (1 + np.tanh(0.5 * scaled))
        if not scaled.size:
            return scaled
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares


@dataclass(frozen=True)
class Asked:
    """What is asked of an evaluation.

    Attributes:
        target: what the thresholds are to reach, for each label.
        value: how much of it, 0 to 1.
        empty_labels: those of images that show nothing.
        group_kind: what groups are: `location`, `sequence` or `image`.
        resamples: how many bootstrap resamples intervals are from; 0 for no intervals.
        seed: of the resamples.
    """

    target: Literal["precision", "recall"] = "precision"
    value: float = 0.95
    empty_labels: tuple[str, ...] = ("empty",)
    group_kind: str = "location"
    resamples: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class Answers:
    """What a classifier says of N images, against what is true.

    Attributes:
        probabilities: shape (N, C).
        given: which labels it gives each image, shape (N, C): the most probable one, or, where an
            image may have several, all with a probability of a half or more.
        there: which it has in truth, likewise.
    """

    probabilities: NDArray[np.float64]
    given: NDArray[np.bool_]
    there: NDArray[np.bool_]

    @classmethod
    def of(cls, judged: Judged, temperature: float = 1.0) -> "Answers":
        """Read the answers off the logits."""
        return cls.read(judged.probabilities(temperature), judged.there, judged.multilabel)

    @classmethod
    def read(
        cls, probabilities: NDArray[np.float64], there: NDArray[np.bool_], multilabel: bool
    ) -> "Answers":
        """Read the answers off probabilities."""
        if multilabel or not probabilities.size:
            return cls(probabilities, probabilities >= EVEN, there)
        given = np.zeros(probabilities.shape, bool)
        given[np.arange(len(given)), probabilities.argmax(axis=1)] = True
        return cls(probabilities, given, there)

    def __len__(self) -> int:
        return len(self.given)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which images have exactly the labels that they are given, shape (N,)."""
        return ~any_of(self.given != self.there)


def any_of(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether any of the classes is flagged, shape (N,), from shape (N, C)."""
    found: NDArray[np.bool_] = np.any(flags, axis=1)
    return found


def join(labels: Sequence[str], which: Sequence[bool]) -> str:
    """Return those labels that an image has, `; ` between them."""
    return JOINT.join(label for label, is_it in zip(labels, which, strict=True) if is_it)


def number(values: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the different values in rising order, and the number of each one, shape (N,)."""
    names = sorted(set(values))
    places = {name: place for place, name in enumerate(names)}
    return names, np.array([places[value] for value in values], np.int64)
