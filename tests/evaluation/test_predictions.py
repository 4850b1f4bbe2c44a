"""Claims about predictions."""

from dataclasses import replace

import numpy as np
import pytest

from tests.evaluation.making import made


def test_a_temperature_divides_the_logits() -> None:
    """Odds of 9 to 1 are, at a temperature of 2, odds of 3 to 1."""
    image = made([[0.9, 0.1]], [0])
    assert image.probabilities(2)[0] == pytest.approx([0.75, 0.25])


def test_each_of_several_labels_has_a_probability_of_its_own() -> None:
    """With several labels, a temperature of 2 turns 90 % into 75 %, label by label."""
    image = made([[0.9, 0.9, 0.1]], [[0, 1]], multilabel=True)
    assert image.probabilities(2)[0] == pytest.approx([0.75, 0.75, 0.25])


def test_the_answer_is_the_most_probable_class() -> None:
    """An image of one class is given one label, however unsure it is."""
    answers = made([[0.4, 0.35, 0.25]], [1]).classify()
    assert answers.predicted.tolist() == [[True, False, False]]
    assert answers.right.tolist() == [False]


def test_several_labels_are_given_from_a_half_on_and_must_all_be_right() -> None:
    """An image with several labels is right only if it is given all of them and no other."""
    probabilities = [[0.9, 0.5, 0.1], [0.9, 0.4, 0.1], [0.2, 0.1, 0.1]]
    answers = made(probabilities, [[0, 1], [0, 1], []], multilabel=True).classify()
    assert answers.predicted.tolist() == [[True, True, False], [True, False, False], [False] * 3]
    assert answers.right.tolist() == [True, False, True]


@pytest.mark.parametrize("multilabel", [False, True])
def test_a_broken_logit_spoils_no_other(multilabel: bool) -> None:
    """Of endless logits, or such as are no numbers, probabilities are numbers from 0 to 1."""
    image = made([[0.5, 0.5]] * 3, [0, 1, 0], multilabel=multilabel)
    broken = np.array([[np.nan, 1], [np.inf, -np.inf], [1e30, 1e30]], np.float32)
    shares = replace(image, logits=broken).probabilities(0.05)
    assert ((shares >= 0) & (shares <= 1)).all()


def test_lone_images_are_sequences_of_their_own() -> None:
    """Images without a sequence share none, be one named like another's place or not."""
    image = made([[0.5, 0.5]] * 4, [0] * 4, sequences=["1", "", "1", ""])
    first, second, third, fourth = image.sequence_numbers.tolist()
    assert first == third
    assert len({first, second, fourth}) == 3


def test_what_does_not_match_is_refused() -> None:
    """Fewer groups than images are a mistake of the caller."""
    with pytest.raises(ValueError, match="must match"):
        replace(made([[0.5, 0.5]] * 2, [0, 1]), groups=("a",))
