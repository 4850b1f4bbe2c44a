"""Claims about precision by coverage."""

import pytest

from autofocus.evaluation.calibration import Calibration
from autofocus.evaluation.evaluate import evaluate
from autofocus.evaluation.metrics import CoverageMetrics
from autofocus.evaluation.rules import Rules
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.model.precision import PrecisionCurve
from tests.evaluation.making import made

CURVES = {"a": PrecisionCurve((0.55, 0.75), (0.85, 0.93), 9), "b": PrecisionCurve((), (), 2)}
TEST = made([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4], [0.2, 0.8]], [0, 0, 1, 0, 1])


def coverage(value: float = 0.9) -> CoverageMetrics:
    settings = EvaluationSettings(value=value, resamples=50)
    calibration = Calibration(1.0, "validation")
    found = evaluate(
        "ab", TEST, Rules(calibration, {"a": 0.75, "b": None}, CURVES), settings
    ).coverage
    assert found is not None
    return found


def test_the_precision_of_the_most_confident_predictions() -> None:
    """Of five predictions the fourth is wrong; two are equally confident, and count together."""
    overall, first, second = coverage().curves
    assert (overall.label, overall.predictions) == ("", 5)
    assert overall.coverage == pytest.approx([0.2, 0.6, 0.8, 1])
    assert overall.precision == pytest.approx([1, 1, 0.75, 0.8])
    assert (first.label, first.predictions, first.precision[-1]) == ("a", 4, 0.75)
    assert (second.predictions, second.coverage, second.precision) == (1, (1.0,), (1.0,))


def test_what_each_precision_would_accept() -> None:
    """At 80 % four are accepted, at 90 % two, beyond that none; the label b lacks evidence."""
    rows = {row.precision: row for row in coverage().targets}
    assert sorted(rows) == [0.8, 0.9, 0.95, 0.99]
    assert [(row.accepted.images, row.accepted.right) for row in rows.values()] == [
        (4, 3), (2, 2), (0, 0), (0, 0),
    ]  # fmt: skip
    assert rows[0.8].thresholds == {"a": 0.55, "b": None}
    assert (rows[0.9].needed, rows[0.9].lacking) == (7, {"b": 2})
    assert rows[0.95].lacking == {"a": 9, "b": 2}


def test_the_precision_of_the_model_is_among_them() -> None:
    """Whatever it is, as long as images can ensure it."""
    assert [row.precision for row in coverage(0.85).targets] == [0.8, 0.85, 0.9, 0.95, 0.99]
    assert len(coverage(1.0).targets) == 4
