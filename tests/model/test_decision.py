"""Claims about the decision rule."""

import numpy as np
import pytest
from numpy.typing import NDArray

from autofocus.model.decision import DecisionRule, Prediction

LABELS = ("cat", "dog", "empty")


def rows(*probabilities: list[float]) -> NDArray[np.float64]:
    return np.array(probabilities)


def test_the_most_probable_label_is_predicted() -> None:
    """Of several that are equally probable the first is; without thresholds nothing is decided."""
    rule = DecisionRule(LABELS, None, multilabel=False)
    assert rule.predict(rows([0.2, 0.5, 0.3], [0.4, 0.2, 0.4])) == [
        Prediction("dog", 0.5, ""),
        Prediction("cat", 0.4, ""),
    ]


@pytest.mark.parametrize(
    ("probabilities", "decision"),
    [
        ([0.8, 0.1, 0.1], "accept"),
        ([0.79, 0.2, 0.01], "review"),
        ([0.1, 0.9, 0.0], "review"),
        ([0.0, 0.02, 0.98], "review"),
    ],
)
def test_a_prediction_is_accepted_from_its_label_s_threshold_on(
    probabilities: list[float], decision: str
) -> None:
    """It is accepted at the threshold, but not below it, nor if the label has none."""
    rule = DecisionRule(LABELS, {"cat": 0.8, "dog": None}, multilabel=False)
    assert rule.predict(rows(probabilities))[0].decision == decision


def test_an_image_may_have_several_labels() -> None:
    """Each label from its threshold on, or from 0.5 on; the score is the highest of all."""
    rule = DecisionRule(LABELS, {"cat": 0.3, "dog": None, "empty": 0.9}, multilabel=True)
    assert rule.predict(rows([0.3, 0.5, 0.89], [0.29, 0.49, 0.89], [0.3, 0.1, 0.9])) == [
        Prediction("cat; dog", 0.89, "review", "always reviewed"),
        Prediction("", 0.89, "review", "low score"),
        Prediction("cat; empty", 0.9, "accept"),
    ]


def test_several_labels_without_thresholds() -> None:
    """Each label is predicted from 0.5 on, and nothing is decided."""
    rule = DecisionRule(LABELS, None, multilabel=True)
    assert rule.predict(rows([0.5, 0.7, 0.1])) == [Prediction("cat; dog", 0.7, "")]


@pytest.mark.parametrize("multilabel", [False, True])
def test_single_and_double_precision_decide_the_same(multilabel: bool) -> None:
    """A probability that only rounding keeps from its threshold is accepted in either."""
    rule = DecisionRule(("cat", "dog"), {"cat": 0.95, "dog": 1.0}, multilabel)
    exact = rows([0.95, 0.05], [1e-9, 1 - 1e-9])
    rounded = exact.astype(np.float32).astype(np.float64) - 1e-7
    for probabilities in (exact, rounded):
        assert rule.accepted(probabilities).tolist() == [True, True]


def test_accepted_images_have_only_confident_labels() -> None:
    """Of two predicted labels one reaches its threshold: the image is reviewed."""
    rule = DecisionRule(LABELS, {"cat": 0.6, "dog": None}, multilabel=True)
    probabilities = rows([0.7, 0.8, 0.1], [0.7, 0.2, 0.1])
    assert rule.confident_labels(probabilities).tolist() == [[True, False, False]] * 2
    assert rule.accepted(probabilities).tolist() == [False, True]


def test_no_images_give_no_predictions() -> None:
    """An empty array gives an empty array."""
    rule = DecisionRule(LABELS, {"cat": 0.6}, multilabel=False)
    assert rule.accepted(np.zeros((0, 3))).tolist() == []


def test_a_review_has_a_reason() -> None:
    """Far from all training images, of a label without a threshold, or of too low a score."""
    rule = DecisionRule(LABELS, {"cat": 0.8, "dog": None}, multilabel=False)
    probabilities = rows([0.9, 0.1, 0.0], [0.7, 0.2, 0.1], [0.1, 0.9, 0.0], [0.9, 0.1, 0.0])
    unknown = np.array([False, False, False, True])
    assert [(one.decision, one.review_reason) for one in rule.predict(probabilities, unknown)] == [
        ("accept", ""),
        ("review", "low score"),
        ("review", "always reviewed"),
        ("review", "unknown"),
    ]
    assert rule.accepted(probabilities, unknown).tolist() == [True, False, False, False]


def test_without_thresholds_there_is_no_reason() -> None:
    """Nothing is decided, so that nothing has to be explained."""
    rule = DecisionRule(LABELS, None, multilabel=False)
    (one,) = rule.predict(rows([0.2, 0.5, 0.3]), np.array([True]))
    assert (one.decision, one.review_reason) == ("", "")
