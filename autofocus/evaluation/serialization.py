"""Metrics as JSON, and back: the format of `metrics.json`."""

import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from autofocus.evaluation.metrics import (
    ClassMetrics,
    EmptyMetrics,
    Estimate,
    Evaluation,
    SequenceMetrics,
)
from autofocus.evaluation.training_metrics import Metrics, ViewCandidate

T = TypeVar("T")

# Of more classes, the confusion matrix is in its CSV file alone, as it grows with their square.
MOST_CLASSES = 200
_INTERVAL = "_95_percent_interval"
# Keys that are absent, rather than null, where there is nothing to tell.
_ABSENT = {
    (Metrics, "training"),
    (Metrics, "validation"),
    (ClassMetrics, "average_precision"),
    (Metrics, "occurrence"),
    (Metrics, "refit"),
    (ViewCandidate, "sequence_accuracy"),
    (Evaluation, "coverage"),
    (Evaluation, "unknown"),
    (EmptyMetrics, "scores"),
    (SequenceMetrics, "calibration"),
    (SequenceMetrics, "thresholds"),
    (SequenceMetrics, "spared_images"),
    (SequenceMetrics, "shared_threshold"),
    (SequenceMetrics, "coverage"),
}


def to_text(metrics: Metrics) -> str:
    """Return the content of `metrics.json`."""
    return json.dumps(to_json(metrics), indent=2, ensure_ascii=False) + "\n"


def from_text(text: str) -> Metrics:
    """Read the content of `metrics.json`."""
    return from_json(Metrics, json.loads(text))


def to_json(value: Any) -> Any:
    """Return metrics as plain JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return _object(value)
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return value


def _object(value: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in fields(value):
        content = getattr(value, field.name)
        is_unknown = content is None or content == Estimate(None)
        if is_unknown and (type(value), field.name) in _ABSENT:
            continue
        if isinstance(content, Estimate):
            values[field.name] = content.value
            values[field.name + _INTERVAL] = to_json(content.interval)
        elif field.name == "confusion_matrix" and content and len(content) > MOST_CLASSES:
            continue
        else:
            values[field.name] = to_json(content)
    return values


def from_json(kind: type[T], values: Mapping[str, Any]) -> T:
    """Read a class of metrics from what `to_json` returned.

    Args:
        kind: the dataclass.
        values: its JSON object; keys that are missing are None.
    """
    content = {}
    for name, hint in get_type_hints(kind).items():
        if hint is Estimate:
            interval = values.get(name + _INTERVAL)
            content[name] = Estimate(values.get(name), tuple(interval) if interval else None)
        else:
            content[name] = _read(hint, values.get(name))
    return kind(**content)


def _read(hint: Any, value: Any) -> Any:
    if get_origin(hint) is types.UnionType:
        hint = next(one for one in get_args(hint) if one is not types.NoneType)
    if value is None:
        return None
    if is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, value)
    if get_origin(hint) is tuple:
        kinds = get_args(hint)
        if kinds[-1] is Ellipsis:
            return tuple(_read(kinds[0], item) for item in value)
        return tuple(value)
    return value
