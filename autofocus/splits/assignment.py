"""Assign groups to subsets: by a digest of their names, then with as few moves as possible.

A group's position follows from its name alone, so that it keeps its subset when data are added.
Groups are then moved greedily so that every class is in training, in the test and in validation,
in this order of importance. One repair pass brings the sizes of the subsets near their shares
without losing a class. Moves that turn out to be needless are undone at the end.
"""

import hashlib
import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from autofocus.splits.subsets import Shares, Subset

# Positions are multiples of 100 / _POSITIONS, so that percentages need not be whole numbers.
_POSITIONS = 1 << 32
# A pseudo-label of every group with images: no subset is to be empty.
ANYTHING = ""
# An exchange of two groups is looked for among this many candidates for each.
_CANDIDATES = 32
# Candidates that differ by less in unevenness are equally good, so that one more image does not
# choose another group.
_COARSE = 0.5
# Pairs of groups are swapped to even out sizes only if there are at most this many groups.
_MAX_SWAPPED = 150
# Gains in unevenness below these are none, or not worth a swap.
_NO_GAIN, _SWAP_GAIN = 1e-9, 1e-3


@dataclass(frozen=True)
class Content:
    """What a group contains.

    Attributes:
        labels: the labels of its images, each once.
        images: its number of images.
    """

    labels: tuple[str, ...]
    images: int


@dataclass(frozen=True)
class Move:
    """Why a group is not in the subset of its position.

    Attributes:
        subset: the subset that it was moved to.
        label: the label that was missing there: `ANYTHING` if the subset was empty, None if the
            group was moved because of the subset's size.
    """

    subset: Subset
    label: str | None


def position(group: str) -> float:
    """Return the position of a group, from 0 to 100; it depends on the group's name alone."""
    digest = hashlib.sha256(group.encode("utf-8", "surrogatepass")).hexdigest()
    return 100.0 * (int(digest[:8], 16) / _POSITIONS)


def assign(
    contents: Mapping[str, Content], shares: Shares
) -> tuple[dict[str, Subset], dict[str, Move]]:
    """Assign groups to subsets.

    Training gets every class. Each other subset gets every class that has at least as many groups
    that show it alone as there are subsets, and most other classes: whether they all can be
    served is a set cover problem.

    Args:
        contents: what each group contains, by its name.
        shares: how large the subsets are to be.

    Returns:
        The subset of each group, and the moves of those that are not at their positions.
    """
    groups = GroupAssignment(contents, shares)
    _serve_labels(groups)
    _even_out(groups)
    _undo_needless(groups)
    return groups.subsets, groups.moves


@dataclass(frozen=True)
class Effect:
    """The effect of some moves.

    Attributes:
        missing: what is missing afterwards, as of `GroupAssignment.missing`.
        unevenness: how far the sizes are from being near the shares afterwards.
        is_lossy: whether a subset loses a label.
    """

    missing: tuple[int, ...]
    unevenness: float
    is_lossy: bool


