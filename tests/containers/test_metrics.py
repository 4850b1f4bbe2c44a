"""Claims about the figures that Kubeflow's pages show, against kfp's own classes."""

from typing import Any

import pytest
from kfp import dsl

from autofocus.containers.metrics import classification, scalars

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
