"""Claims about dividing images into subsets."""

from collections import Counter
from dataclasses import replace
from itertools import combinations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, locate
from autofocus.splits.assignment import position
from autofocus.splits.images import Image
from autofocus.splits.leaks import check_no_leak
from autofocus.splits.split import Assignment, Split
from autofocus.splits.subsets import Shares, SplitBy, Subset
from tests.splits.tables import image, like_life, make_image, percentages, split, tables

asked = st.sampled_from(["auto", "location", "sequence", "image"])


def by_name(divided: Split) -> dict[str, Assignment]:
    return {one.image.name: one for one in divided.assignments}


# No split ever leaks, whatever the table.


def are_together(one: Image, other: Image, locations: dict[str, set[str]], level: str) -> bool:
    """Tell, without any of the code that divides, whether two images must not be parted."""
    if one.digest == other.digest:
        return True
    first, second = one.frame, other.frame
    if level == "location" and first.location and first.location == second.location:
        return True
    if level == "image" or first.camera != second.camera:
        return False
    if first.moment is None or second.moment is None:
        return False
    # In a folder of several locations, only frames with a known one belong together.
    alone = len(locations[first.camera] - {""}) < 2
    same_location = alone or (first.location == second.location and first.location != "")
    return same_location and abs((first.moment - second.moment).total_seconds()) <= 60


@settings(max_examples=200)
@given(tables(), percentages(), asked)
def test_no_split_ever_leaks(
    images: list[Image], shares: dict[str, Any], split_by: SplitBy
) -> None:
    """No two images of one location, sequence or content are in two subsets."""
    divided = split(images, split_by=split_by, **shares)
    check_no_leak(divided)
    locations: dict[str, set[str]] = {}
    for one in images:
        locations.setdefault(one.frame.camera, set()).add(one.frame.location)
    subsets = [one.subset for one in divided.assignments]
    for (one, subset), (other, other_subset) in combinations(zip(images, subsets, strict=True), 2):
        if subset is not None and other_subset is not None and subset is not other_subset:
            assert not are_together(one, other, locations, divided.group_kind)


@settings(max_examples=200)
@given(tables(), percentages(), asked)
def test_every_image_is_accounted_for(
    images: list[Image], shares: dict[str, Any], split_by: SplitBy
) -> None:
    """Each has a reason, and a subset unless the same file is in the data already."""
    divided = split(images, split_by=split_by, **shares)
    assert [one.image.name for one in divided.assignments] == [one.frame.name for one in images]
    used = {one.image.digest for one in divided.assignments if one.subset}
    assert used == {one.digest for one in images}
    for one in divided.assignments:
        assert one.reason.startswith("left out: the same file as n") == (one.subset is None)
        assert one.reason


@settings(max_examples=200)
@given(tables(), percentages(), asked, st.randoms())
def test_the_order_of_images_does_not_matter(
    images: list[Image], shares: dict[str, Any], split_by: SplitBy, chance: Random
) -> None:
    """The same images in another order are divided the same, for the same reasons."""
    mixed = list(images)
    chance.shuffle(mixed)
    one, other = (split(each, split_by=split_by, **shares) for each in (images, mixed))
    assert by_name(one) == by_name(other)
    assert (one.group_kind, one.warnings, one.digest) == (
        other.group_kind,
        other.warnings,
        other.digest,
    )


@settings(max_examples=200)
@given(tables(), percentages(), asked)
def test_every_class_is_in_every_subset_where_it_can_surely_be(
    images: list[Image], shares: dict[str, Any], split_by: SplitBy
) -> None:
    """Training knows all; others have each class with as many groups of its own as subsets."""
    divided = split(images, split_by=split_by, **shares)
    used = [one for one in divided.assignments if one.subset]
    groups: dict[str, set[str]] = {}
    for one in used:
        groups.setdefault(one.group, set()).update(one.image.labels)
    labels = {label for group in groups.values() for label in group}
    learned = {
        label for one in used if one.subset is Subset.TRAINING for label in one.image.labels
    }
    assert learned == labels
    wanted = Shares(shares["testing_percentage"], shares["validation_percentage"]).subsets
    of_its_own = Counter(next(iter(group)) for group in groups.values() if len(group) == 1)
    for label, number in of_its_own.items():
        if number >= len(wanted):
            having = {one.subset for one in used if label in one.image.labels}
            assert having >= set(wanted)