@dataclass
class GroupAssignment:
    """The subset of each group, with counts that follow every move.

    Attributes:
        contents: what each group contains, by its name.
        shares: how large the subsets are to be.
        subsets: the subset of each group; at first, that of its position.
        moves: the moves of groups that are not at their positions.
        with_label: the groups with each label, `ANYTHING` included.
        counts: the number of groups by subset and label.
        images: the number of images by subset.
    """

    contents: Mapping[str, Content]
    shares: Shares
    subsets: dict[str, Subset] = field(default_factory=dict)
    moves: dict[str, Move] = field(default_factory=dict)
    with_label: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[tuple[Subset, str]] = field(default_factory=Counter)
    images: Counter[Subset] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._total = sum(content.images for content in self.contents.values())
        self._positions = {name: position(name) for name in sorted(self.contents)}
        for name, at in self._positions.items():
            self.subsets[name] = self.shares.at(at)
            self._count(name, 1)
            for label in self.labels(name):
                self.with_label.setdefault(label, []).append(name)
        subsets = self.shares.subsets
        self._missing = {
            subset: sum(not self.counts[subset, label] for label in self.with_label)
            for subset in subsets
        }

    def labels(self, name: str) -> tuple[str, ...]:
        """Return the labels of a group, with `ANYTHING` if it has images."""
        content = self.contents[name]
        return (*content.labels, ANYTHING) if content.images else content.labels

    def home(self, name: str) -> Subset:
        """Return the subset of a group's position."""
        return self.shares.at(self._positions[name])

    def distance(self, name: str, subset: Subset) -> tuple[float, str]:
        """Return a key that sorts groups by how near they are to a subset."""
        return self.shares.distance(self._positions[name], subset), name

    def ratio(self, subset: Subset) -> float:
        """Return the size of a subset as a multiple of its share."""
        return self.shares.ratio(subset, self.images[subset], self._total)

    def missing(self) -> tuple[int, ...]:
        """Return what is missing: assignments are compared by these numbers.

        Returns:
            The number of labels that training lacks, of empty subsets, and of labels that the
            test and validation lack, the most important first.
        """
        first, *others = (self._missing[subset] for subset in self.shares.subsets)
        empty = sum(not self.counts[subset, ANYTHING] for subset in self.shares.subsets)
        return first, empty, *others

    def unevenness(self) -> float:
        """Return how far the sizes are from being near the shares; 0 if they are."""
        return sum(
            self.shares.excess(subset, self.images[subset], self._total)
            for subset in self.shares.subsets
        )

    def move(self, name: str, subset: Subset, label: str | None) -> None:
        """Move a group, and record why unless that brings it back to its position."""
        self._put(name, subset)
        self.moves.pop(name, None)
        if subset is not self.home(name):
            self.moves[name] = Move(subset, label)

    def after(self, moves: Sequence[tuple[str, Subset]]) -> "Effect":
        """Return the effect that some moves would have."""
        before = [(name, self.subsets[name]) for name, _ in moves]
        for name, subset in moves:
            self._put(name, subset)
        is_lossy = any(
            not self.counts[source, label]
            for name, source in before
            for label in self.labels(name)
        )
        effect = Effect(self.missing(), self.unevenness(), is_lossy)
        for name, subset in before:
            self._put(name, subset)
        return effect

    def _put(self, name: str, subset: Subset) -> None:
        before = self.subsets[name]
        self._count(name, -1)
        self._missing[before] += sum(not self.counts[before, label] for label in self.labels(name))
        self._missing[subset] -= sum(not self.counts[subset, label] for label in self.labels(name))
        self.subsets[name] = subset
        self._count(name, 1)

    def _count(self, name: str, sign: int) -> None:
        subset = self.subsets[name]
        self.images[subset] += sign * self.contents[name].images
        for label in self.labels(name):
            self.counts[subset, label] += sign


def _serve_labels(groups: GroupAssignment) -> None:
    """Bring every label into every subset, the rarest labels first.

    That is repeated as long as it helps: a move that brings two labels may have cost another one.
    """
    rarest = sorted(groups.with_label, key=lambda label: (len(groups.with_label[label]), label))
    training, *others = groups.shares.subsets
    needs = [
        *((training, label) for label in rarest),
        *((subset, ANYTHING) for subset in others),
        *((subset, label) for subset in others for label in rarest),
    ]
    missing = None
    while missing is None or groups.missing() < missing:
        missing = groups.missing()
        for subset, label in needs:
            if not groups.counts[subset, label]:
                moves = _find_move(groups, subset, label) or _find_exchange(groups, subset, label)
                for move in moves:
                    groups.move(*move)


def _candidates(groups: GroupAssignment, subset: Subset, label: str) -> list[str]:
    """Return the groups with a label that are not in the subset."""
    return [
        name for name in groups.with_label.get(label, ()) if groups.subsets[name] is not subset
    ]


