"""Claims about the check that what is tested was not seen while learning."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings

from autofocus.errors import LeakError
from autofocus.splits.images import Image
from autofocus.splits.leaks import check_no_leak, check_no_leak_between
from autofocus.splits.split import Assignment, Split, make_split
from autofocus.splits.subsets import GroupKind, Subset
from tests.splits.tables import image, tables

ONE = Assignment(image("a.JPG", location="mill", digest="1" * 64), "s1", "g1", Subset.TRAINING, "")
OTHER = Assignment(image("b.JPG", location="lake", digest="2" * 64), "s2", "g2", Subset.TEST, "")


def split(*assignments: Assignment, group_kind: GroupKind = "location") -> Split:
    return Split(assignments, group_kind)


def value_of(one: Assignment, kind: str) -> str:
    return {
        "digest": one.image.digest,
        "location": one.image.frame.location,
        "sequence": one.sequence,
        "group": one.group,
    }[kind]


def plant(one: Assignment, kind: str, value: str) -> Assignment:
    """Return an assignment with another digest, location, sequence or group."""
    changes: dict[str, Any] = {kind: value}
    if kind == "digest":
        return replace(one, image=replace(one.image, digest=value))
    if kind == "location":
        frame = replace(one.image.frame, location=value)
        return replace(one, image=replace(one.image, frame=frame))
    return replace(one, **changes)


def test_what_shares_nothing_passes() -> None:
    """Two images of other locations, sequences and contents may be in two subsets."""
    check_no_leak(split(ONE, OTHER))


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (
            "digest",
            "The file 1111111111111111 is on two sides of the split: a.JPG in training",
        ),
        ("sequence", "The sequence s1 is on two sides"),
        ("location", "The location mill is on two sides"),
        ("group", "The group g1 is on two sides"),
    ],
)
def test_each_overlap_is_an_error_that_names_it(field: str, words: str) -> None:
    """One sentence says what is shared, by which images and where they are."""
    with pytest.raises(LeakError) as told:
        check_no_leak(split(ONE, plant(OTHER, field, value_of(ONE, field))))
    assert words in str(told.value)
    assert "b.JPG in test" in str(told.value)


def test_what_is_left_out_leaks_nothing() -> None:
    """A copy that belongs to no subset may equal any."""
    check_no_leak(split(ONE, Assignment(image("copy.JPG", digest="1" * 64), "", "", None, "")))


def test_what_is_unknown_is_no_overlap() -> None:
    """Two images without a location share none."""
    check_no_leak(split(plant(ONE, "location", ""), plant(OTHER, "location", "")))
    check_no_leak(split(plant(ONE, "sequence", ""), plant(OTHER, "sequence", "")))


def test_what_is_not_kept_together_may_be_shared() -> None:
    """A split by sequence may share locations; one by image may share sequences, too."""
    neighbour = plant(OTHER, "location", "mill")
    check_no_leak(split(ONE, neighbour, group_kind="sequence"))
    check_no_leak(split(ONE, plant(neighbour, "sequence", "s1"), group_kind="image"))
    with pytest.raises(LeakError, match="sequence"):
        check_no_leak(split(ONE, plant(OTHER, "sequence", "s1"), group_kind="sequence"))
    with pytest.raises(LeakError, match="file"):
        check_no_leak(split(ONE, plant(OTHER, "digest", ONE.image.digest), group_kind="image"))


def test_folds_are_checked_the_same() -> None:
    """Sides may be numbers, and 0 is one of them."""
    both = (ONE, plant(OTHER, "location", "mill"))
    check_no_leak_between(both, [0, 0], "location")
    with pytest.raises(LeakError, match=r"location mill .*: a\.JPG in 0, b\.JPG in 1"):
        check_no_leak_between(both, [0, 1], "location")


@settings(max_examples=100)
@given(tables(min_size=2))
def test_a_planted_leak_of_each_kind_is_caught(images: list[Image]) -> None:
    """Whatever the table: an image that is put into another subset than its like is found."""
    divided = make_split(images, testing_percentage=30, validation_percentage=20)
    used = [one for one in divided.assignments if one.subset]
    subsets = {one.subset for one in used}
    assume(len(subsets) > 1)
    one = used[0]
    other = next(each for each in used if each.subset is not one.subset)
    kinds = {"image": ["digest"], "sequence": ["digest", "sequence"]}.get(
        divided.group_kind, ["digest", "sequence", "location"]
    )
    for kind in kinds:
        value = value_of(one, kind) or "planted"
        changed = {id(each): plant(each, kind, value) for each in (one, other)}
        planted = [changed.get(id(each), each) for each in divided.assignments]
        with pytest.raises(LeakError):
            check_no_leak(replace(divided, assignments=tuple(planted)))
