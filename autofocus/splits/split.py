"""Split images into training, validation and test, by whole groups.

All images of a group (a location or a sequence) go to the same subset, so that no test image
resembles one that was learned from. The subset follows from a digest of the group's name, so that
it stays the same when data are added; then a few groups are moved to serve every class.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from autofocus.grouping.locations import note_folders
from autofocus.grouping.sequences import BY_TIME, SequenceRule, find_sequences
from autofocus.splits.assignment import Content, Move, assign
from autofocus.splits.digests import digest_json
from autofocus.splits.groups import basis, choose_groups
from autofocus.splits.images import Image
from autofocus.splits.subsets import GroupKind, Shares, SplitBy, Subset


@dataclass(frozen=True, slots=True)
class Assignment:
    """An image in its place in the split.

    Attributes:
        image: the image.
        sequence: the sequence that it is a frame of; empty if unknown.
        group: the group, which is never divided.
        subset: the subset of the group; None if the image is left out.
        reason: why.
    """

    image: Image
    sequence: str
    group: str
    subset: Subset | None
    reason: str


@dataclass(frozen=True)
class Split:
    """The assignment of each image.

    Attributes:
        assignments: one per image, in the order of the images.
        group_kind: what a group is.
        warnings: one sentence each.
    """

    assignments: tuple[Assignment, ...]
    group_kind: GroupKind
    warnings: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """A digest of contents, groups and subsets, whatever the names of the files."""
        rows = sorted(
            (one.image.digest, one.group, one.subset.value if one.subset else "")
            for one in self.assignments
        )
        return digest_json(rows)

    def groups(self, subset: Subset) -> set[str]:
        """Return the groups of a subset."""
        return {one.group for one in self.assignments if one.subset is subset}


def make_split(
    images: Sequence[Image],
    *,
    testing_percentage: float,
    validation_percentage: float,
    split_by: SplitBy = "auto",
    sequence_rule: SequenceRule = BY_TIME,
) -> Split:
    """Split images into training, validation and test.

    Args:
        images: the images, in any order.
        testing_percentage: percentage of images for the test, 0 to 100.
        validation_percentage: percentage of images for validation, 0 to 100.
        split_by: what is never divided; `auto` for the largest group that the data allow.
        sequence_rule: how the sequence of an image is determined.

    Raises:
        SettingError: no image has what `split_by` asks for.
    """
    shares = Shares(testing_percentage, validation_percentage)
    frames = [image.frame for image in images]
    sequences = find_sequences(frames, sequence_rule)
    groups = choose_groups(images, sequences, split_by, len(shares.subsets))
    copies = _find_copies(images, groups.names)
    subsets, moves = assign(_contents(images, groups.names, copies), shares)
    reasons = {group: _reason(groups.kind, group, moves.get(group)) for group in subsets}
    assignments = tuple(
        Assignment(
            image,
            sequences[image.name],
            group,
            None if number in copies else subsets[group],
            copies.get(number) or reasons[group],
        )
        for number, (image, group) in enumerate(zip(images, groups.names, strict=True))
    )
    warnings = _warn_of_shares(assignments, shares, groups.kind)
    warnings = [*note_folders(frames), *warnings]
    return Split(assignments, groups.kind, (*groups.warnings, *warnings))


def _find_copies(images: Sequence[Image], groups: Sequence[str]) -> dict[int, str]:
    """Return the reason to leave out each copy of an image of another group, by its number.

    Their groups are not united: one black frame would tie all cameras together.
    """
    first: dict[str, int] = {}
    copies = {}
    for number in sorted(range(len(images)), key=lambda i: images[i].name):
        original = first.setdefault(images[number].digest, number)
        if groups[original] != groups[number]:
            name = images[original].name
            copies[number] = f"left out: the same file as {name}, of another group"
    return copies


def _contents(
    images: Sequence[Image], groups: Sequence[str], left_out: Collection[int]
) -> dict[str, Content]:
    labels: dict[str, set[str]] = {group: set() for group in groups}
    sizes: Counter[str] = Counter()
    for number, (image, group) in enumerate(zip(images, groups, strict=True)):
        if number not in left_out:
            labels[group].update(image.labels)
            sizes[group] += 1
    return {
        group: Content(tuple(sorted(group_labels)), sizes[group])
        for group, group_labels in labels.items()
    }


def _reason(kind: GroupKind, group: str, move: Move | None) -> str:
    if move is None:
        return f"by the digest of {basis(kind, group)}"
    if move.label is None:
        return f"moved to {move.subset.value}: nearer to the share that was asked"
    lacking = f"{kind} with {move.label}" if move.label else kind
    return f"moved to {move.subset.value}: there was no {lacking} there"


def _warn_of_shares(
    assignments: Sequence[Assignment], shares: Shares, kind: GroupKind
) -> list[str]:
    sizes = Counter(one.subset for one in assignments if one.subset)
    total = sum(sizes.values())
    empty = [subset for subset in shares.subsets if not sizes[subset]]
    if empty:
        return [
            f"The {subset.value} subset is empty: there are too few {kind}s." for subset in empty
        ]
    if not any(shares.excess(subset, sizes[subset], total) for subset in shares.subsets):
        return []
    reached = [
        f"{100 * sizes[subset] / total:.1f} % for {subset.value} "
        f"({shares.of(subset):g} % requested)"
        for subset in shares.subsets
    ]
    sentence = (
        f"The shares differ from those requested, as no {kind} is divided and no class may be "
        f"lost: {', '.join(reached)}."
    )
    return [sentence]
