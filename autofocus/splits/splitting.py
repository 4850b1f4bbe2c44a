"""Which part of the data a photograph belongs to: training, validation or test.

Whole groups go to one part: all photographs of a location, or of a sequence, so that what is
tested was not seen while learning. A group's part follows from a digest of its name, so that it
stays when others are added; then as few groups as possible are moved (`learning.balancing`).
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from autofocus.grouping.sequences import find_sequences
from autofocus.splits.balancing import Content, Moved, balance
from autofocus.splits.levels import basis, choose_grouping
from autofocus.splits.parts import Level, Member, Part, SplitBy
from autofocus.splits.placement import Shares, is_near

__all__ = ["Assignment", "Level", "Member", "Part", "Split", "SplitBy", "make_split"]


@dataclass(frozen=True)
class Assignment:
    """Where a photograph belongs, and why.

    Attributes:
        name: of its frame.
        labels: what it shows.
        digest: the SHA-256 of its content.
        location: where it was taken; empty where that isn't known.
        sequence: of which it is a frame; empty where that isn't known.
        group: what is never divided.
        part: the part of the data; None if it is left out.
        reason: why this part.
    """

    name: str
    labels: tuple[str, ...]
    digest: str
    location: str
    sequence: str
    group: str
    part: Part | None
    reason: str


@dataclass(frozen=True)
class Split:
    """Which photograph belongs to which part.

    Attributes:
        assignments: one a photograph, in the order in which they were given.
        level: what is never divided.
        warnings: what is to be known about it, one sentence each.
    """

    assignments: tuple[Assignment, ...]
    level: Level
    warnings: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Tells this split from all others, whatever the files are called."""
        rows = sorted(
            (one.digest, one.group, one.part.value if one.part else "") for one in self.assignments
        )
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def groups(self, part: Part) -> set[str]:
        """Return the groups of one part."""
        return {one.group for one in self.assignments if one.part is part}


def make_split(
    members: Sequence[Member],
    *,
    testing_percentage: float,
    validation_percentage: float,
    split_by: SplitBy = "auto",
    sequence_gap_s: float = 60.0,
) -> Split:
    """Divide photographs into training, validation and test.

    Args:
        members: the photographs.
        testing_percentage: how much is for the test, 0 to 100.
        validation_percentage: how much is for validation, 0 to 100.
        split_by: what is never divided; `auto` for the largest group that the data allow.
        sequence_gap_s: how long after the one before a frame may come and be of its sequence.

    Raises:
        SettingError: nothing is known of what is not to be divided.
    """
    shares = Shares(testing_percentage, validation_percentage)
    sequences = find_sequences([member.frame for member in members], sequence_gap_s)
    grouping = choose_grouping(members, sequences, split_by, len(shares.wanted))
    copies = _copies(members, grouping.groups)
    parts, moved = balance(_contents(members, grouping.groups, copies), shares)
    reasons = {group: _reason(grouping.level, group, moved.get(group)) for group in parts}
    assignments = tuple(
        Assignment(
            name=member.frame.name,
            labels=member.labels,
            digest=member.digest,
            location=member.frame.location,
            sequence=sequences[member.frame.name],
            group=group,
            part=None if number in copies else parts[group],
            reason=copies.get(number) or reasons[group],
        )
        for number, (member, group) in enumerate(zip(members, grouping.groups, strict=True))
    )
    return Split(
        assignments,
        grouping.level,
        (*grouping.warnings, *_warnings(assignments, shares, grouping.level)),
    )


def _copies(members: Sequence[Member], groups: Sequence[str]) -> dict[int, str]:
    """Return which photographs are copies of one in another group, by number, and of which.

    Their groups are not united: one black frame would tie all cameras together.
    """
    first: dict[str, int] = {}
    copies = {}
    for number in sorted(range(len(members)), key=lambda i: members[i].frame.name):
        original = first.setdefault(members[number].digest, number)
        if groups[original] != groups[number]:
            name = members[original].frame.name
            copies[number] = f"left out: the same file as {name}, of another group"
    return copies


def _contents(
    members: Sequence[Member], groups: Sequence[str], left_out: Collection[int]
) -> dict[str, Content]:
    labels: dict[str, set[str]] = {group: set() for group in groups}
    images: Counter[str] = Counter()
    for number, (member, group) in enumerate(zip(members, groups, strict=True)):
        if number not in left_out:
            labels[group].update(member.labels)
            images[group] += 1
    return {group: Content(tuple(sorted(its)), images[group]) for group, its in labels.items()}


def _reason(level: Level, group: str, moved: Moved | None) -> str:
    if moved is None:
        return f"by the digest of {basis(level, group)}"
    if moved.label is None:
        return f"moved to {moved.part.value}: nearer to the share that was asked"
    lacking = f"{level} with {moved.label}" if moved.label else level
    return f"moved to {moved.part.value}: there was no {lacking} there"


def _warnings(assignments: Sequence[Assignment], shares: Shares, level: Level) -> list[str]:
    sizes = Counter(one.part for one in assignments if one.part)
    total = sum(sizes.values())
    empty = [part for part in shares.wanted if not sizes[part]]
    if empty or all(is_near(sizes[part], shares.of(part), total) for part in shares.wanted):
        return [
            f"Nothing is left for the {part.value} part: there are too few {level}s."
            for part in empty
        ]
    told = [
        f"{100 * sizes[part] / total:.1f} % for {part.value} ({shares.of(part):g} % were asked)"
        for part in shares.wanted
    ]
    sentence = (
        f"The shares are not those that were asked, as no {level} is divided and no class was to "
        f"be lost: {', '.join(told)}."
    )
    return [sentence]
