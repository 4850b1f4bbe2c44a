"""The main metrics in one flat list, for MLflow and Kubeflow."""

from functools import reduce
from typing import Any

from autofocus.evaluation.metrics import Estimate
from autofocus.evaluation.training_metrics import Metrics

# A server of metrics is not made for thousands of them in a run.
MOST_CLASSES = 100
# The name of each metric in the list, by its place in `Metrics`.
_NAMES = {
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
    "test.sequence.thresholds.spared.share": "test_spared_sequence_share",
    "test.sequence.thresholds.spared.precision": "test_spared_sequence_precision",
    "test.sequence.calibration.after.expected_calibration_error": (
        "test_sequence_calibration_error"
    ),
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


def scalars(metrics: Metrics) -> dict[str, float]:
    """Return the main metrics by name; unknown ones are left out.

    An interval is two of them, such as `test_accuracy_95_percent_low` and `..._high`.
    """
    values: dict[str, float] = {}
    for path, name in _NAMES.items():
        value: Any = reduce(_attribute, path.split("."), metrics)
        estimate = value if isinstance(value, Estimate) else Estimate(value)
        if estimate.value is not None:
            values[name] = estimate.value
            if estimate.interval:
                values[f"{name}_95_percent_low"], values[f"{name}_95_percent_high"] = (
                    estimate.interval
                )
    return values


def class_scalars(metrics: Metrics) -> dict[str, float]:
    """Return precision and recall of each class on the test split; unknown ones are left out.

    Names are such as `test_recall/deer`. Of many classes, those with most test images are listed.
    """
    rows = sorted(metrics.test.per_class, key=lambda row: -row.images)[:MOST_CLASSES]
    listed = {row.label for row in rows}
    shares = {
        f"{name}/{row.label}": share.value
        for row in metrics.test.per_class
        if row.label in listed
        for name, share in (("test_precision", row.precision), ("test_recall", row.recall))
    }
    return {name: value for name, value in shares.items() if value is not None}


def _attribute(parent: Any, name: str) -> Any:
    return None if parent is None else getattr(parent, name)
