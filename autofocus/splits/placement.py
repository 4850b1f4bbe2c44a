"""Where groups of photographs stand now, and what is still wrong with it."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from autofocus.splits.subsets import Subset

# In the order in which they matter: what isn't learned can't be tested, and a test tells more
# than validation does.
_ORDER = (Subset.TRAINING, Subset.TEST, Subset.VALIDATION)
# A part's share of the images may be so many times what was asked before groups are moved.
_LEAST, _MOST = 0.75, 4 / 3
# What every group with photographs has, as if it were a label: a part is to hold something.
ANYTHING = ""


@dataclass(frozen=True)
class Shares:
    """How large the parts are to be, in percent of the images."""

    testing: float
    validation: float

    def of(self, part: Subset) -> float:
        """Return the share of a part, 0 to 100."""
        rest = 100.0 - self.testing - self.validation
        return {Subset.TEST: self.testing, Subset.VALIDATION: self.validation}.get(part, rest)

    @property
    def wanted(self) -> tuple[Subset, ...]:
        """The parts that are to hold anything, those that matter most first."""
        return tuple(part for part in _ORDER if self.of(part) > 0)

    def place(self, position: float) -> Subset:
        """Return the part at a position from 0 to 100."""
        if position < self.validation:
            return Subset.VALIDATION
        return Subset.TEST if position < self.validation + self.testing else Subset.TRAINING

    def distance(self, position: float, part: Subset) -> float:
        """Return how far a position is from a part: groups at its edge go there first."""
        low = {Subset.VALIDATION: 0.0, Subset.TEST: self.validation}.get(
            part, self.validation + self.testing
        )
        return max(low - position, position - (low + self.of(part)), 0.0)


@dataclass(frozen=True)
class Group:
    """What is never divided.

    Attributes:
        name: no two share one.
        labels: what its photographs show, each once, and `ANYTHING` if it has any.
        images: how many photographs it has.
        position: where it stands between 0 and 100, by its name.
    """

    name: str
    labels: tuple[str, ...]
    images: int
    position: float


@dataclass
class Placement:
    """Which group is in which part, with counts that follow every move.

    Attributes:
        shares: how large the parts are to be.
        parts: the part of each group, by its name.
        cover: how many groups with a label a part has.
        lacking: how many of all labels a part has no group with.
        images: how many photographs a part has.
        total: how many photographs there are.
    """

    shares: Shares
    parts: dict[str, Subset]
    cover: Counter[tuple[Subset, str]] = field(default_factory=Counter)
    lacking: Counter[Subset] = field(default_factory=Counter)
    images: Counter[Subset] = field(default_factory=Counter)
    total: int = 0

    @classmethod
    def by_position(cls, groups: Mapping[str, Group], shares: Shares) -> "Placement":
        """Place all groups by their positions."""
        parts = {name: shares.place(group.position) for name, group in groups.items()}
        labels = {label for group in groups.values() for label in group.labels}
        lacking = Counter({part: len(labels) for part in shares.wanted})
        placement = cls(shares, parts, lacking=lacking)
        placement.total = sum(group.images for group in groups.values())
        for name, part in parts.items():
            placement._add(groups[name], part)
        return placement

    def _add(self, group: Group, part: Subset) -> None:
        self.images[part] += group.images
        for label in group.labels:
            self.cover[part, label] += 1
            if self.cover[part, label] == 1:
                self.lacking[part] -= 1

    def _take(self, group: Group, part: Subset) -> None:
        self.images[part] -= group.images
        for label in group.labels:
            self.cover[part, label] -= 1
            if self.cover[part, label] == 0:
                self.lacking[part] += 1

    def move(self, group: Group, part: Subset) -> Subset:
        """Move a group, and return the part that it was in."""
        before = self.parts[group.name]
        self._take(group, before)
        self._add(group, part)
        self.parts[group.name] = part
        return before

    def missing(self) -> tuple[int, ...]:
        """Return how many parts hold nothing, and how many labels each lacks.

        In the order in which they matter: what training lacks, empty parts, what others lack.
        """
        first, *others = (self.lacking[part] for part in self.shares.wanted)
        empty = sum(not self.cover[part, ANYTHING] for part in self.shares.wanted)
        return first, empty, *others

    def ratio(self, part: Subset) -> float:
        """Return how many times as large as asked a part is."""
        return _ratio(self.images[part], self.shares.of(part), self.total)

    def unevenness(self) -> float:
        """Return how far the parts are beyond the sizes that they may have; 0 if they are not."""
        return sum(_beyond(self.ratio(part)) for part in self.shares.wanted)


def is_near(images: int, percentage: float, total: int) -> bool:
    """Tell whether a part of so many images is about as large as asked."""
    return _beyond(_ratio(images, percentage, total)) == 0


def _ratio(images: int, percentage: float, total: int) -> float:
    # One more on either side, so that small parts are not far off at once.
    return (images + 1) / (percentage / 100 * total + 1)


def _beyond(ratio: float) -> float:
    if ratio < _LEAST:
        return math.log(_LEAST / ratio)
    return math.log(ratio / _MOST) if ratio > _MOST else 0.0
