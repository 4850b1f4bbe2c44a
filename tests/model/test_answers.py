"""Claims about what probabilities mean."""

import pytest

from autofocus.model.answers import Answer, Judge

LABELS = ("cat", "dog", "empty")


def test_the_most_probable_label_is_given() -> None:
    """Of several as probable the first is; without thresholds nothing is decided."""
    judge = Judge(LABELS, None, multilabel=False)
    assert judge.answer([0.2, 0.5, 0.3]) == Answer("dog", 0.5, "")
    assert judge.answer([0.4, 0.2, 0.4]) == Answer("cat", 0.4, "")


@pytest.mark.parametrize(
    ("probabilities", "decision"),
    [
        ([0.8, 0.1, 0.1], "accept"),
        ([0.79, 0.2, 0.01], "review"),
        ([0.1, 0.9, 0.0], "review"),
        ([0.0, 0.02, 0.98], "review"),
    ],
)
def test_an_answer_is_accepted_from_its_label_s_threshold_on(
    probabilities: list[float], decision: str
) -> None:
    """At the threshold it is; below, without one, or of a label that has none, it is not."""
    judge = Judge(LABELS, {"cat": 0.8, "dog": None}, multilabel=False)
    assert judge.answer(probabilities).decision == decision


def test_a_photograph_may_have_several_labels() -> None:
    """Each label from its threshold on, or from 0.5 on; the score is the highest of all."""
    judge = Judge(LABELS, {"cat": 0.3, "dog": None, "empty": 0.9}, multilabel=True)
    assert judge.answer([0.3, 0.5, 0.89]) == Answer("cat; dog", 0.89, "review")
    assert judge.answer([0.29, 0.49, 0.89]) == Answer("", 0.89, "review")
    assert judge.answer([0.3, 0.1, 0.9]) == Answer("cat; empty", 0.9, "accept")


def test_several_labels_without_thresholds() -> None:
    """Each label is given from 0.5 on, and nothing is decided."""
    judge = Judge(LABELS, None, multilabel=True)
    assert judge.answer([0.5, 0.7, 0.1]) == Answer("cat; dog", 0.7, "")
