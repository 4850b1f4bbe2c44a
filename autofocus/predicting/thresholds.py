"""Thresholds that are chosen when a model is used, in place of those of its training."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from autofocus.errors import InputDataError, SettingError
from autofocus.model.description import Description
from autofocus.model.precision import PrecisionCurve, shortfall
from autofocus.options.settings import shown
from autofocus.predicting.options import parse_thresholds

_PRECISION = "precision"


def with_thresholds(
    description: Description, precision: float | None, thresholds: Sequence[str]
) -> Description:
    """Return the description of a model with other thresholds, of images and of sequences.

    Args:
        description: of the model.
        precision: the target for all labels; None to keep the model's thresholds.
        thresholds: those of single labels, such as ``raccoon=0.8``, which take precedence.

    Raises:
        InputDataError: the model lacks what is needed to choose thresholds for a precision.
        SettingError: a threshold can't be read, or is of a label that the model doesn't have.
    """
    chosen = dict(description.thresholds or {})
    of_sequences = dict(description.sequence_thresholds or {})
    target = description.threshold_target
    if precision is not None:
        if description.precision_curves is None:
            raise InputDataError(
                f"The model was trained by Autofocus {description.version}, which did not store "
                "what --precision needs: train it again, or give --threshold for each label."
            )
        chosen = _ensuring(precision, description.precision_curves)
        of_sequences = _ensuring(precision, description.sequence_precision_curves or {})
        target = f"{_PRECISION} {precision:g}"
    given = parse_thresholds(thresholds)
    if lacking := [label for label in given if label not in description.labels]:
        raise SettingError(
            f"threshold: the model has no label {shown(lacking[0])}, only "
            f"{', '.join(description.labels)}."
        )
    if given:
        target = ", ".join([*([target] if target else []), *thresholds])
    return replace(
        description,
        thresholds={**chosen, **given} or None,
        sequence_thresholds={**of_sequences, **given} or None,
        threshold_target=target,
    )


def _ensuring(precision: float, curves: Mapping[str, PrecisionCurve]) -> dict[str, float | None]:
    """Return the threshold of each label that ensures a precision; None where none does."""
    return {label: curve.threshold(precision) for label, curve in curves.items()}


def missing_evidence(description: Description) -> tuple[str, ...]:
    """Return a note on what each label lacks of which no threshold ensures the target."""
    kind, _, value = description.threshold_target.split(",")[0].partition(" ")
    if kind != _PRECISION or description.precision_curves is None:
        return ()
    always = {
        label: curve
        for label, curve in description.precision_curves.items()
        if (description.thresholds or {}).get(label) is None
    }
    text = shortfall(always, float(value))
    return (f"always reviewed: {text}",) if text else ()
