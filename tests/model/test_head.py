"""Claims about the head's probabilities."""

import numpy as np
import pytest

from autofocus.model.head import Head

ONE = np.ones((1, 1), np.float32)


def test_probabilities_are_the_softmax() -> None:
    """Logits 0 and ln 3 give the probabilities 1/4 and 3/4."""
    head = Head(np.array([[0, np.log(3)]], np.float32), np.zeros(2, np.float32))
    assert head.probabilities(ONE) == pytest.approx(np.array([[0.25, 0.75]]), abs=1e-6)


def test_of_several_labels_each_has_a_probability_of_its_own() -> None:
    """Logits 0 and ln 3 give 1/2 and 3/4 where images may have several labels."""
    head = Head(np.array([[0, np.log(3)]], np.float32), np.zeros(2, np.float32), multilabel=True)
    assert head.probabilities(ONE) == pytest.approx(np.array([[0.5, 0.75]]), abs=1e-6)


@pytest.mark.parametrize("multilabel", [False, True])
def test_probabilities_of_large_logits_are_finite(multilabel: bool) -> None:
    """Logits far beyond what exp can hold still give probabilities."""
    head = Head(np.array([[1e4, -1e4]], np.float32), np.zeros(2, np.float32), multilabel)
    assert head.probabilities(ONE).tolist() == [[1.0, 0.0]]


def test_a_temperature_divides_the_logits() -> None:
    """At temperature 2 all logits, the bias's share included, are half as large."""
    head = Head(np.array([[1, 3]], np.float32), np.array([0.5, -1], np.float32))
    assert head.scaled(2).logits(ONE).tolist() == [[0.75, 1.0]]
