"""Placing groups: by the digest of their names, then with few moves to a balance.

Groups are moved to get every class into the training part, into the test and into validation, in
this order; then to bring the shares of images near what was asked, as far as no class is lost; at
last moves are taken back that turned out to be needless.
"""

import hashlib
import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from autofocus.splits.placement import ANYTHING, Group, Placement, Shares
from autofocus.splits.subsets import Subset

# Digests are spread over so many places; percentages need not be whole numbers.
_PLACES = 1 << 32
# A class is brought into a part by at most so many moves, each of one among so many groups, and
# after so many attempts that is given up.
_CHAIN, _CHOICE, _ATTEMPTS = 4, 32, 1500
# Unevenness is compared in steps of 1 / _COARSE.
_COARSE = 2
# With up to so many groups two may change places.
_SWAPPED = 150
# A difference that is none, and one that is worth letting two groups change places.
_NOTHING, _NOTICED = 1e-9, 1e-3


@dataclass(frozen=True)
class Content:
    """What a group holds: the labels of its images, each once, and how many images."""

    labels: tuple[str, ...]
    images: int


@dataclass(frozen=True)
class Moved:
    """Where a group was moved to, and which class was the cause.

    There is none for a group that was moved for the part's size; it is empty where the part had
    held nothing at all.
    """

    subset: Subset
    label: str | None


# A group, where it is moved to, and the class that is the cause.
_Move = tuple[Group, Subset, str]


def position(group: str) -> float:
    """Return where a group stands between 0 and 100; it follows from its name alone."""
    digest = hashlib.sha256(group.encode("utf-8", "surrogatepass")).hexdigest()
    return 100.0 * (int(digest[:8], 16) / _PLACES)


def balance(
    contents: Mapping[str, Content], shares: Shares
) -> tuple[dict[str, Subset], dict[str, Moved]]:
    """Place groups.

    The training part gets every class. Each other part that is to hold anything gets every class
    that has at least as many groups that show it alone as there are such parts; of other classes
    most, as whether a placing exists that serves all can't be told quickly (it is a set cover).

    Args:
        contents: what each group holds, by its name.
        shares: how large the parts are to be.

    Returns:
        The part of each group, and those that do not stand where their name puts them.
    """
    groups = {
        name: Group(name, _labels(content), content.images, position(name))
        for name, content in sorted(contents.items())
    }
    balancer = _Balancer(groups, shares)
    balancer.fill()
    balancer.resize()
    balancer.take_back()
    return balancer.placement.parts, balancer.moved


def _labels(content: Content) -> tuple[str, ...]:
    return (*content.labels, ANYTHING) if content.images else content.labels


@dataclass
class _Balancer:
    groups: dict[str, Group]
    shares: Shares
    placement: Placement = field(init=False)
    having: dict[str, list[Group]] = field(default_factory=dict)
    moved: dict[str, Moved] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.placement = Placement.by_position(self.groups, self.shares)
        for group in self.groups.values():
            for label in group.labels:
                self.having.setdefault(label, []).append(group)

    def move(self, group: Group, part: Subset, label: str | None) -> None:
        """Move a group and remember why, unless this brings it back to its place."""
        self.placement.move(group, part)
        self.moved.pop(group.name, None)
        if part is not self.shares.place(group.position):
            self.moved[group.name] = Moved(part, label)

    def fill(self) -> None:
        """Bring every class into every part, rare ones first."""
        rarest = sorted(self.having, key=lambda label: (len(self.having[label]), label))
        first, *others = self.shares.wanted
        wanted = [
            *((first, label) for label in rarest),
            *((part, ANYTHING) for part in others),
            *((part, label) for part in others for label in rarest),
        ]
        for part, label in wanted:
            if not self.placement.cover[part, label]:
                self._bring(label, part)

    def _bring(self, label: str, part: Subset) -> None:
        """Bring a class into a part by as few moves as possible."""
        search = _Search(self, self.placement.missing())
        for length in range(1, _CHAIN + 1):
            search.attempts = _ATTEMPTS
            moves = search.chain([(label, part)], length, frozenset())
            for move in moves or ():
                self.move(*move)
            if moves is not None:
                return

    def distance(self, group: Group, part: Subset) -> tuple[float, str]:
        """Return what orders groups by how near they are to a part."""
        return self.shares.distance(group.position, part), group.name

    def resize(self) -> None:
        """Bring the parts' sizes near what was asked, without losing a class."""
        while self.placement.unevenness() > _NOTHING:
            by_ratio = sorted(self.shares.wanted, key=self.placement.ratio, reverse=True)
            # From the largest to the smallest first.
            pairs = sorted(
                combinations(range(len(by_ratio)), 2), key=lambda pair: pair[0] - pair[1]
            )
            is_better = any(self._pour(by_ratio[one], by_ratio[other]) for one, other in pairs)
            if not is_better and not self._swap():
                return

    def _pour(self, giver: Subset, taker: Subset) -> bool:
        """Move groups from one part to another while that evens them out; tell if any was."""
        given = [
            group
            for name, group in self.groups.items()
            if group.images and self.placement.parts[name] is giver
        ]
        # Large ones first, so that few are moved; among those of about one size the nearest, so
        # that the same are moved when data grow.
        given.sort(key=lambda group: (-math.frexp(group.images)[1], self.distance(group, taker)))
        return sum(self._improves(((group, taker),), _NOTHING) for group in given) > 0

    def _swap(self) -> bool:
        """Let two groups change places where that evens the parts out; tell if any did.

        With many groups single moves suffice, and there would be too many pairs.
        """
        if len(self.groups) > _SWAPPED:
            return False
        swapped = 0
        for one, other in combinations(self.groups.values(), 2):
            its, others = self.placement.parts[one.name], self.placement.parts[other.name]
            if its is not others:
                swapped += self._improves(((one, others), (other, its)), _NOTICED)
        return swapped > 0

    def _improves(self, moves: Sequence[tuple[Group, Subset]], least: float) -> bool:
        """Move groups if that evens out the sizes so much and loses no class; tell if it does."""
        placement = self.placement
        missing, unevenness = placement.missing(), placement.unevenness()
        if unevenness <= _NOTHING:
            return False
        back = [(group, placement.move(group, part)) for group, part in moves]
        is_better = placement.missing() <= missing and placement.unevenness() < unevenness - least
        for group, part in back:
            placement.move(group, part)
        if is_better:
            for group, part in moves:
                self.move(group, part, None)
        return is_better

    def take_back(self) -> None:
        """Put groups back where their names put them, if that does no harm."""
        while sum(self._may_return(self.groups[name]) for name in sorted(self.moved)):
            pass

    def _may_return(self, group: Group) -> bool:
        placement = self.placement
        missing, unevenness = placement.missing(), placement.unevenness()
        part = placement.move(group, self.shares.place(group.position))
        if placement.missing() <= missing and placement.unevenness() <= unevenness + _NOTHING:
            del self.moved[group.name]
            return True
        placement.move(group, part)
        return False


