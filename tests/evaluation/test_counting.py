"""Claims about counts of answers, with figures worked out by hand."""

import numpy as np
import pytest

from autofocus.evaluation import counting
from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.intervals import cautious_variance, score_interval
from autofocus.evaluation.metrics import Estimate
from autofocus.evaluation.predictions import Predictions
from tests.evaluation.making import answered, made, read

#          true:     a  a  a  b  b  c
TRUE, ANSWERS = [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 1]
GROUPS = ["x", "x", "y", "x", "y", "y"]
PREDICTIONS = answered(TRUE, ANSWERS, 3, GROUPS)


def tally(predictions: Predictions, resamples: int = 200) -> GroupSums:
    return GroupSums.from_columns(
        counting.columns(read(predictions)), predictions.groups, resamples, seed=0
    )


def test_confusion_counts_true_by_row_and_answer_by_column() -> None:
    """The matrix has the true class in its rows and the answer in its columns."""
    assert counting.confusion_matrix(read(PREDICTIONS)) == ((2, 1, 0), (1, 1, 0), (0, 1, 0))


def test_accuracy_is_the_share_of_right_answers() -> None:
    """Three of six answers are right."""
    assert counting.accuracy(tally(PREDICTIONS)).value == 0.5


def test_the_figures_of_each_class() -> None:
    """Precision, recall and F1 are those worked out by hand; what is undefined is None."""
    a, b, c = counting.per_class(tally(PREDICTIONS), "abc")
    assert (a.precision.value, a.recall.value, a.f1.value) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (b.precision.value, b.recall.value, b.f1.value) == pytest.approx((1 / 3, 1 / 2, 0.4))
    assert (c.precision.value, c.recall.value, c.f1.value) == (None, 0.0, None)
    assert [row.images for row in (a, b, c)] == [3, 2, 1]
    assert [row.answers for row in (a, b, c)] == [3, 3, 0]
    assert [row.groups for row in (a, b, c)] == [2, 2, 1]


def test_a_class_of_one_group_has_no_interval() -> None:
    """Where all images of a class are from one place, nothing is claimed for others."""
    row = counting.per_class(tally(PREDICTIONS), "abc")[2]
    assert row.recall.interval is None


def test_balanced_accuracy_is_the_mean_of_recalls() -> None:
    """The recalls are 2/3, 1/2 and 0: their mean is 7/18."""
    assert counting.balanced_accuracy(tally(PREDICTIONS), False).value == pytest.approx(7 / 18)


def test_a_class_without_images_does_not_count() -> None:
    """Of three classes, two with images and recalls of 1 and 0, the mean is a half."""
    assert counting.balanced_accuracy(tally(answered([0, 1], [0, 0], 3)), False).value == 0.5


def test_balance_is_no_surer_than_its_classes() -> None:
    """A class that one place has can't be seen to vary, and makes balanced accuracy unsure.

    Ten places have 18 right of 20 images of a each; one of them has 3 right of 5 of b.
    """
    true = [0] * 200 + [1] * 5
    answers = ([0] * 18 + [1] * 2) * 10 + [1, 1, 1, 0, 0]
    groups = [f"{place // 20}" for place in range(200)] + ["0"] * 5
    sums = tally(answered(true, answers, 2, groups))
    low, high = counting.balanced_accuracy(sums, False).interval or (0, 0)
    assert high - low > 0.5


def test_the_surety_of_balance_with_several_labels() -> None:
    """The mean of recall and specificity varies half as much as recall, if that can't be seen.

    One place has the label on 4 images, of which 3 are found; nine have 4 images without it.
    """
    shares = [[0.9]] * 3 + [[0.1]] * 37
    groups = [f"{place // 4}" for place in range(40)]
    predictions = made(shares, [[0]] * 4 + [[]] * 36, groups=groups, multilabel=True)
    unseen = cautious_variance(0.75, 0.0, np.array([4.0])) / 4
    wanted = score_interval(0.875, unseen, np.full(10, 4.0))
    assert counting.balanced_accuracy(tally(predictions), True).interval == pytest.approx(wanted)


def test_with_several_labels_balance_counts_absence_as_well() -> None:
    """A label found in 1 of 2 images and withheld from 3 of 4 others: (1/2 + 3/4) / 2."""
    shares = [[0.9], [0.1], [0.9], [0.1], [0.1], [0.1]]
    predictions = made(shares, [[0], [0], [], [], [], []], multilabel=True)
    assert counting.balanced_accuracy(tally(predictions), True).value == pytest.approx(5 / 8)


def test_the_true_class_among_the_three_most_probable() -> None:
    """Second and third most probable classes count, the fourth doesn't."""
    shares = [[0.4, 0.3, 0.2, 0.1]] * 4
    predictions = made(shares, [0, 1, 2, 3])
    assert counting.top_accuracy(tally(predictions), 4, False).value == 0.75


@pytest.mark.parametrize(("classes", "multilabel"), [(3, False), (4, True)])
def test_three_of_three_is_no_figure(classes: int, multilabel: bool) -> None:
    """Where all classes are among the top, or an image has several, there is no such figure."""
    predictions = answered([0, 1], [0, 1], classes)
    assert counting.top_accuracy(tally(predictions), classes, multilabel) == Estimate(None)


def test_the_top_three_are_never_less_sure_than_the_top_one() -> None:
    """Where all top three are right and one answer is not, the interval begins no lower."""
    predictions = answered([0] * 40, [0] * 39 + [1], 4, [f"{place % 8}" for place in range(40)])
    sums = tally(predictions)
    top = counting.top_accuracy(sums, 4, False).interval or (0, 0)
    assert top[0] >= (counting.accuracy(sums).interval or (1, 1))[0]


def test_the_most_common_class_is_the_baseline() -> None:
    """Always answering a, true for three of six, would score a half."""
    assert counting.most_common(read(PREDICTIONS), "abc") == ("a", 0.5)


def test_of_equally_common_classes_the_first_is_the_baseline() -> None:
    """Of b twice and a twice, a is named."""
    assert counting.most_common(read(answered([1, 1, 0, 0], [0] * 4, 3)), "abc") == ("a", 0.5)


def test_the_most_common_set_is_the_baseline_of_several_labels() -> None:
    """Of images with a and b twice and with c once, the pair is the most common."""
    predictions = made([[0.5] * 3] * 3, [[0, 1], [2], [0, 1]], multilabel=True)
    assert counting.most_common(read(predictions), "abc") == ("a; b", 2 / 3)


def test_average_precision_by_hand() -> None:
    """Labels at ranks 1 and 3 of 4: the mean of 1/1 and 2/3."""
    predictions = made([[0.9], [0.8], [0.7], [0.6]], [[0], [], [0], []], multilabel=True)
    assert counting.average_precisions(read(predictions)) == [pytest.approx(5 / 6)]


def test_equal_probabilities_count_together() -> None:
    """Two images at the same probability, one with the label: 1/2, in either order."""
    for true in ([[0], []], [[], [0]]):
        predictions = made([[0.7], [0.7]], true, multilabel=True)
        assert counting.average_precisions(read(predictions)) == [0.5]


def test_a_label_that_no_image_has_has_none() -> None:
    """Without an image with the label there is nothing to average."""
    predictions = made([[0.7]], [[]], multilabel=True)
    assert counting.average_precisions(read(predictions)) == [None]
