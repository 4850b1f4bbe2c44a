"""Claims about thresholds, with figures worked out by hand.

The lower end of Wilson's one-sided 80 % interval of n right of n is n / (n + 0.7083): 13 reach
0.948, 14 reach 0.952.
"""

import numpy as np
import pytest

from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.counting import columns
from autofocus.evaluation.metrics import AcceptanceMetrics
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.thresholds import (
    Decisions,
    acceptance_metrics,
    choose_thresholds,
    precision_curves,
)
from tests.evaluation.making import made, read

PRECISION, RECALL = EvaluationSettings(), EvaluationSettings(target="recall", value=0.5)


def scored(
    scores: list[tuple[float, int, int]], *, burst: int = 1, multilabel: bool = False
) -> Predictions:
    """Make images that are given class 0 with a score, so many of them right and so many not."""
    shares, true = [], []
    for score, right, wrong in scores:
        rows = [[score, 1 - score]] * (right + wrong)
        shares += rows
        true += [0] * right + [1] * wrong
    sequences = [f"s{place // burst}" for place in range(len(true))]
    return made(shares, true, sequences=sequences, multilabel=multilabel)


def chosen(predictions: Predictions, settings: EvaluationSettings) -> float | None:
    return choose_thresholds(predictions, "ab", 1.0, settings)["a"]


def test_the_lowest_threshold_that_is_precise_enough() -> None:
    """Of 14 right at 95 %, 10 right at 80 % and many wrong at 60 %, it is 80 %."""
    predictions = scored([(0.95, 14, 0), (0.8, 10, 0), (0.6, 5, 20)])
    assert chosen(predictions, PRECISION) == pytest.approx(0.8, abs=1e-4)


def test_a_few_right_answers_are_not_relied_on() -> None:
    """Thirteen right answers of thirteen are too few for 95 %."""
    assert chosen(scored([(0.9, 13, 0)]), PRECISION) is None
    assert chosen(scored([(0.9, 14, 0)]), PRECISION) == pytest.approx(0.9, abs=1e-4)


def test_frames_of_a_burst_count_once() -> None:
    """Fifty right answers in bursts of five count as ten."""
    assert chosen(scored([(0.9, 50, 0)], burst=5), PRECISION) is None
    assert chosen(scored([(0.9, 70, 0)], burst=5), PRECISION) is not None


def test_a_threshold_takes_all_answers_of_its_score() -> None:
    """Right ones that happen to come first among equals don't make a threshold."""
    assert chosen(scored([(0.9, 20, 20)]), PRECISION) is None


def test_the_highest_threshold_that_finds_enough() -> None:
    """Of 40 images of the class, 10 at 95 %, 15 at 80 % and 15 at 60 %, half takes 80 %.

    25 of 40 have a lower end of 0.559; 10 of 40 one of 0.197.
    """
    predictions = scored([(0.95, 10, 0), (0.8, 15, 3), (0.6, 15, 9)])
    assert chosen(predictions, RECALL) == pytest.approx(0.8, abs=1e-4)


def test_an_answer_for_another_class_counts_for_no_recall() -> None:
    """Images of the class that are answered otherwise are missed at every threshold."""
    predictions = made([[0.9, 0.1]] * 20 + [[0.2, 0.8]] * 25, [0] * 45)
    assert chosen(predictions, RECALL) is None
    assert choose_thresholds(predictions, "ab", 1.0, PRECISION)["b"] is None


def test_a_label_of_several_stands_for_itself() -> None:
    """With several labels, a threshold may lie below a half."""
    predictions = made([[0.3, 0.9]] * 30, [[0, 1]] * 30, multilabel=True)
    assert chosen(predictions, PRECISION) == pytest.approx(0.3, abs=1e-4)


def test_the_temperature_is_applied() -> None:
    """Odds of 9 to 1 are 3 to 1 at a temperature of 2."""
    found = choose_thresholds(scored([(0.9, 20, 0)]), "ab", 2.0, PRECISION)["a"]
    assert found == pytest.approx(0.75, abs=1e-4)


@pytest.mark.parametrize("multilabel", [False, True])
def test_without_validation_there_are_no_thresholds(multilabel: bool) -> None:
    """Of no images no threshold can be chosen."""
    nothing = made(np.zeros((0, 2)), [], multilabel=multilabel)
    for settings in (PRECISION, RECALL):
        assert choose_thresholds(nothing, "ab", 1.0, settings) == {"a": None, "b": None}


def described(predictions: Predictions, thresholds: dict[str, float | None]) -> AcceptanceMetrics:
    answers = read(predictions)
    decisions = Decisions.of(answers, "ab", thresholds, predictions.multilabel)
    sums = {**columns(answers), **decisions.columns(answers.true)}
    tally = GroupSums.from_columns(sums, predictions.groups, 100, 0)
    return acceptance_metrics(tally, "ab", thresholds, PRECISION, "validation")


def test_what_a_person_is_spared() -> None:
    """Of ten answers four reach the threshold, of which three are right."""
    figures = described(scored([(0.9, 3, 1), (0.7, 4, 2)]), {"a": 0.85, "b": None})
    spared = figures.spared
    assert (spared.images, spared.share.value) == (4, 0.4)
    assert (spared.right, spared.precision.value) == (3, 0.75)
    row = figures.per_class[0]
    assert (row.threshold, row.test_images, row.test_precision.value) == (0.85, 4, 0.75)
    assert row.test_recall.value == pytest.approx(3 / 7)


def test_a_class_without_a_threshold_always_wants_a_look() -> None:
    """However sure an answer is, without a threshold nobody is spared."""
    figures = described(scored([(0.99, 9, 0)]), {"a": None, "b": 0.5})
    assert (figures.spared.images, figures.spared.precision.value) == (0, None)
    assert figures.per_class[0].threshold is None


def test_all_labels_of_an_image_must_be_sure() -> None:
    """Of several labels, one given without a threshold of its own asks for a look.

    As `predict` has it, a label below its threshold isn't given; without one, a half is enough.
    """
    shares = [[0.9, 0.2, 0.1], [0.9, 0.8, 0.1], [0.7, 0.2, 0.1], [0.7, 0.2, 0.9], [0.1, 0.2, 0.4]]
    predictions = made(shares, [[0], [0, 1], [0], [2], [0]], multilabel=True)
    decisions = Decisions.of(read(predictions), "abc", {"a": 0.85, "b": None, "c": 0.3}, True)
    assert decisions.accepted.tolist() == [True, False, False, True, True]
    assert decisions.right.tolist() == [True, False, False, True, False]


def test_a_curve_gives_the_thresholds_of_all_precisions() -> None:
    """It is what `choose_thresholds` finds for each target; 14 right come before any mistake."""
    predictions = scored([(0.95, 14, 0), (0.8, 10, 1), (0.7, 1, 3), (0.6, 5, 2)])
    curve = precision_curves(predictions, "ab", 1.0)["a"]
    for value in (0.3, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.96):
        settings = EvaluationSettings(value=value)
        assert curve.threshold(value) == chosen(predictions, settings)
    assert curve.right == 14
    assert list(curve.precisions) == sorted(set(curve.precisions))
