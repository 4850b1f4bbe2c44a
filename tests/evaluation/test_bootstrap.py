"""Claims about the bootstrap over groups."""

import numpy as np
import pytest

from autofocus.evaluation.bootstrap import GroupSums, ratio
from autofocus.evaluation.intervals import linear_variance
from autofocus.evaluation.metrics import Estimate

GROUPS = ["a", "b", "a", "c", "b", "a"]
RIGHT = np.array([1, 1, 0, 1, 0, 1])


def tally(resamples: int = 500, order: list[int] | None = None) -> GroupSums:
    """Three groups of 3, 2 and 1 images, of which 2, 1 and 1 are right."""
    order = order or list(range(6))
    columns = {"images": np.ones(6), "right": RIGHT[order]}
    return GroupSums.from_columns(columns, [GROUPS[place] for place in order], resamples, seed=0)


def test_sums_are_those_of_groups_and_of_all() -> None:
    """Each group has its sums, in the order of the groups' names."""
    assert tally().groups["images"].ravel().tolist() == [3, 2, 1]
    assert tally().groups["right"].ravel().tolist() == [2, 1, 1]
    assert tally().total["right"].tolist() == [[4]]


def test_whole_groups_are_drawn() -> None:
    """Each resample is of three whole groups: its sums are those of some of the 10 choices."""
    choices = {
        (sum(many), sum(right))
        for pairs in _triples([(3, 2), (2, 1), (1, 1)])
        for many, right in [zip(*pairs, strict=True)]
    }
    drawn = tally().resampled
    found = set(zip(drawn["images"][:, 0].tolist(), drawn["right"][:, 0].tolist(), strict=True))
    assert found == choices


def _triples(groups: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    return [[one, two, three] for one in groups for two in groups for three in groups]


def test_the_order_of_images_does_not_matter() -> None:
    """Shuffled images have the same interval to the last bit."""
    shuffled = tally(order=[5, 3, 1, 0, 4, 2])
    assert shuffled.share("right", "images") == tally().share("right", "images")


def test_another_seed_draws_others() -> None:
    """The draws follow from the seed."""
    columns = {"images": np.ones(6), "right": RIGHT}
    drawn = [
        GroupSums.from_columns(columns, GROUPS, 50, seed).resampled["right"] for seed in (0, 0, 1)
    ]
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()


def test_the_variance_is_that_of_groups() -> None:
    """With many groups the bootstrap's variance is that of the formula, within 10 %."""
    random = np.random.default_rng(3)
    groups = np.sort(random.integers(0, 200, 3000))
    right = random.random(3000) < random.beta(4, 1, 200)[groups]
    sums = GroupSums.from_columns(
        {"images": np.ones(3000), "right": right}, [f"{group:03}" for group in groups], 2000, 0
    )
    many, rights = sums.groups["images"], sums.groups["right"][:, 0]
    figure = sums.variances(lambda one: ratio(one["right"], one["images"]), many)[0]
    known = linear_variance(
        np.array([right.mean()]), rights, many[:, 0], np.zeros(len(many), np.int64)
    )[0]
    assert figure == pytest.approx(known, rel=0.1)


def test_few_groups_do_not_look_too_alike() -> None:
    """Two groups of equal size with shares of 0 and 1 have a variance of 1/4 about their mean.

    Drawn, they give 0, 1/2 and 1 in one, two and one of four times: a variance of 1/8 only.
    """
    sums = GroupSums.from_columns(
        {"images": np.ones(2), "right": np.array([0, 1])}, ["a", "b"], 2000, 0
    )
    variance = sums.variances(
        lambda one: ratio(one["right"], one["images"]), sums.groups["images"]
    )[0]
    assert variance == pytest.approx(0.25, rel=0.1)


def test_what_is_alike_is_drawn_together_and_no_less_often() -> None:
    """Groups of equal sums are one kind: 300 groups with 1 of 1 and 100 with 0 of 1.

    Their variance is that of 400 independent images, within 10 %.
    """
    right = np.array([1] * 300 + [0] * 100)
    columns = {"images": np.ones(400), "right": right}
    sums = GroupSums.from_columns(columns, [str(place) for place in range(400)], 2000, 0)
    variance = sums.variances(
        lambda one: ratio(one["right"], one["images"]), sums.groups["images"]
    )[0]
    assert variance == pytest.approx(0.75 * 0.25 / 399, rel=0.1)


def test_without_resamples_there_is_a_value_and_no_interval() -> None:
    """Nobody has to wait for intervals."""
    assert tally(resamples=0).share("right", "images") == [Estimate(4 / 6, None)]


def test_of_nothing_there_is_no_share() -> None:
    """A share of no images is unknown, and so is its interval."""
    sums = GroupSums.from_columns({"images": np.ones(2), "none": np.zeros(2)}, ["a", "b"], 50, 0)
    assert sums.share("images", "none") == [Estimate(None)]
    nothing = GroupSums.from_columns({"images": np.ones(0)}, [], 50, 0)
    assert nothing.share("images", "images") == [Estimate(None)]


def test_a_least_variance_widens_an_interval() -> None:
    """What is known to be uncertain may not come out surer."""
    sums = tally()
    figure = lambda one: ratio(one["right"], one["images"])  # noqa: E731
    narrow, wide = (
        sums.estimate(figure, sums.groups["images"], least)[0].interval or (0, 0)
        for least in (0.0, 0.2)
    )
    assert wide[0] < narrow[0]
    assert wide[1] > narrow[1]
