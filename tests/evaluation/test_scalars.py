"""Claims about the flat list of metrics."""

from dataclasses import replace

import pytest

from autofocus.evaluation.metrics import Estimate
from autofocus.evaluation.scalars import class_scalars, scalars
from autofocus.evaluation.training_metrics import Fit
from tests.evaluation.making import metrics


def test_each_metric_has_its_name() -> None:
    """The list holds the metrics of all parts, and an interval as its two ends."""
    assert scalars(metrics()) == {
        "training_accuracy": 1.0,
        "training_cross_entropy": 0.1,
        "validation_accuracy": 0.5,
        "validation_cross_entropy": 0.6,
        "test_accuracy": 0.75,
        "test_accuracy_95_percent_low": pytest.approx(0.01, abs=0.01),
        "test_accuracy_95_percent_high": pytest.approx(1.0, abs=0.01),
        "test_images": 4,
        "test_groups": 2,
        "test_balanced_accuracy": 0.75,
        "test_balanced_accuracy_95_percent_low": pytest.approx(0.01, abs=0.01),
        "test_balanced_accuracy_95_percent_high": pytest.approx(1.0, abs=0.01),
        "test_sequence_accuracy": pytest.approx(2 / 3),
        "test_sequence_accuracy_95_percent_low": pytest.approx(0.01, abs=0.01),
        "test_sequence_accuracy_95_percent_high": pytest.approx(1.0, abs=0.01),
        "test_sequences": 3,
        "test_empty_miss_rate": pytest.approx(1 / 3),
        "test_empty_miss_rate_95_percent_low": pytest.approx(0.0, abs=0.01),
        "test_empty_miss_rate_95_percent_high": pytest.approx(0.99, abs=0.01),
        "test_spared_share": 0.75,
        "test_spared_share_95_percent_low": pytest.approx(0.01, abs=0.01),
        "test_spared_share_95_percent_high": pytest.approx(1.0, abs=0.01),
        "test_spared_precision": pytest.approx(2 / 3),
        "test_spared_precision_95_percent_low": pytest.approx(0.01, abs=0.01),
        "test_spared_precision_95_percent_high": pytest.approx(1.0, abs=0.01),
        "temperature": 1.5,
        "test_calibration_error_before": pytest.approx(0.15),
        "test_calibration_error_after": pytest.approx(0.06, abs=0.01),
        "folds": 2,
        "folds_accuracy_mean": 0.5,
        "comparison_by_image_accuracy": 0.9,
        "comparison_by_group_accuracy": 0.4,
    }


def test_an_accuracy_of_0_is_a_metric() -> None:
    """That no image is right differs from that none was tested."""
    whole = metrics()
    told = scalars(replace(whole, test=replace(whole.test, accuracy=Estimate(0.0))))
    assert told["test_accuracy"] == 0.0


def test_unknown_metrics_are_left_out() -> None:
    """Without validation, folds, sequences, thresholds or calibration the rest is listed."""
    whole = metrics()
    test = replace(whole.test, sequence=None, empty=None, thresholds=None, calibration=None)
    part = replace(whole, test=test, training=Fit(1.0, None), validation=None)
    told = scalars(replace(part, folds=None, comparison=None))
    assert {name for name in told if not name.endswith(("low", "high"))} == {
        "training_accuracy", "test_accuracy", "test_images", "test_groups",
        "test_balanced_accuracy",
    }  # fmt: skip


def test_each_class_has_its_precision_and_recall() -> None:
    """They are named by their label; those of a class that was not tested are left out."""
    test = metrics().test
    row = replace(test.per_class[0], label="deer", precision=Estimate(0.5), recall=Estimate(None))
    told = class_scalars(replace(metrics(), test=replace(test, per_class=(row,))))
    assert told == {"test_precision/deer": 0.5}
