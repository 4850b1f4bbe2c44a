"""Claims about an evaluation as a whole."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.evaluation.calibration import Calibration
from autofocus.evaluation.evaluate import evaluate, list_mistakes
from autofocus.evaluation.metrics import Evaluation
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.rules import Rules, fit_rules
from autofocus.evaluation.serialization import to_json
from autofocus.evaluation.settings import EvaluationSettings
from tests.evaluation.making import answered, made

LABELS = ("empty", "fox", "raccoon", "skunk")


@st.composite
def any_predictions(draw: st.DrawFn) -> Predictions:
    """Draw some images, none included, with whatever logits a classifier might give."""
    images = draw(st.integers(0, 12))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    multilabel = draw(st.booleans())
    size = draw(st.sampled_from([0.0, 1.0, 30.0, 1e30]))
    logits = (random.normal(size=(images, 4)) * size).astype(np.float32)
    if draw(st.booleans()):
        logits[random.random(logits.shape) < 0.1] = draw(st.sampled_from([np.nan, np.inf]))
    classes = random.integers(0, draw(st.integers(1, 4)), images)
    targets = random.random((images, 4)) < 0.3 if multilabel else np.eye(4)[classes] > 0

    def pick(*values: str) -> list[str]:
        return [values[place] for place in random.integers(0, len(values), images)]

    return Predictions(
        names=tuple(f"{place}.jpg" for place in range(images)),
        logits=logits,
        targets=targets,
        groups=tuple(pick(*"abc"[: draw(st.integers(1, 3))])),
        sequences=tuple(pick("", "s", "t")),
        slices={
            "light": pick("day", "night"),
            "camera": pick("", "A"),
            "location": pick("x"),
        },
        multilabel=multilabel,
    )


def whole(test: Predictions, validation: Predictions, asked: EvaluationSettings) -> Evaluation:
    return evaluate(LABELS, test, fit_rules(validation, "validation", LABELS, asked), asked)


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [
            one for key, part in value.items() for one in _numbers(part) if key != "temperature"
        ]
    if isinstance(value, list):
        return [one for part in value for one in _numbers(part)]
    return [value] if isinstance(value, float) else []


@given(any_predictions(), st.sampled_from([0, 1, 2, 20]), st.sampled_from(["precision", "recall"]))
@settings(max_examples=60)
def test_any_images_give_plain_figures(
    predictions: Predictions, resamples: int, target: Any
) -> None:
    """Whatever is predictions, figures are strict JSON, and every share is from 0 to 1."""
    asked = EvaluationSettings(target=target, resamples=resamples)
    figures = whole(predictions, predictions, asked)
    plain = to_json(figures)
    json.dumps(plain, allow_nan=False)
    assert all(0 <= number <= 1 for number in _numbers(plain))
    json.dumps(to_json(list_mistakes(LABELS, predictions, 1.0)), allow_nan=False)


@given(any_predictions(), st.randoms())
@settings(max_examples=30)
def test_the_order_of_images_does_not_matter(predictions: Predictions, random: Any) -> None:
    """Shuffled images have the same figures."""
    order = list(range(len(predictions)))
    random.shuffle(order)
    shuffled = Predictions(
        names=tuple(predictions.names[place] for place in order),
        logits=predictions.logits[order],
        targets=predictions.targets[order],
        groups=tuple(predictions.groups[place] for place in order),
        sequences=tuple(predictions.sequences[place] for place in order),
        slices={
            by: [values[place] for place in order] for by, values in predictions.slices.items()
        },
        multilabel=predictions.multilabel,
    )
    asked = EvaluationSettings(resamples=20)
    one, other = (to_json(whole(each, each, asked)) for each in (predictions, shuffled))
    for figures in (one, other):
        figures.pop("calibration")  # sums of fractions differ in their last digits
    assert one == _almost(other)


def _almost(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _almost(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_almost(part) for part in value]
    return pytest.approx(value, abs=2e-4) if isinstance(value, float) else value


def test_a_perfect_classifier_is_right_and_not_certain() -> None:
    """All right in 10 places is an accuracy of 1, whose interval begins at 66 %.

    It is 10 / (10 + t²), with t = 2.2622.
    """
    true = [place % 4 for place in range(200)]
    groups = [f"{place // 20}" for place in range(200)]
    figures = evaluate(
        LABELS, answered(true, true, 4, groups), None, EvaluationSettings(resamples=100)
    )
    low, high = figures.accuracy.interval or (0, 0)
    assert figures.accuracy.value == figures.balanced_accuracy.value == 1.0
    assert (round(low, 3), high) == (round(10 / (10 + 2.2622**2), 3), 1.0)
    assert figures.confusion_matrix == tuple(
        tuple(50 if a == b else 0 for b in range(4)) for a in range(4)
    )
    assert all(row.f1.value == 1.0 for row in figures.per_class)


def test_the_figures_of_an_evaluation() -> None:
    """All parts stand under their names, and agree with each other."""
    test = made(
        [[0.9, 0.05, 0.03, 0.02], [0.6, 0.3, 0.06, 0.04], [0.1, 0.8, 0.05, 0.05]],
        [0, 1, 1],
        groups=["x", "y", "y"],
        sequences=["s", "", ""],
        slices={"light": ["day", "night", "night"]},
    )
    thresholds = {"empty": 0.85, "fox": None, "raccoon": None, "skunk": None}
    figures = evaluate(
        LABELS, test, Rules(Calibration(1.0, "validation"), thresholds), EvaluationSettings()
    )
    assert (figures.images, figures.groups, figures.group_kind) == (3, 2, "location")
    assert figures.accuracy.value == pytest.approx(2 / 3)
    assert figures.top_3_accuracy.value == 1.0
    assert figures.most_common_class == ("fox", 2 / 3)
    assert figures.sequence
    assert figures.sequence.sequences == 3
    assert figures.empty
    assert figures.empty.miss_rate.value == 0.5
    assert figures.thresholds
    assert figures.thresholds.spared.images == 1
    assert figures.slices[0].by == "light"
    assert figures.calibration
    assert figures.calibration.before == figures.calibration.after


@pytest.mark.parametrize(
    ("groups", "resamples", "words"),
    [
        (1, 100, "none, as all test images are of one location, which says nothing of others"),
        (3, 0, "none, as none were asked for"),
        (6, 2000, "bootstrap over 6 locations (2,000 resamples)"),
        (3, 100, "so few locations that it is wide, and rough all the same"),
    ],
)
def test_how_intervals_were_found_is_told(groups: int, resamples: int, words: str) -> None:
    """The method is told in words, with what is doubtful about it."""
    predictions = answered([0] * 12, [0] * 12, 4, [f"{place % groups}" for place in range(12)])
    figures = evaluate(LABELS, predictions, None, EvaluationSettings(resamples=resamples))
    assert words in figures.interval_method
    assert (figures.accuracy.interval is None) == figures.interval_method.startswith("none")


def test_slices_have_intervals_only_if_others_have() -> None:
    """Without resamples no part of an evaluation has an interval."""
    predictions = made([[0.7, 0.1, 0.1, 0.1]] * 4, [0] * 4, slices={"light": ["day", "night"] * 2})
    for resamples in (0, 50):
        rows = (
            evaluate(LABELS, predictions, None, EvaluationSettings(resamples=resamples))
            .slices[0]
            .rows
        )
        assert [row.accuracy.interval is not None for row in rows] == [resamples > 0] * 2


def test_calibration_is_shown_before_and_after() -> None:
    """At a temperature of 2, odds of 9 to 1 become 3 to 1: of right answers, 0.1 and 0.25 off."""
    predictions = made([[0.9, 0.1]] * 4, [0] * 4)
    figures = evaluate(
        "ab", predictions, Rules(Calibration(2.0, "validation")), EvaluationSettings()
    ).calibration
    assert figures
    assert figures.before.expected_calibration_error == pytest.approx(0.1)
    assert figures.after.expected_calibration_error == pytest.approx(0.25)


def test_several_labels_have_no_confusion_matrix() -> None:
    """Where an image may have several labels, each has its average precision instead."""
    predictions = made([[0.9, 0.1, 0.2, 0.2]] * 2, [[0], [0, 1]], multilabel=True)
    figures = evaluate(LABELS, predictions, None, EvaluationSettings())
    assert figures.confusion_matrix is None
    assert [row.average_precision for row in figures.per_class] == [1.0, 0.5, None, None]
    assert figures.accuracy.value == 0.5


def test_the_surest_mistakes_come_first() -> None:
    """Mistakes are listed by the probability of the wrong answer, then by name."""
    shares = [
        [0.7, 0.1, 0.1, 0.1],
        [0.1, 0.1, 0.7, 0.1],
        [0.02, 0.9, 0.04, 0.04],
        [0.7, 0.1, 0.1, 0.1],
    ]
    rows = list_mistakes(LABELS, made(shares, [1, 2, 3, 1]), 1.0)
    assert [(row.name, row.label, row.answer) for row in rows] == [
        ("02.jpg", "skunk", "fox"),
        ("00.jpg", "fox", "empty"),
        ("03.jpg", "fox", "empty"),
    ]
    assert [row.score for row in rows] == pytest.approx([0.9, 0.7, 0.7])


def test_a_mistake_has_the_labels_that_are_possible() -> None:
    """A label counts from a probability of 0.1 on, so that people are not overlooked."""
    (row,) = list_mistakes(LABELS, made([[0.6, 0.11, 0.2, 0.09]], [1]), 1.0)
    assert row.possible == ("empty", "fox", "raccoon")


def test_the_temperature_changes_how_sure_mistakes_are() -> None:
    """Odds of 9 to 1 are 3 to 1 at a temperature of 2."""
    rows = list_mistakes("ab", made([[0.9, 0.1]], [1]), 2.0)
    assert rows[0].score == pytest.approx(0.75)


def test_a_mistake_of_several_labels_tells_its_surest_wrong_one() -> None:
    """A fox withheld at 5 % is a surer mistake than a raccoon given at 60 %."""
    predictions = made([[0.9, 0.05, 0.6, 0.1]], [[0, 1]], multilabel=True)
    rows = list_mistakes(LABELS, predictions, 1.0)
    assert (rows[0].label, rows[0].answer) == ("empty; fox", "empty; raccoon")
    assert rows[0].score == pytest.approx(0.95)
