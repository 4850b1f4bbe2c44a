"""Checks of what a model states about itself: each value has the type that is used later."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from autofocus.features.backbones.input_format import InputFormat
from autofocus.features.choices import MOST_VIEWS

Check = Callable[[Any], bool]

_VIEWS = ("full", "motion", "detector", "combined", "both")
_MOST_PIXELS = 8192


def check_values(values: Any) -> None:
    """Check the values of a description, as read from JSON.

    Values that are absent are those of an earlier version, with defaults.

    Raises:
        ValueError: a value is missing, or of another type; the message is its name.
    """
    if not isinstance(values, Mapping):
        raise ValueError("no description")  # noqa: TRY004 - one error for all that is wrong
    for name, check in _CHECKS.items():
        if name in _REQUIRED and name not in values:
            raise ValueError(f"{name} is missing")
        if name in values and not check(values[name]):
            raise ValueError(name)
    labels = set(values["labels"])
    for name in _BY_LABEL:
        if not labels >= set(values.get(name) or ()):
            raise ValueError(f"{name} of other labels")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_real and abs(value) < math.inf


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _optional(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _mapping_to(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _object(checks: Mapping[str, Check]) -> Check:
    """Return a check of an object that has no other keys."""
    return lambda value: (
        isinstance(value, dict)
        and value.keys() <= checks.keys()
        and all(checks[key](one) for key, one in value.items())
    )


def _are_labels(value: Any) -> bool:
    are_texts = _list_of(_is_text)(value) and all(value)
    return are_texts and bool(value) and len(set(value)) == len(value)


def _is_size(value: Any) -> bool:
    are_counts = isinstance(value, list) and len(value) == 2 and all(map(_is_count, value))  # noqa: PLR2004 - height and width
    return are_counts and all(0 < side <= _MOST_PIXELS for side in value)


def _is_trim(value: Any) -> bool:
    return _is_count(value) or value == "auto"


def _is_curve(value: Any) -> bool:
    is_curve = _object(
        {"thresholds": _list_of(_is_share), "precisions": _list_of(_is_share), "right": _is_count}
    )
    if not (is_curve(value) and len(value) == len(("thresholds", "precisions", "right"))):
        return False
    rising = all(value[key] == sorted(value[key]) for key in ("thresholds", "precisions"))
    return rising and len(value["thresholds"]) == len(value["precisions"])


def _is_input_format(value: Any) -> bool:
    try:
        given = InputFormat.from_json(value)
    except ValueError:
        return False
    return given.size is not None and given.layout is not None and given.output != ""


_CAMERA: Mapping[str, Check] = {
    "make": _is_text,
    "trim_bottom": _is_count,
    "trim_top": _is_count,
    "width": _is_count,
    "height": _is_count,
}
_PREPARATION: Mapping[str, Check] = {
    "trim_top": _is_trim,
    "trim_bottom": _is_trim,
    "min_side": lambda value: _is_count(value) and value > 0,
    "cameras": _list_of(_object(_CAMERA)),
}
_MOTION: Mapping[str, Check] = {
    "neighbours": _is_count,
    "compared": _is_count,
    "gap_s": _is_number,
    "side": lambda value: _is_count(value) and 0 < value <= _MOST_PIXELS,
    "high": _is_number,
    "low": _is_number,
    "margin": _is_number,
    "least_side": _is_share,
    "tight": _is_flag,
}
_CROP: Mapping[str, Check] = {"margin": _is_number, "least_side": _is_share}
_DETECTOR: Mapping[str, Check] = {
    "name": _is_text,
    "digest": _is_text,
    "side": lambda value: _is_count(value) and 0 < value <= _MOST_PIXELS,
    "threshold": _is_share,
    "overlap": _is_share,
}
_SKIP_RATE: Mapping[str, Check] = {
    "threshold": _is_share,
    **dict.fromkeys(("empty_skipped", "missed", "low", "high"), _optional(_is_share)),
}
_EMPTY_RULE: Mapping[str, Check] = {
    **dict.fromkeys(("intercept", "classifier", "detector"), _is_number),
    "labels": _list_of(_is_text),
    "skips": _list_of(_object(_SKIP_RATE)),
}
_BY_LABEL = (
    "thresholds", "precision_curves", "sequence_thresholds", "sequence_precision_curves",
)  # fmt: skip
_REQUIRED = (
    "labels", "image_size", "backbone", "backbone_digest", "final_tensor_name", "preparation",
)  # fmt: skip
_CHECKS: Mapping[str, Check] = {
    "labels": _are_labels,
    "image_size": _is_size,
    "backbone": _is_text,
    "backbone_digest": _is_text,
    "final_tensor_name": _is_text,
    "preparation": _optional(_object(_PREPARATION)),
    "view": lambda value: value in _VIEWS,
    "motion": _optional(_object(_MOTION)),
    "multilabel": _is_flag,
    "thresholds": _optional(_mapping_to(_optional(_is_share))),
    "threshold_target": _is_text,
    "sequence_gap_s": lambda value: _is_number(value) and value >= 0,
    "location_pattern": _is_text,
    "sequence_pattern": _is_text,
    "sequence_frames": _is_count,
    "precision_curves": _optional(_mapping_to(_is_curve)),
    "unknown_distance": _optional(_is_number),
    "human_labels": _list_of(_is_text),
    "weights_digest": _is_text,
    "split_digest": _is_text,
    "crop": _optional(_object(_CROP)),
    "detector": _optional(_object(_DETECTOR)),
    "vote_floor": _optional(lambda value: _is_number(value) and value >= 0),
    "vote_temperature": lambda value: _is_number(value) and value > 0,
    "sequence_thresholds": _optional(_mapping_to(_optional(_is_share))),
    "sequence_precision_curves": _optional(_mapping_to(_is_curve)),
    "empty_rule": _optional(_object(_EMPTY_RULE)),
    "views": lambda value: _is_count(value) and 0 < value <= MOST_VIEWS,
    "is_refitted": _is_flag,
    "onnx": _optional(_is_input_format),
    "version": _is_text,
}
