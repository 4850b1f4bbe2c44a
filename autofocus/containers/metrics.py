"""A training's figures in the form in which Kubeflow's pages and MLflow show them."""

from collections.abc import Mapping, Sequence
from typing import Any

# Where a figure stands in `metrics.json`, and what it is called where all stand in one list.
_FIGURES = {
    "training.accuracy": "training_accuracy",
    "training.cross_entropy": "training_cross_entropy",
    "validation.accuracy": "validation_accuracy",
    "validation.cross_entropy": "validation_cross_entropy",
    "test.accuracy": "test_accuracy",
    "test.images": "test_images",
    "test.groups": "test_groups",
    "test.balanced_accuracy": "test_balanced_accuracy",
    "test.top_3_accuracy": "test_top_3_accuracy",
    "test.sequence.accuracy": "test_sequence_accuracy",
    "test.sequence.sequences": "test_sequences",
    "test.empty.miss_rate": "test_empty_miss_rate",
    "test.thresholds.spared.share": "test_spared_share",
    "test.thresholds.spared.precision": "test_spared_precision",
    "test.calibration.temperature": "temperature",
    "test.calibration.before.expected_calibration_error": "test_calibration_error_before",
    "test.calibration.after.expected_calibration_error": "test_calibration_error_after",
    "folds.number": "folds",
    "folds.mean": "folds_accuracy_mean",
    "folds.standard_deviation": "folds_accuracy_standard_deviation",
    "folds.sequence_mean": "folds_sequence_accuracy_mean",
    "folds.sequence_standard_deviation": "folds_sequence_accuracy_standard_deviation",
    "comparison.by_image_accuracy": "comparison_by_image_accuracy",
    "comparison.by_group_accuracy": "comparison_by_group_accuracy",
}


def scalars(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures for a Metrics artifact; what is unknown is left out.

    An interval gives two, such as `test_accuracy_95_percent_low` and `..._high`.

    Args:
        metrics: as in `metrics.json`; parts may be missing or null.
    """
    figures: dict[str, float] = {}
    for place, name in _FIGURES.items():
        path, _, key = place.rpartition(".")
        parent = _find(metrics, path.split("."))
        if parent.get(key) is not None:
            figures[name] = parent[key]
            figures.update(_ends(name, parent.get(f"{key}_95_percent_interval")))
    return figures


def _find(metrics: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    found = metrics
    for name in path:
        found = found.get(name) or {}
    return found


def _ends(name: str, interval: Sequence[float] | None) -> dict[str, float]:
    ends = (f"{name}_95_percent_low", f"{name}_95_percent_high")
    return dict(zip(ends, interval, strict=True)) if interval else {}


def classification(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the confusion matrix for a ClassificationMetrics artifact.

    Args:
        metrics: as in `metrics.json`: C classes, and a matrix of C rows (the true classes) and C
            columns (the answers), or none, as where an image may have several labels.

    Returns:
        What kfp records of it; nothing without a matrix.
    """
    matrix = metrics["test"].get("confusion_matrix")
    if matrix is None:
        return {}
    return {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": label} for label in metrics["labels"]],
            "rows": [{"row": list(row)} for row in matrix],
        }
    }
