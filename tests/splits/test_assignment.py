"""Claims about assigning groups to subsets."""

from collections import Counter
from collections.abc import Mapping
from itertools import product
from random import Random

from autofocus.splits.assignment import Content, GroupAssignment, assign, position
from autofocus.splits.subsets import Shares, Subset

SHARES = Shares(testing=10, validation=10)


def are_all_served(contents: Mapping[str, Content], subsets: Mapping[str, Subset]) -> bool:
    """Tell whether each subset has each class."""
    labels = {label for content in contents.values() for label in content.labels}
    return all(
        {
            label
            for name, content in contents.items()
            if subsets[name] is subset
            for label in content.labels
        }
        == labels
        for subset in Subset
    )


def can_all_be_served(contents: Mapping[str, Content]) -> bool:
    """Tell whether any assignment at all gives each subset each class, by trying every one."""
    return any(
        are_all_served(contents, dict(zip(contents, subsets, strict=True)))
        for subsets in product(Subset, repeat=len(contents))
    )


def badness(contents: Mapping[str, Content], subsets: Mapping[str, Subset]) -> tuple[float, ...]:
    """Return what is wrong with an assignment: classes and images that subsets lack, and sizes."""
    groups = GroupAssignment(contents, SHARES)
    for name, subset in subsets.items():
        groups.move(name, subset, None)
    return *groups.missing(), round(groups.unevenness(), 8)


def test_a_group_s_position_never_changes() -> None:
    """The subset of a group follows from its name for ever: these are positions of today."""
    # The first eight digits of what sha256sum prints of the name, as a share of 16 ** 8.
    assert position("location D03-AMP1") == 100 * 0x5D960242 / 16**8
    assert position("sequence a@2016-07-05T12:00:00") == 100 * 0x4520B3FC / 16**8


def test_a_larger_test_subset_only_takes_from_training() -> None:
    """Raising testing_percentage moves groups from training to the test and no others."""
    for name in map(str, range(300)):
        before, after = (Shares(share, 10).at(position(name)) for share in (10, 25))
        assert before is after or (before, after) == (Subset.TRAINING, Subset.TEST)


def test_whatever_can_be_served_in_a_small_table_is_served() -> None:
    """Of random tables of up to 7 groups, each that can have all classes everywhere gets them."""
    rng = Random(0)  # noqa: S311 - the same tables at every run
    served = 0
    for _ in range(250):
        labels = [f"class {n}" for n in range(rng.randint(1, 4))]
        contents = {
            f"location {rng.random()}": Content(
                tuple(sorted(set(rng.choices(labels, k=rng.randint(1, 3))))), rng.randint(1, 30)
            )
            for _ in range(rng.randint(3, 7))
        }
        if can_all_be_served(contents):
            served += 1
            assert are_all_served(contents, assign(contents, SHARES)[0])
    assert served > 50


def test_a_class_is_brought_by_moving_others_out_of_the_way() -> None:
    """Where a group can only go if another takes its place, both are moved.

    Each class is in three groups, so that there is one assignment of each pair and no freedom.
    """
    pairs = ["ab", "ab", "ab", "cd", "cd", "cd", "ef", "ef", "ef"]
    rng = Random(1)  # noqa: S311 - the same tables at every run
    for _ in range(50):
        contents = {
            f"location {rng.random()}": Content(tuple(pair), rng.randint(1, 9)) for pair in pairs
        }
        assert are_all_served(contents, assign(contents, SHARES)[0])


def test_a_class_in_one_group_stays_in_training() -> None:
    """What isn't learned can't be tested: the test goes without before training does."""
    for number in range(40):
        contents = {f"{number} {label}": Content((label,), 10) for label in "abcdefgh"}
        subsets, _ = assign(contents, SHARES)
        assert set(subsets.values()) == {Subset.TRAINING}


def test_a_class_in_two_groups_is_learned_and_tested() -> None:
    """The test goes before validation."""
    for number in range(40):
        contents = {
            f"{number} {label} {k}": Content((label,), 10) for label in "abcd" for k in range(2)
        }
        # Validation, too, is to hold something.
        contents[f"{number} d more"] = Content(("d",), 10)
        subsets, _ = assign(contents, SHARES)
        for label in "abc":
            having = {subset for name, subset in subsets.items() if f" {label} " in name}
            assert having == {Subset.TRAINING, Subset.TEST}


def test_no_subset_is_left_empty_for_another_s_classes() -> None:
    """Validation gets a group before the test gets one for each class."""
    for number in range(40):
        contents = {
            f"{number} {pair} {k}": Content(tuple(pair), 10)
            for pair in ("ab", "cd")
            for k in (1, 2)
        }
        subsets, _ = assign(contents, SHARES)
        assert set(subsets.values()) == set(Subset)


