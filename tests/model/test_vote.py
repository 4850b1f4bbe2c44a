"""Claims about the vote of a sequence."""

import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autofocus.model.vote import SequenceMeans, sequence_means, vote_weights


def test_a_vote_is_the_mean_of_the_frames() -> None:
    """Frames of a sequence need not stand beside each other."""
    means = sequence_means(np.array([[0.9, 0.1], [0.0, 1.0], [0.2, 0.8]]), np.array([0, 1, 0]))
    np.testing.assert_allclose(means, np.array([[0.55, 0.45], [0.0, 1.0]]))


@given(st.integers(1, 40), st.integers(1, 7))
def test_frames_may_be_added_in_any_portions(frames: int, portion: int) -> None:
    """The sums are bit for bit the same, however many frames are added at a time."""
    random = np.random.default_rng(frames)
    probabilities, numbers = random.random((frames, 3)), random.integers(0, 5, frames)
    weights = random.random(frames)
    whole, parts = SequenceMeans(5), SequenceMeans(5)
    whole.add(probabilities, numbers, weights)
    for first in range(0, frames, portion):
        own = slice(first, first + portion)
        parts.add(probabilities[own], numbers[own], weights[own])
    np.testing.assert_array_equal(whole.means(), parts.means())


def test_a_frame_counts_by_a_floor_and_its_box() -> None:
    """At a floor of 0.1, a frame with a box of 0.9 counts ten times as much as one without."""
    weights = vote_weights(np.array([0.9, 0.0]), 0.1)
    means = sequence_means(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 0]), weights)
    np.testing.assert_allclose(means, [[10 / 11, 1 / 11]])


@given(st.integers(1, 40), st.sampled_from([0.0, 0.1, 0.3]))
def test_equal_weights_are_none(frames: int, score: float) -> None:
    """The vote of a sequence whose boxes score the same is, bit for bit, the plain mean."""
    random = np.random.default_rng(frames)
    probabilities, numbers = random.random((frames, 3)), random.integers(0, 4, frames)
    for floor in (0.0, 0.1):
        weights = vote_weights(np.full(frames, score), floor)
        np.testing.assert_array_equal(
            sequence_means(probabilities, numbers, weights),
            sequence_means(probabilities, numbers),
        )


@given(st.integers(1, 40), st.integers(0, 40))
def test_no_weights_are_weights_of_one(frames: int, first: int) -> None:
    """Frames without weights may be followed by others with weights, bit for bit as if of 1."""
    random = np.random.default_rng(frames)
    probabilities, numbers = random.random((frames, 3)), random.integers(0, 4, frames)
    weights = np.append(np.ones(frames)[:first], random.random(frames)[first:])
    mixed, weighted = SequenceMeans(4), SequenceMeans(4)
    weighted.add(probabilities, numbers, weights)
    mixed.add(probabilities[:first], numbers[:first])
    mixed.add(probabilities[first:], numbers[first:], weights[first:])
    np.testing.assert_array_equal(mixed.means(), weighted.means())


def test_means_can_be_taken_without_a_second_array() -> None:
    """They are the same, bit for bit, and take no more memory than the sums did."""
    random = np.random.default_rng(1)
    means = SequenceMeans(10_000)
    means.add(random.random((20_000, 50)), random.integers(0, 10_000, 20_000))
    expected = means.means()
    tracemalloc.start()
    taken = means.take_means()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(taken, expected)
    assert peak < taken.nbytes / 2


def test_a_score_that_is_no_number_counts_as_none() -> None:
    """A broken score doesn't spread to the vote."""
    weights = vote_weights(np.array([np.nan, 5.0, -1.0]), 0.5)
    assert weights is not None
    assert weights.tolist() == [0.5, 1.5, 0.5]
    assert vote_weights(np.array([0.3]), None) is None
    assert vote_weights(None, 0.1) is None
