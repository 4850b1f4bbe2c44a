"""Claims about the score that says whether an image shows anything, as fitted and measured."""

from dataclasses import replace

import numpy as np
import pytest

from autofocus.evaluation.animal_scores import animal_score_metrics, with_skip_rates
from autofocus.evaluation.empty_rules import fit_empty_rule
from autofocus.evaluation.metrics import AnimalScoreMetrics
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.model.empty_rule import EmptyRule
from tests.evaluation.making import made

LABELS = ("empty", "fox")
SETTINGS = EvaluationSettings(resamples=100)
ALONE = EmptyRule(0.0, 1.0, 0.0, ("empty",))


def images(number: int = 200) -> Predictions:
    """Make images of which the classifier knows a little, and the detector much."""
    random = np.random.default_rng(0)
    shown = np.arange(number) % 2
    own = np.clip(0.5 + 0.1 * (2 * shown - 1) + random.normal(0, 0.2, number), 0.05, 0.95)
    detector = np.clip(0.1 + 0.7 * shown + random.normal(0, 0.2, number), 0.0, 1.0)
    predictions = made(np.stack([1 - own, own], axis=1), shown.tolist())
    return replace(predictions, detector_scores=detector)


def measured(test: Predictions, rule: EmptyRule = ALONE) -> AnimalScoreMetrics:
    probabilities = test.probabilities()
    metrics = animal_score_metrics(test, LABELS, probabilities, rule, SETTINGS)
    assert metrics is not None
    return metrics


def test_the_detector_counts_if_it_helps() -> None:
    """A detector that tells most images gets a weight; one that says nothing gets none."""
    rule = fit_empty_rule(images(), LABELS, 1.0, ["Empty"])
    assert rule is not None
    assert rule.labels == ("empty",)
    assert rule.detector > 0.5
    blind = replace(images(), detector_scores=np.zeros(200))
    without = fit_empty_rule(blind, LABELS, 1.0, ["empty"])
    assert without is not None
    assert without.detector < 0.05
    alone = fit_empty_rule(replace(images(), detector_scores=None), LABELS, 1.0, ["empty"])
    assert alone is not None
    assert alone.detector == 0


def test_the_score_is_calibrated() -> None:
    """Of images with a score of about 0.8, about 80 % show something."""
    own = np.tile([0.6, 0.6, 0.6, 0.6, 0.6, 0.4, 0.4, 0.4, 0.4, 0.4], 40)
    shown = np.tile([1, 1, 1, 1, 0, 0, 0, 0, 0, 1], 40)
    test = made(np.stack([1 - own, own], axis=1), shown.tolist())
    rule = fit_empty_rule(test, LABELS, 1.0, ["empty"])
    assert rule is not None
    assert rule.scores(np.array([0.6, 0.4]), None).tolist() == pytest.approx([0.8, 0.2], abs=0.02)


@pytest.mark.parametrize("kind", ["no empty label", "only empty labels", "few", "none"])
def test_without_enough_of_both_there_is_no_rule(kind: str) -> None:
    """A model without empty labels, and one with a few images of them, has no such score."""
    names = {"no empty label": ["blank"], "only empty labels": ["empty", "fox"]}.get(kind)
    number = {"few": 18, "none": 0}.get(kind, 200)
    assert fit_empty_rule(images(number), LABELS, 1.0, names or ["empty"]) is None


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    """Of two empty images and two foxes, one of four pairs is in the wrong order."""
    metrics = measured(made([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5], [0.2, 0.8]], [0, 0, 1, 1]))
    (curve,) = metrics.curves
    assert (curve.source, curve.area) == ("classifier", 0.75)
    assert (metrics.empty, metrics.shown) == (2, 2)


def test_equal_scores_are_half_in_order() -> None:
    """A score that is the same for all images tells nothing: no animal is kept for sure."""
    (curve,) = measured(made([[0.5, 0.5]] * 4, [0, 0, 1, 1])).curves
    assert curve.area == 0.5
    assert curve.recall_at_target.value == 0.0


def test_the_recall_at_95_percent_of_empties_sent_away() -> None:
    """One of twenty empty images may be kept: of four foxes, three score more than the others."""
    own = [*np.linspace(0.1, 0.29, 19), 0.9, 0.95, 0.5, 0.3, 0.2]
    test = made([[1 - one, one] for one in own], [0] * 20 + [1] * 4)
    (curve,) = measured(test).curves
    assert curve.recall_at_target.value == 0.75


def test_what_skipping_costs() -> None:
    """Below 0.3 lie two of three empty images and one of four foxes."""
    own = [0.1, 0.2, 0.6, 0.25, 0.35, 0.8, 0.9]
    metrics = measured(made([[1 - one, one] for one in own], [0] * 3 + [1] * 4))
    row = next(row for row in metrics.skips if row.threshold == 0.3)
    assert row.skipped.value == pytest.approx(3 / 7)
    assert row.empty_skipped.value == pytest.approx(2 / 3)
    assert row.missed.value == 0.25
    assert row.missed.interval is not None
    rate = with_skip_rates(ALONE, metrics)
    assert rate is not None
    stored = rate.skip_rate(0.25)
    assert stored is not None
    assert (stored.threshold, stored.missed, stored.high) == (0.3, 0.25, row.missed.interval[1])


def test_each_source_has_a_curve() -> None:
    """Classifier, detector and both are compared; a confidence that is no number counts as 0."""
    test = images()
    assert test.detector_scores is not None
    test.detector_scores[0] = np.nan
    curves = measured(test, EmptyRule(0.0, 1.0, 1.0, ("empty",))).curves
    assert [curve.source for curve in curves] == ["classifier", "detector", "both"]
    assert curves[2].area > curves[0].area
    assert all(len(curve.recall) <= 60 and curve.recall[-1] == 1 for curve in curves)


def test_images_of_one_kind_tell_nothing() -> None:
    """Without an empty image, or with nothing else, there is nothing to measure."""
    for label in (0, 1):
        test = made([[0.5, 0.5]] * 3, [label] * 3)
        assert animal_score_metrics(test, LABELS, test.probabilities(), ALONE, SETTINGS) is None
