"""Claims about the vote of a sequence."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autofocus.model.vote import SequenceMeans, sequence_means


def test_a_vote_is_the_mean_of_the_frames() -> None:
    """Frames of a sequence need not stand beside each other."""
    means = sequence_means(np.array([[0.9, 0.1], [0.0, 1.0], [0.2, 0.8]]), np.array([0, 1, 0]))
    np.testing.assert_allclose(means, np.array([[0.55, 0.45], [0.0, 1.0]]))


@given(st.integers(1, 40), st.integers(1, 7))
def test_frames_may_be_added_in_any_portions(frames: int, portion: int) -> None:
    """The sums are bit for bit the same, however many frames are added at a time."""
    random = np.random.default_rng(frames)
    probabilities, numbers = random.random((frames, 3)), random.integers(0, 5, frames)
    whole, parts = SequenceMeans(5), SequenceMeans(5)
    whole.add(probabilities, numbers)
    for first in range(0, frames, portion):
        own = slice(first, first + portion)
        parts.add(probabilities[own], numbers[own])
    np.testing.assert_array_equal(whole.means(), parts.means())