def _find_move(
    groups: GroupAssignment, subset: Subset, label: str
) -> Sequence[tuple[str, Subset, str]]:
    """Return the best move that brings a label into a subset, or none."""
    best = None
    for name in _candidates(groups, subset, label):
        effect = groups.after([(name, subset)])
        if effect.missing < groups.missing():
            coarse = round(effect.unevenness / _COARSE)
            cost = effect.missing, coarse, groups.distance(name, subset)
            best = min(best or cost, cost)
    return [(best[2][1], subset, label)] if best else []


def _find_exchange(
    groups: GroupAssignment, subset: Subset, label: str
) -> Sequence[tuple[str, Subset, str]]:
    """Return two moves that bring a label into a subset, or none.

    The second group takes the place of the first, where the first was the only one of a label.
    """
    missing = groups.missing()
    for name in _nearest(groups, subset, _candidates(groups, subset, label)):
        source = groups.subsets[name]
        lost = [each for each in groups.labels(name) if groups.counts[source, each] == 1]
        for other_label in lost:
            for other in _nearest(groups, source, _candidates(groups, source, other_label)):
                if groups.after([(name, subset), (other, source)]).missing < missing:
                    return [(name, subset, label), (other, source, other_label)]
    return []


def _nearest(groups: GroupAssignment, subset: Subset, names: Iterable[str]) -> list[str]:
    return heapq.nsmallest(_CANDIDATES, names, key=lambda name: groups.distance(name, subset))


def _even_out(groups: GroupAssignment) -> None:
    """Bring the sizes of the subsets near their shares without losing a label."""
    is_better = True
    while is_better:
        by_ratio = sorted(groups.shares.subsets, key=groups.ratio)
        # First between the two that differ most.
        pairs = [(by_ratio[0], by_ratio[-1]), *combinations(by_ratio, 2)]
        is_better = any(_pour(groups, *pair) for pair in pairs) or _swap(groups)


def _pour(groups: GroupAssignment, target: Subset, source: Subset) -> bool:
    """Move groups from one subset to another while that evens out; return whether any was."""
    names = [
        name
        for name, subset in groups.subsets.items()
        if subset is source and groups.contents[name].images
    ]
    # Large groups first, so that few are moved; among those of about one size the nearest, so
    # that the same are moved when data are added.
    names.sort(
        key=lambda name: (
            -math.frexp(groups.contents[name].images)[1],
            groups.distance(name, target),
        )
    )
    return sum(_improve(groups, [(name, target)], _NO_GAIN) for name in names) > 0


def _swap(groups: GroupAssignment) -> bool:
    """Swap pairs of groups where that evens out; return whether any was.

    With many groups single moves suffice, and there would be too many pairs.
    """
    if len(groups.subsets) > _MAX_SWAPPED:
        return False
    swapped = 0
    for one, other in combinations(groups.subsets, 2):
        source, target = groups.subsets[one], groups.subsets[other]
        if source is not target:
            swapped += _improve(groups, [(one, target), (other, source)], _SWAP_GAIN)
    return swapped > 0


def _improve(groups: GroupAssignment, moves: Sequence[tuple[str, Subset]], gain: float) -> bool:
    """Make some moves if they even out by that much and lose no label; return whether they do."""
    unevenness = groups.unevenness()
    if unevenness <= _NO_GAIN:
        return False
    effect = groups.after(moves)
    if effect.is_lossy or effect.unevenness >= unevenness - gain:
        return False
    for name, subset in moves:
        groups.move(name, subset, None)
    return True


def _undo_needless(groups: GroupAssignment) -> None:
    """Move groups back to their positions where that does no harm."""
    is_changed = True
    while is_changed:
        is_changed = False
        for name in sorted(groups.moves):
            effect = groups.after([(name, groups.home(name))])
            if not effect.is_lossy and effect.unevenness <= groups.unevenness() + _NO_GAIN:
                groups.move(name, groups.home(name), None)
                is_changed = True
