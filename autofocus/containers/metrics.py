"""The confusion matrix in the form in which Kubeflow's pages show it."""

from typing import Any

from autofocus.evaluation.training_metrics import Metrics


def classification(metrics: Metrics) -> dict[str, Any]:
    """Return the confusion matrix for a ClassificationMetrics artifact.

    Returns:
        What kfp records of it; nothing where images may have several labels.
    """
    matrix = metrics.test.confusion_matrix
    if matrix is None:
        return {}
    return {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": label} for label in metrics.labels],
            "rows": [{"row": list(row)} for row in matrix],
        }
    }
