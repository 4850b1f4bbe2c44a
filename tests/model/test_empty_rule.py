"""Claims about the score that says whether an image shows anything."""

import json

import numpy as np
import pytest

from autofocus.model.empty_rule import EmptyRule, SkipRate, not_empty


def test_the_score_of_the_classifier_alone_is_its_probability() -> None:
    """Without an intercept and with a weight of 1 nothing is changed, however certain it is."""
    scores = EmptyRule(0.0, 1.0, 0.0).scores(np.array([0.0, 0.2, 1.0]), None)
    assert scores.tolist() == pytest.approx([0.0, 0.2, 1.0], abs=2e-6)


def test_the_detector_raises_the_score() -> None:
    """Odds are multiplied: 1 to 4 and 4 to 1 are even; of a detection that is no number, none."""
    rule = EmptyRule(0.0, 1.0, 1.0)
    own, detector = np.full(3, 0.2), np.array([0.8, np.nan, 0.0])
    even, unknown, nothing = rule.scores(own, detector).tolist()
    assert even == pytest.approx(0.5)
    assert unknown == nothing < 0.01


def test_a_rule_with_the_detector_needs_it() -> None:
    """An image without the detector's confidence is never taken for empty silently."""
    with pytest.raises(ValueError, match="detector"):
        EmptyRule(0.0, 1.0, 1.0).scores(np.array([0.2]), None)


def test_what_is_not_empty_shows_something() -> None:
    """Of exclusive labels all others count; of several, the surest label that means empty."""
    labels, empty = ("fox", "empty", "leer"), ("empty", "leer")
    exclusive = not_empty(np.array([[0.5, 0.2, 0.3]]), labels, empty, multilabel=False)
    assert exclusive.tolist() == [0.5]
    several = not_empty(np.array([[0.5, 0.2, 0.3]]), labels, empty, multilabel=True)
    assert several.tolist() == [0.7]


def test_the_cost_of_a_threshold_is_never_understated() -> None:
    """Of a threshold between two that were measured, the cost of the higher one is given."""
    low, high = SkipRate(0.1, 0.5, 0.01, 0.0, 0.03), SkipRate(0.2, 0.7, 0.04, 0.02, 0.06)
    rule = EmptyRule(0.0, 1.0, 0.0, ("empty",), (low, high))
    assert [rule.skip_rate(one) for one in (0.05, 0.1, 0.15, 0.3)] == [low, low, high, None]
    assert EmptyRule.from_json(json.loads(json.dumps(rule.to_json()))) == rule
    assert EmptyRule.from_json({"intercept": 0.0, "classifier": 1.0, "detector": 0.0}).skips == ()