@settings(max_examples=200)
@given(tables(), percentages(), asked)
def test_a_subset_of_no_percent_is_empty(
    images: list[Image], shares: dict[str, Any], split_by: SplitBy
) -> None:
    """What was not asked for gets nothing, whatever else is moved."""
    divided = split(images, split_by=split_by, **{**shares, "validation_percentage": 0.0})
    assert all(one.subset is not Subset.VALIDATION for one in divided.assignments)


@settings(max_examples=200)
@given(tables(), percentages(), asked)
def test_who_was_not_moved_stands_by_the_digest_of_its_group(
    images: list[Image], shares: dict[str, Any], split_by: SplitBy
) -> None:
    """A subset follows from the group's name and percentages, unless the reason says otherwise."""
    divided = split(images, split_by=split_by, **shares)
    asked_shares = Shares(shares["testing_percentage"], shares["validation_percentage"])
    for one in divided.assignments:
        if one.subset is not None:
            stays = one.subset is asked_shares.at(position(one.group))
            assert stays == one.reason.startswith("by the digest of its ")
            assert stays != one.reason.startswith(f"moved to {one.subset.value}: ")


def test_subsets_have_about_the_shares_that_were_asked() -> None:
    """Of many sequences each subset gets about its percentage, without a group moved."""
    divided = split(
        like_life(0, locations=30, sequences=3000, located=False),
        testing_percentage=20,
        validation_percentage=10,
    )
    counts = Counter(one.subset for one in divided.assignments)
    assert abs(counts[Subset.TEST] / len(divided.assignments) - 0.2) < 0.02
    assert abs(counts[Subset.VALIDATION] / len(divided.assignments) - 0.1) < 0.02
    assert not any(one.reason.startswith("moved") for one in divided.assignments)


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_near_what_was_asked_where_locations_are_many(seed: int) -> None:
    """With 40 uneven locations each subset is near its share, and has every class."""
    divided = split(like_life(seed, locations=40, sequences=1500))
    assert divided.group_kind == "location"
    assert divided.warnings == ()
    counts = Counter(one.subset for one in divided.assignments)
    labels = {(one.subset, label) for one in divided.assignments for label in one.image.labels}
    for subset in (Subset.TEST, Subset.VALIDATION):
        assert 0.075 < counts[subset] / len(divided.assignments) < 0.1334
        assert {label for its, label in labels if its is subset} == {
            f"class {n}" for n in range(8)
        }


def test_shares_that_cannot_be_had_are_told() -> None:
    """A location with nearly all images stays whole, and a sentence says what came of it."""
    images = [image(f"a/{n}.JPG", "da"[n % 2], n, "big") for n in range(180)]
    images += [image(f"b{n}/{k}.JPG", "da"[k], k, f"b{n}") for n in range(3) for k in range(2)]
    divided = split(images, split_by="location")
    (warning,) = divided.warnings
    assert "The shares differ from those requested, as no location is divided" in warning
    assert "96.8 % for training (80 % requested)" in warning


def test_an_empty_subset_is_told() -> None:
    """Two locations can't make three subsets: training and test go first."""
    images = [image(f"{c}/{n}.JPG", "da"[n % 2], n, c) for c in "xy" for n in range(4)]
    divided = split(images, split_by="location")
    assert divided.groups(Subset.VALIDATION) == set()
    assert "The validation subset is empty: there are too few locations." in (divided.warnings)
    assert {one.subset for one in divided.assignments} == {Subset.TRAINING, Subset.TEST}


# Stable as data grow.


def subsets_of(divided: Split) -> dict[str, Subset | None]:
    return {one.group: one.subset for one in divided.assignments if one.subset}


def moved(before: Split, after: Split) -> float:
    """Return what share of the groups that were there has another subset."""
    was, now = subsets_of(before), subsets_of(after)
    return sum(now[group] is not subset for group, subset in was.items()) / len(was)


