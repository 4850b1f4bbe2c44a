"""Claims about the confusion matrix that Kubeflow's pages show, against kfp's own class."""

from dataclasses import replace

from kfp import dsl

from autofocus.containers.metrics import classification
from tests.evaluation.making import metrics

LABELS = ["empty", "fox"]


def test_the_confusion_matrix_is_recorded_as_kfp_does() -> None:
    """The metadata equals what kfp's class records of the same labels and matrix."""
    expected = dsl.ClassificationMetrics()
    expected.log_confusion_matrix(LABELS, [[2, 0], [1, 1]])
    assert classification(metrics()) == expected.metadata


def test_several_labels_have_no_matrix() -> None:
    """Where an image may have several labels, nothing is recorded."""
    whole = metrics()
    assert classification(replace(whole, test=replace(whole.test, confusion_matrix=None))) == {}
