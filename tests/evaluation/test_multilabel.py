"""Claims about images with several labels."""

import pytest

from autofocus.evaluation.multilabel import average_precisions
from tests.evaluation.making import made, read


def test_average_precision_by_hand() -> None:
    """Labels at ranks 1 and 3 of 4: the mean of 1/1 and 2/3."""
    judged = made([[0.9], [0.8], [0.7], [0.6]], [[0], [], [0], []], multilabel=True)
    assert average_precisions(read(judged)) == [pytest.approx(5 / 6)]


def test_equal_probabilities_count_together() -> None:
    """Two images at the same probability, one with the label: 1/2, in either order."""
    for true in ([[0], []], [[], [0]]):
        judged = made([[0.7], [0.7]], true, multilabel=True)
        assert average_precisions(read(judged)) == [0.5]


def test_a_label_that_no_image_has_has_none() -> None:
    """Without an image with the label there is nothing to average."""
    assert average_precisions(read(made([[0.7]], [[]], multilabel=True))) == [None]
