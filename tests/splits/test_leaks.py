"""Claims about the check that what is tested was not seen while learning."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings

from autofocus.errors import LeakError
from autofocus.splits.leaks import check_no_leak, check_no_leak_between
from autofocus.splits.splitting import Assignment, Level, Member, Part, Split, make_split
from tests.splits.members import tables

ONE = Assignment("a.JPG", ("deer",), "1" * 64, "mill", "s1", "g1", Part.TRAINING, "")
OTHER = Assignment("b.JPG", ("deer",), "2" * 64, "lake", "s2", "g2", Part.TEST, "")


def split(*assignments: Assignment, level: Level = "location") -> Split:
    return Split(assignments, level)


def test_what_shares_nothing_passes() -> None:
    """Two photographs of other places, sequences and contents may be in two parts."""
    check_no_leak(split(ONE, OTHER))


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (
            "digest",
            "The file 1111111111111111 stands on two sides of the split: a.JPG in training",
        ),
        ("sequence", "The sequence s1 stands on two sides"),
        ("location", "The location mill stands on two sides"),
        ("group", "The group g1 stands on two sides"),
    ],
)
def test_each_overlap_is_an_error_that_names_it(field: str, words: str) -> None:
    """One sentence says what is shared, by which photographs and where they are."""
    planted: dict[str, Any] = {field: getattr(ONE, field)}
    with pytest.raises(LeakError) as told:
        check_no_leak(split(ONE, replace(OTHER, **planted)))
    assert words in str(told.value)
    assert "b.JPG in test" in str(told.value)


def test_what_is_left_out_leaks_nothing() -> None:
    """A copy that belongs to no part may equal any."""
    check_no_leak(split(ONE, replace(ONE, name="copy.JPG", part=None)))


def test_what_is_unknown_is_no_overlap() -> None:
    """Two photographs without a location share none."""
    check_no_leak(split(replace(ONE, location=""), replace(OTHER, location="")))
    check_no_leak(split(replace(ONE, sequence=""), replace(OTHER, sequence="")))


def test_what_is_not_kept_together_may_be_shared() -> None:
    """A split by sequence may share places; one by image may share sequences, too."""
    check_no_leak(split(ONE, replace(OTHER, location="mill"), level="sequence"))
    check_no_leak(split(ONE, replace(OTHER, location="mill", sequence="s1"), level="image"))
    with pytest.raises(LeakError, match="sequence"):
        check_no_leak(split(ONE, replace(OTHER, sequence="s1"), level="sequence"))
    with pytest.raises(LeakError, match="file"):
        check_no_leak(split(ONE, replace(OTHER, digest=ONE.digest), level="image"))


def test_folds_are_checked_the_same() -> None:
    """Sides may be numbers, and 0 is one of them."""
    both = (ONE, replace(OTHER, location="mill"))
    check_no_leak_between(both, [0, 0], by_location=True, by_sequence=True)
    with pytest.raises(LeakError, match=r"location mill .*: a\.JPG in 0, b\.JPG in 1"):
        check_no_leak_between(both, [0, 1], by_location=True, by_sequence=True)


@settings(max_examples=100, deadline=None)
@given(tables(min_size=2))
def test_a_planted_leak_of_each_kind_is_caught(members: list[Member]) -> None:
    """Whatever the table: a photograph that is put into another part than its like is found."""
    divided = make_split(members, testing_percentage=30, validation_percentage=20)
    used = [one for one in divided.assignments if one.part]
    parts = {one.part for one in used}
    assume(len(parts) > 1)
    one = used[0]
    other = next(each for each in used if each.part is not one.part)
    kinds = {"image": ["digest"], "sequence": ["digest", "sequence"]}.get(
        divided.level, ["digest", "sequence", "location"]
    )
    for kind in kinds:
        value = getattr(one, kind) or "planted"
        same: dict[str, Any] = {kind: value}
        changed = {id(each): replace(each, **same) for each in (one, other)}
        planted = [changed.get(id(each), each) for each in divided.assignments]
        with pytest.raises(LeakError):
            check_no_leak(replace(divided, assignments=tuple(planted)))
