"""Claims about evaluation, with figures worked out by hand."""

import numpy as np
import pytest

from autofocus.learning.evaluation import evaluate, wilson

#                   true:  a  a  a  b  b  c
TRUE, ANSWERS = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 0, 1])
EVALUATION = evaluate("abc", TRUE, ANSWERS)


def test_confusion_counts_true_by_row_and_answer_by_column() -> None:
    """The matrix has the true class in its rows and the answer in its columns."""
    assert EVALUATION.confusion.tolist() == [[2, 1, 0], [1, 1, 0], [0, 1, 0]]


def test_accuracy_is_the_share_of_right_answers() -> None:
    """Three of six answers are right."""
    assert EVALUATION.accuracy == 0.5


def test_the_figures_of_each_class() -> None:
    """Precision, recall and F1 are those worked out by hand; what is undefined is None."""
    a, b, c = EVALUATION.per_class()
    assert (a["precision"], a["recall"]) == (2 / 3, 2 / 3)
    assert (b["precision"], b["recall"]) == (1 / 3, 1 / 2)
    assert b["f1"] == pytest.approx(0.4)
    assert (c["precision"], c["recall"], c["f1"]) == (None, 0.0, None)


def test_the_most_common_class_is_the_baseline() -> None:
    """Always answering a, true for three of six, would score a half."""
    assert EVALUATION.most_common == ("a", 0.5)


def test_the_interval_is_wilsons() -> None:
    """For 8 of 10 the published 95 % score interval is 0.490 to 0.943."""
    low, high = wilson(8, 10) or (0, 0)
    assert (round(low, 3), round(high, 3)) == (0.49, 0.943)


def test_no_images_give_no_figures() -> None:
    """Without test images nothing is claimed."""
    empty = evaluate("ab", np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert (empty.accuracy, empty.interval(), empty.most_common) == (None, None, None)