def test_groups_are_swapped_for_better_shares() -> None:
    """A large group that alone was for the test is exchanged for a small one with its classes."""
    for number in range(40):
        contents = {
            f"{number} {k}": Content(("a", "b"), images) for k, images in enumerate([100, 100, 12])
        }
        subsets, _ = assign(contents, Shares(testing=10, validation=0))
        assert subsets == {
            f"{number} 0": Subset.TRAINING,
            f"{number} 1": Subset.TRAINING,
            f"{number} 2": Subset.TEST,
        }


def test_no_more_is_moved_than_is_needed() -> None:
    """Where digests alone serve all classes and shares, nothing is moved."""
    contents = {f"location {n}": Content(("a", "b"), 5) for n in range(300)}
    subsets, moved = assign(contents, SHARES)
    assert moved == {}
    assert all(subset is SHARES.at(position(name)) for name, subset in subsets.items())


def test_what_was_moved_has_to_be() -> None:
    """Put back alone, any moved group would leave a class out or the shares less even."""
    rng = Random(2)  # noqa: S311 - the same tables at every run
    several = 0
    for _ in range(60):
        contents = {
            f"location {rng.random()}": Content(
                tuple(sorted(set(rng.choices("abcdef", k=rng.randint(1, 4))))), rng.randint(1, 30)
            )
            for _ in range(rng.randint(4, 15))
        }
        subsets, moved = assign(contents, SHARES)
        several += len(moved) > 1
        for name in moved:
            back = subsets | {name: SHARES.at(position(name))}
            assert badness(contents, back) > badness(contents, subsets)
    assert several > 20


def test_a_class_s_own_groups_serve_it_however_far_they_are() -> None:
    """Many groups that can't go, and stand nearer, do not hide the three that can."""
    # So little is asked that size is no reason for a move.
    shares = Shares(testing=0.1, validation=0.1)
    by_position = sorted((position(f"location {n}"), f"location {n}") for n in range(1000))
    training = [name for place, name in by_position if shares.at(place) is Subset.TRAINING]
    contents = {name: Content(("a", f"only {name}"), 5) for name in training[:60]}
    contents |= {name: Content(("a",), 5) for name in training[-3:]}
    subsets, _ = assign(contents, shares)
    assert {subset for name, subset in subsets.items() if "a" in contents[name].labels} == set(
        Subset
    )


def test_the_cause_of_a_move_is_told() -> None:
    """A group that was moved for a class says for which, one moved for size says none."""
    contents = {f"many {n}": Content(("a",), 5) for n in range(100)}
    contents |= {f"rare {n}": Content(("a", "b"), 5) for n in range(3)}
    subsets, moved = assign(contents, SHARES)
    rare = {name: its for name, its in moved.items() if name.startswith("rare")}
    assert {subsets[name] for name in contents if name.startswith("rare")} == set(Subset)
    assert rare
    assert all((its.label, its.subset) == ("b", subsets[name]) for name, its in rare.items())


def test_a_move_for_the_size_names_no_class() -> None:
    """A huge group that its digest put into the test goes to training."""
    names = [f"location {n}" for n in range(100)]
    huge = next(name for name in names if SHARES.at(position(name)) is Subset.TEST)
    contents = {name: Content(("a",), 500 if name == huge else 5) for name in names}
    subsets, moved = assign(contents, SHARES)
    assert subsets[huge] is Subset.TRAINING
    assert {its.label for its in moved.values()} == {None}


def test_a_class_with_enough_groups_of_its_own_is_in_every_subset() -> None:
    """However other groups overlap and whatever their sizes, each subset gets such a class.

    With seed 344, a move for another class takes the last group of one that was served before.
    """
    for seed in range(300, 360):
        rng = Random(seed)  # noqa: S311 - the same tables at every run
        labels = [f"c{number}" for number in range(rng.randint(1, 8))]
        contents = {
            f"g{rng.random()}": Content(
                tuple(sorted(set(rng.choices(labels, k=rng.choice([1, 1, 1, 2, 3, 6]))))),
                rng.choice([1, 2, 5, 30, 400]),
            )
            for _ in range(rng.randint(1, 30))
        }
        shares = Shares(rng.choice([0.0, 0.1, 10, 20, 50, 80]), rng.choice([0.0, 0.1, 10, 15, 19]))
        subsets, _ = assign(contents, shares)
        pairs = {
            (subsets[name], label)
            for name, content in contents.items()
            for label in content.labels
        }
        own = Counter(content.labels for content in contents.values() if len(content.labels) == 1)
        for (label,), number in own.items():
            if number >= len(shares.subsets):
                assert {(subset, label) for subset in shares.subsets} <= pairs