@dataclass
class _Search:
    """Looks for moves after which less is missing; leaves all as it was.

    Attributes:
        balancer: has the groups.
        goal: what `Placement.missing` says; less is wanted.
        attempts: how many groups may still be tried.
    """

    balancer: _Balancer
    goal: tuple[int, ...]
    attempts: int = _ATTEMPTS

    def chain(
        self, wanted: Sequence[tuple[str, Subset]], length: int, held: frozenset[str]
    ) -> list[_Move] | None:
        """Return the moves, or None if none are found.

        Args:
            wanted: which classes to bring into which parts: the one that is asked for, and those
                that moves so far have taken away.
            length: how many moves there may be.
            held: the groups that were moved before.
        """
        for label, part in wanted:
            if self.balancer.placement.cover[part, label]:
                continue
            for group in self._candidates(label, part, length, held):
                rest = self._try(group, part, wanted, length, held)
                if rest is not None:
                    return [(group, part, label), *rest]
        return None

    def _try(
        self,
        group: Group,
        part: Subset,
        wanted: Sequence[tuple[str, Subset]],
        length: int,
        held: frozenset[str],
    ) -> list[_Move] | None:
        """Return what is to be moved after this group, or None if it is the wrong one."""
        placement = self.balancer.placement
        self.attempts -= 1
        before = placement.move(group, part)
        rest: list[_Move] | None = None
        if placement.missing() < self.goal:
            rest = []
        elif length > 1 and self.attempts > 0:
            lost = [
                (label, before) for label in group.labels if not placement.cover[before, label]
            ]
            rest = self.chain([*wanted, *lost], length - 1, held | {group.name})
        placement.move(group, before)
        return rest

    def _candidates(
        self, label: str, part: Subset, length: int, held: frozenset[str]
    ) -> list[Group]:
        """Return groups with a label that may go to a part, the best first."""
        parts, distance = self.balancer.placement.parts, self.balancer.distance
        able = [
            group
            for group in self.balancer.having.get(label, ())
            if parts[group.name] is not part and group.name not in held
        ]
        if held or length > 1:
            able = heapq.nsmallest(_CHOICE, able, key=lambda group: distance(group, part))
        costs = {group.name: self._cost(group, part) for group in able}
        if length == 1:
            able = [group for group in able if costs[group.name][0] < self.goal]
        return sorted(able, key=lambda group: (costs[group.name], distance(group, part)))

    def _cost(self, group: Group, part: Subset) -> tuple[tuple[int, ...], int]:
        """Return what would be missing if a group were moved, and how uneven the parts would be.

        The latter is coarse, so that a photograph more or less does not choose another group.
        """
        placement = self.balancer.placement
        before = placement.move(group, part)
        cost = placement.missing(), round(_COARSE * placement.unevenness())
        placement.move(group, before)
        return cost
