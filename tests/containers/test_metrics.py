"""Claims about the figures that Kubeflow's pages show, against kfp's own classes."""

from typing import Any

import pytest
from kfp import dsl

from autofocus.containers.metrics import classification, scalars
from autofocus.evaluation.calibration import Calibration
from autofocus.evaluation.evaluating import evaluate
from autofocus.evaluation.judged import Asked
from tests.evaluation.making import answered

LABELS = ["empty", "human", "raccoon"]
MATRIX = [[3, 0, 1], [0, 2, 0], [0, 1, 5]]


def metrics(**test: Any) -> dict[str, Any]:
    """What stands in `metrics.json`, in part."""
    figures = {
        "images": 12,
        "accuracy": 0.833,
        "accuracy_95_percent_interval": [0.552, 0.953],
        "confusion_matrix": MATRIX,
    }
    return {
        "labels": LABELS,
        "training": {"accuracy": 1},
        "validation": {"accuracy": None},
        "test": figures | test,
    }


def test_the_confusion_matrix_is_recorded_as_kfp_does() -> None:
    """The metadata equals what kfp's class records of the same labels and matrix."""
    wanted = dsl.ClassificationMetrics()
    wanted.log_confusion_matrix(LABELS, MATRIX)
    assert classification(metrics()) == wanted.metadata


def test_the_figures_are_recorded_as_kfp_does() -> None:
    """The metadata equals what kfp's class records of each figure; what is unknown is left out."""
    wanted = dsl.Metrics()
    wanted.log_metric("training_accuracy", 1.0)
    wanted.log_metric("test_accuracy", 0.833)
    wanted.log_metric("test_accuracy_95_percent_low", 0.552)
    wanted.log_metric("test_accuracy_95_percent_high", 0.953)
    wanted.log_metric("test_images", 12)
    assert scalars(metrics()) == wanted.metadata


def test_an_accuracy_of_nothing_is_told() -> None:
    """That no photograph was right is a figure, other than that none was tested."""
    assert scalars(metrics(accuracy=0.0))["test_accuracy"] == 0.0


@pytest.mark.parametrize("interval", [None, []])
def test_without_a_test_there_is_no_accuracy(interval: object) -> None:
    """Where no photograph was left to test, the number 0 is told and no accuracy."""
    told = scalars(metrics(images=0, accuracy=None, accuracy_95_percent_interval=interval))
    assert told == {"training_accuracy": 1.0, "test_images": 0}


def test_an_evaluation_is_told_in_one_list() -> None:
    """Figures within parts of an evaluation have names of their own, with their intervals."""
    told = scalars(
        metrics(
            sequence={
                "sequences": 4,
                "accuracy": 0.75,
                "accuracy_95_percent_interval": [0.2, 0.9],
            },
            empty={"miss_rate": 0.1, "miss_rate_95_percent_interval": [0.0, 0.4]},
            thresholds={"spared": {"share": 0.6, "precision": None}},
            calibration={
                "temperature": 1.5,
                "before": {"expected_calibration_error": 0.2},
                "after": {"expected_calibration_error": 0.05},
            },
        )
    )
    parts = {name: value for name, value in told.items() if name not in scalars(metrics())}
    assert parts == {
        "test_sequences": 4,
        "test_sequence_accuracy": 0.75,
        "test_sequence_accuracy_95_percent_low": 0.2,
        "test_sequence_accuracy_95_percent_high": 0.9,
        "test_empty_miss_rate": 0.1,
        "test_empty_miss_rate_95_percent_low": 0.0,
        "test_empty_miss_rate_95_percent_high": 0.4,
        "test_spared_share": 0.6,
        "temperature": 1.5,
        "test_calibration_error_before": 0.2,
        "test_calibration_error_after": 0.05,
    }


def test_the_folds_and_the_comparison_are_told() -> None:
    """The mean and spread of a cross-validation, and what a leaking split would have claimed."""
    folds = {"number": 5, "mean": 0.7, "standard_deviation": 0.1, "sequence_mean": None}
    comparison = {"by_image_accuracy": 0.99, "by_group_accuracy": 0.45}
    told = scalars(metrics() | {"folds": folds, "comparison": comparison})
    assert {name: told[name] for name in told if name.startswith(("folds", "comparison"))} == {
        "folds": 5,
        "folds_accuracy_mean": 0.7,
        "folds_accuracy_standard_deviation": 0.1,
        "comparison_by_image_accuracy": 0.99,
        "comparison_by_group_accuracy": 0.45,
    }


def test_whatever_is_null_is_left_out() -> None:
    """A training without a validation part, folds, sequences or thresholds tells the rest."""
    parts = dict.fromkeys(("sequence", "empty", "thresholds", "calibration"))
    nothing = dict.fromkeys(("validation", "folds", "comparison"))
    assert scalars(metrics(**parts) | nothing) == scalars(metrics())


def test_what_an_evaluation_makes_can_be_told() -> None:
    """The figures of a real evaluation are found under the names that it gives them."""
    judged = answered([0, 1, 2, 0, 1, 2], [0, 1, 2, 0, 1, 1], 3)
    test = evaluate(LABELS, judged, Calibration(1.0, "validation"), {"empty": 0.5}, Asked())
    told = scalars({"labels": LABELS, "test": test})
    assert told["test_balanced_accuracy"] == pytest.approx(5 / 6)
    assert told["test_balanced_accuracy_95_percent_low"] < 5 / 6
    assert {"test_spared_share", "test_calibration_error_after", "test_groups"} < told.keys()
    assert classification({"labels": LABELS, "test": test})["confusionMatrix"]["rows"][2] == {
        "row": [0, 1, 1]
    }


def test_several_labels_have_no_matrix() -> None:
    """Where an image may have several labels, nothing is recorded."""
    assert classification(metrics(confusion_matrix=None)) == {}
