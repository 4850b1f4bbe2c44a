"""A training's figures in the form in which Kubeflow's pages show them."""

from collections.abc import Mapping
from typing import Any


def scalars(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures for a Metrics artifact.

    Args:
        metrics: as in `metrics.json`.
    """
    figures: dict[str, float] = {}
    for part in ("training", "validation", "test"):
        values = metrics.get(part, {})
        if values.get("accuracy") is not None:
            figures[f"{part}_accuracy"] = float(values["accuracy"])
    test = metrics["test"]
    if interval := test["accuracy_95_percent_interval"]:
        low, high = interval
        figures["test_accuracy_95_percent_low"] = float(low)
        figures["test_accuracy_95_percent_high"] = float(high)
    figures["test_images"] = test["images"]
    return figures


def classification(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the confusion matrix for a ClassificationMetrics artifact.

    Args:
        metrics: as in `metrics.json`: C classes, and a matrix of C rows (the true classes) and C
            columns (the answers).
    """
    return {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": label} for label in metrics["labels"]],
            "rows": [{"row": list(row)} for row in metrics["test"]["confusion_matrix"]],
        }
    }
