"""Claims about intervals, with figures worked out by hand or published."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autofocus.evaluation.intervals import (
    cautious_variance,
    effective_groups,
    effective_images,
    linear_variance,
    score_interval,
    wilson,
)

NOTHING = float("nan")


def test_the_interval_is_wilsons() -> None:
    """For 8 of 10 the published 95 % score interval is 0.490 to 0.943."""
    low, high = wilson(8, 10) or (0, 0)
    assert (round(low, 3), round(high, 3)) == (0.49, 0.943)


def test_nothing_has_no_interval() -> None:
    """Without images nothing is claimed."""
    assert wilson(0, 0) is None
    assert score_interval(0.5, 0.1, np.zeros(3)) is None


def test_equal_groups_count_in_full_and_a_heavy_one_outweighs_others() -> None:
    """Four groups of 5 count as 4; of 9 and 1 images as 100 / 82."""
    assert effective_groups(np.array([5.0, 5, 5, 5])) == 4
    assert effective_groups(np.array([9.0, 1, 0])) == pytest.approx(100 / 82)


def test_images_count_as_their_variance_says() -> None:
    """A half with a variance of 0.01 is worth 25 images, drawn a little to the 10 groups.

    Of 100 images 50 are wrong: the weight of the groups is 1 / 51.
    """
    found = effective_images(0.5, 0.01, np.full(10, 10.0))
    assert found == pytest.approx(1 / ((50 / 51) / 25 + (1 / 51) / 10))


def test_without_mistakes_only_groups_count() -> None:
    """Eight groups that are all right are worth eight images, however many they have."""
    assert effective_images(1.0, 0.0, np.full(8, 100.0)) == pytest.approx(8)


def test_no_miss_of_eight_is_not_certain() -> None:
    """Eight places without a miss leave 0 to 41 %: t² / (8 + t²) with t = 2.3646."""
    low, high = score_interval(0.0, 0.0, np.full(8, 25.0)) or (1, 1)
    assert low == 0
    assert high == pytest.approx(2.3646**2 / (8 + 2.3646**2), abs=1e-4)


def test_one_group_tells_nothing_of_others() -> None:
    """All images from one place have no interval, however many they are."""
    assert score_interval(0.9, 0.0, np.array([1000.0])) is None
    assert score_interval(0.9, 0.0, np.array([1000.0, 0.0])) is None


def test_many_independent_images_have_the_interval_of_wilson() -> None:
    """Where each of 1,000 images is a group of its own, the interval is Wilson's."""
    found = score_interval(0.8, 0.8 * 0.2 / 1000, np.ones(1000)) or (0, 0)
    assert found == pytest.approx(wilson(800, 1000), abs=1e-3)


@given(
    share=st.floats(0, 1),
    variance=st.one_of(st.floats(0, 1), st.just(NOTHING)),
    sizes=st.lists(st.integers(0, 500), max_size=12),
)
def test_an_interval_holds_its_share(share: float, variance: float, sizes: list[int]) -> None:
    """Whatever the groups, an interval lies within 0 to 1 around what was measured."""
    found = score_interval(share, variance, np.array(sizes, np.float64))
    if found is not None:
        assert 0 <= found[0] <= share <= found[1] <= 1


def test_rounding_leaves_no_share_outside() -> None:
    """The smallest of shares lies in its interval to the last bit."""
    share = 8.130879412805048e-221
    low, high = score_interval(share, NOTHING, np.array([35.0, 169, 204])) or (1, 0)
    assert low <= share <= high


@given(st.integers(2, 60), st.integers(1, 60), st.floats(0, 1))
def test_caution_never_takes_a_variance_for_nothing(groups: int, size: int, share: float) -> None:
    """Where groups don't differ, some variance is left all the same."""
    assert cautious_variance(share, 0.0, np.full(groups, float(size))) > 0


def test_the_variance_of_groups_by_hand() -> None:
    """Groups of 2 with 2 and 0 right: the share is 1/2, gaps are 1 and -1.

    Their squares are 2, over 4² images, times 2 / 1 for the fitted share: 1/4. A second share of
    one group has none.
    """
    shares, owners = np.array([0.5, 1.0]), np.array([0, 0, 1])
    found = linear_variance(shares, np.array([2.0, 0, 3]), np.array([2.0, 2, 3]), owners)
    assert found.tolist() == [0.25, 0.0]


def test_independent_groups_have_the_binomial_variance() -> None:
    """Of 10 images that are groups of their own, 5 right, it is p (1 - p) / (n - 1)."""
    rights = np.array([1.0] * 5 + [0.0] * 5)
    found = linear_variance(np.array([0.5]), rights, np.ones(10), np.zeros(10, np.int64))
    assert found[0] == pytest.approx(0.25 / 9)


@pytest.mark.parametrize("sizes", ["equal", "unequal"])
@pytest.mark.parametrize("groups", [3, 8, 20, 50])
@pytest.mark.parametrize(("accuracy", "likeness"), [(0.8, 0.1), (0.8, 0.3), (0.95, 0.3)])
def test_intervals_hold_for_new_places(
    groups: int, accuracy: float, likeness: float, sizes: str
) -> None:
    """Of places that differ, nine intervals of ten or more hold the accuracy at new places.

    Each place's accuracy is drawn from a beta distribution whose correlation within places is the
    likeness. Wilson's interval on images holds it for fewer than 9 of 10 in all cases of these.
    """
    random = np.random.default_rng(1)
    covered, naive = [], []
    for _ in range(200):
        many = np.full(groups, 20.0)
        if sizes == "unequal":
            many = np.maximum(1, random.lognormal(2.5, 1.2, groups)).round()
        scale = (1 - likeness) / likeness
        places = random.beta(accuracy * scale, (1 - accuracy) * scale, groups)
        rights = random.binomial(many.astype(np.int64), places).astype(np.float64)
        share = rights.sum() / many.sum()
        variance = linear_variance(np.array([share]), rights, many, np.zeros(groups, np.int64))[0]
        covered.append(_holds(score_interval(share, variance, many), accuracy))
        naive.append(_holds(wilson(int(rights.sum()), int(many.sum())), accuracy))
    # Three standard errors of a simulated 92 %.
    assert np.mean(covered) > 0.92 - 3 * math.sqrt(0.92 * 0.08 / 200)
    assert np.mean(naive) < 0.9


def _holds(interval: tuple[float, float] | None, value: float) -> bool:
    assert interval is not None
    return interval[0] <= value <= interval[1]
