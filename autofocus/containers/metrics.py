"""The confusion matrix in the form in which Kubeflow's pages show it."""

from typing import Any

from autofocus.evaluation.confusion import most_confused
from autofocus.evaluation.training_metrics import Metrics


def classification(metrics: Metrics) -> dict[str, Any]:
    """Return the confusion matrix for a ClassificationMetrics artifact.

    Of many classes, those with most mistakes are shown; the artifact's file has all of them.

    Returns:
        What kfp records of it; nothing where images may have several labels.
    """
    matrix = metrics.test.confusion_matrix
    if matrix is None:
        return {}
    part = most_confused(metrics.labels, matrix)
    return {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": label} for label in part.labels],
            "rows": [{"row": row} for row in part.numbers.tolist()],
        }
    }
