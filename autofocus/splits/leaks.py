"""The check that what is tested was not seen while learning.

It knows nothing of how the split was made: it looks at what came out.
"""

from collections.abc import Hashable, Iterable, Sequence

from autofocus.errors import LeakError
from autofocus.splits.splitting import Assignment, Split


def check_no_leak(split: Split) -> None:
    """Make sure that no two parts of a split share anything that would flatter.

    Raises:
        LeakError: two parts share a location (where the split is by location), a sequence (unless
            it is by image), a group of the split, or a file.
    """
    check_no_leak_between(
        split.assignments, [one.part.value if one.part else None for one in split.assignments],
        by_location=split.level == "location",
        by_sequence=split.level != "image",
    )  # fmt: skip


def check_no_leak_between(
    assignments: Sequence[Assignment],
    sides: Sequence[Hashable | None],
    *,
    by_location: bool,
    by_sequence: bool,
) -> None:
    """Make sure that no two sides share a location, a sequence, a group or a file.

    Args:
        assignments: N photographs.
        sides: the part or fold of each; None for those that are left out.
        by_location: whether locations must not be shared.
        by_sequence: whether sequences must not be shared.

    Raises:
        LeakError: two sides share one.
    """
    used = [(one, side) for one, side in zip(assignments, sides, strict=True) if side is not None]
    _check("file", ((one.digest, one.name, side) for one, side in used))
    if by_sequence:
        _check("sequence", ((one.sequence, one.name, side) for one, side in used))
    if by_location:
        _check("location", ((one.location, one.name, side) for one, side in used))
    _check("group", ((one.group, one.name, side) for one, side in used))


def _check(what: str, rows: Iterable[tuple[str, str, Hashable]]) -> None:
    first: dict[str, tuple[str, Hashable]] = {}
    for value, name, side in rows:
        if not value:
            continue
        other, its_side = first.setdefault(value, (name, side))
        if its_side != side:
            told = value[:16] if what == "file" else value
            raise LeakError(
                f"The {what} {told} stands on two sides of the split: {other} in {its_side}, "
                f"{name} in {side}. The figures would be too good: nothing was trained. This is "
                "an error of Autofocus: please report it with split.csv's inputs."
            )