def test_more_images_leave_groups_where_they_are() -> None:
    """A tenth more of sequences moves hardly any of the locations, and none of the sequences."""
    shares = []
    for seed in range(8):
        images = like_life(seed, locations=40, sequences=1650)
        before = [one for one in images if int(one.frame.name.split("/")[1][:6]) < 1500]
        shares.append(moved(split(before), split(images)))
        by_sequence = [split(each, split_by="sequence") for each in (before, images)]
        assert moved(*by_sequence) == 0
    assert sum(shares) / len(shares) < 0.03


def test_a_new_location_leaves_the_others_where_they_are() -> None:
    """One location more among 40 moves fewer than two others, on average."""
    shares = []
    for seed in range(8):
        images = like_life(seed, locations=40, sequences=1500)
        before = [one for one in images if one.frame.location != "place 7"]
        shares.append(moved(split(before), split(images)))
    assert sum(shares) / len(shares) < 2 / 39


# Copies.


def test_a_copy_in_another_group_is_left_out() -> None:
    """The same file at two locations is used once, and the reason names the other."""
    images = like_life(3, locations=40, sequences=300)
    copy = image("camera999/0.JPG", "class 1", 0, "place 999", images[0].digest)
    divided = split([*images, copy])
    last = divided.assignments[-1]
    assert last.subset is None
    assert last.reason == f"left out: the same file as {images[0].frame.name}, of another group"
    assert divided.assignments[0].subset is not None


def test_copies_in_one_group_stay() -> None:
    """A file twice in one sequence leaks nothing."""
    images = like_life(3, locations=40, sequences=300)
    first = images[0]
    beside = Frame("beside", f"{first.frame.camera}/beside.JPG", first.frame.moment, "place 0")
    copy = replace(first, frame=replace(beside, location=first.frame.location))
    divided = split([*images, copy])
    assert divided.assignments[-1].subset is divided.assignments[0].subset is not None


def test_a_black_frame_does_not_tie_cameras_together() -> None:
    """One content at every location leaves each location a group of its own."""
    images = like_life(3, locations=40, sequences=300)
    locations = {one.frame.location for one in images}
    images += [
        image(f"{place}/black.JPG", "class 1", 0, place, "black") for place in sorted(locations)
    ]
    divided = split(images)
    assert len({one.group for one in divided.assignments}) == len(locations)
    assert sum(one.subset is None for one in divided.assignments) == len(locations) - 1


# The digest.


def test_the_digest_tells_splits_apart_and_not_names() -> None:
    """Files may be called otherwise; another subset of one group is another split."""
    images = like_life(3, locations=40, sequences=300)
    one = split(images)
    renamed = [
        replace(each, frame=replace(each.frame, name="x" + each.frame.name)) for each in images
    ]
    assert split(renamed).digest == one.digest
    assert split(images, testing_percentage=20).digest != one.digest


def test_folders_that_count_as_locations_are_told() -> None:
    """The sentence says why the split is by folders, and what to do if that is wrong."""
    frames = [
        Frame(f"{site}{number}", f"site{site}/{number}.JPG")
        for site in range(8)
        for number in range(4)
    ]
    images = [
        make_image(frame, ("ab"[number % 2],), frame.name)
        for number, frame in enumerate(locate(frames, LocationPattern()))
    ]
    made = split(images)
    assert made.group_kind == "location"
    (sentence,) = [each for each in made.warnings if "The folder of an image" in each]
    assert "(32 of 32 images, in 8 folders such as site0, site1, site2)." in sentence


def test_a_burst_over_two_folders_of_a_card_is_not_divided() -> None:
    """Frames of 100RECNX and 101RECNX of one camera, a second apart, are in one subset."""
    images = [
        image(
            f"CAM01/DCIM/{100 + frame // 2}RECNX/IMG_{frame}.JPG",
            "ab"[day % 2],
            day * 9999 + frame,
        )
        for day in range(14)
        for frame in range(4)
    ]
    images = [
        replace(one, frame=replace(one.frame, name=f"{number}"), digest=f"{number}")
        for number, one in enumerate(images)
    ]
    made = split(images, testing_percentage=25, validation_percentage=20)
    bursts: dict[int, set[object]] = {}
    for number, one in enumerate(made.assignments):
        bursts.setdefault(number // 4, set()).add(one.subset)
    assert all(len(subsets) == 1 for subsets in bursts.values())
