"""Claims about dividing groups into folds."""

from collections import Counter
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autofocus.errors import SettingError
from autofocus.splits.folds import make_folds
from autofocus.splits.images import Image
from autofocus.splits.leaks import check_no_leak_between
from autofocus.splits.split import Split, make_split
from autofocus.splits.subsets import GroupKind, Subset
from tests.splits.tables import like_life, percentages, tables

SHARES: dict[str, Any] = {"testing_percentage": 10.0, "validation_percentage": 10.0}


def used_groups(divided: Split) -> set[str]:
    return {one.group for one in divided.assignments if one.subset}


@settings(max_examples=150)
@given(tables(min_size=1), percentages(), st.sampled_from(get_args(GroupKind)), st.integers(2, 6))
def test_no_folds_ever_leak(
    images: list[Image], shares: dict[str, Any], level: GroupKind, number: int
) -> None:
    """Whatever the table, no two folds share a location, a sequence or a content."""
    try:
        divided = make_split(images, **shares, split_by=level)
    except SettingError:
        divided = make_split(images, **shares)
    assume(len(used_groups(divided)) >= number)
    folds = make_folds(divided, number)
    assert folds.keys() == used_groups(divided)
    assert set(folds.values()) == set(range(number))
    used = [one for one in divided.assignments if one.subset]
    check_no_leak_between(
        used,
        [folds[one.group] for one in used],
        divided.group_kind,
    )


@settings(max_examples=150)
@given(tables(min_size=4), st.randoms())
def test_the_order_of_images_does_not_matter(images: list[Image], chance: Random) -> None:
    """The same images in another order have the same folds."""
    mixed = list(images)
    chance.shuffle(mixed)
    one, other = (make_split(each, **SHARES, split_by="image") for each in (images, mixed))
    assume(len(used_groups(one)) > 1)
    assert make_folds(one, 2) == make_folds(other, 2)


@pytest.mark.parametrize("seed", range(5))
def test_folds_have_about_the_same_size_and_every_class(seed: int) -> None:
    """With 40 uneven locations, five folds hold a fifth each of all images, and of each class."""
    divided = make_split(like_life(seed, locations=40, sequences=1500), **SHARES)
    folds = make_folds(divided, 5)
    images = Counter(folds[one.group] for one in divided.assignments)
    share = len(divided.assignments) / 5
    assert all(0.8 * share < number < 1.2 * share for number in images.values())
    classes = Counter(
        (label, folds[one.group]) for one in divided.assignments for label in one.image.labels
    )
    for label in {label for label, _ in classes}:
        numbers = [classes[label, fold] for fold in range(5)]
        assert min(numbers) > 0.3 * sum(numbers) / 5


def test_all_subsets_are_in_the_folds_and_copies_in_none() -> None:
    """A cross-validation uses all groups, and no image that was left out."""
    images = like_life(0, locations=40, sequences=200)
    divided = make_split(images, **SHARES)
    groups = {group for subset in Subset for group in divided.groups(subset)}
    assert make_folds(divided, 5).keys() == groups


def test_more_folds_than_groups_are_refused() -> None:
    """One sentence says how many folds there can be."""
    divided = make_split(like_life(0, locations=4, sequences=50), **SHARES, split_by="location")
    with pytest.raises(SettingError, match=r"5 folds need .* there are 4 \(locations\)"):
        make_folds(divided, 5)
    assert sorted(make_folds(divided, 4).values()) == [0, 1, 2, 3]
