"""The leak check: no test image may share anything with an image that was learned from.

The check does not rely on how the split was made; it looks at the result alone.
"""

from collections.abc import Hashable, Iterable, Sequence

from autofocus.errors import LeakError
from autofocus.splits.split import Assignment, Split
from autofocus.splits.subsets import GroupKind


def check_no_leak(split: Split) -> None:
    """Check that no two subsets of a split share a location, a sequence, a group or a file.

    Raises:
        LeakError: two subsets share a location (of a split by location), a sequence (of a split
            that is not by image), a group, or a file.
    """
    sides = [one.subset.value if one.subset else None for one in split.assignments]
    check_no_leak_between(split.assignments, sides, split.group_kind)


def check_no_leak_between(
    assignments: Sequence[Assignment], sides: Sequence[Hashable | None], group_kind: GroupKind
) -> None:
    """Check that no two sides share a location, a sequence, a group or a file.

    Args:
        assignments: N images.
        sides: the subset or fold of each; None for images that are left out.
        group_kind: what a group is: locations may be shared unless it is a location, and
            sequences may be shared if it is an image.

    Raises:
        LeakError: two sides share one.
    """
    used = [(one, side) for one, side in zip(assignments, sides, strict=True) if side is not None]
    _check("file", ((one.image.digest, one, side) for one, side in used))
    if group_kind != "image":
        _check("sequence", ((one.sequence, one, side) for one, side in used))
    if group_kind == "location":
        _check("location", ((one.image.frame.location, one, side) for one, side in used))
    _check("group", ((one.group, one, side) for one, side in used))


def _check(kind: str, rows: Iterable[tuple[str, Assignment, Hashable]]) -> None:
    first: dict[str, tuple[str, Hashable]] = {}
    for value, one, side in rows:
        if not value:
            continue
        other, other_side = first.setdefault(value, (one.image.name, side))
        if other_side != side:
            shown = value[:16] if kind == "file" else value
            raise LeakError(
                f"The {kind} {shown} is on two sides of the split: {other} in {other_side}, "
                f"{one.image.name} in {side}. The metrics would be too good: nothing was trained. "
                "This is a bug of Autofocus: please report it with split.csv's inputs."
            )
