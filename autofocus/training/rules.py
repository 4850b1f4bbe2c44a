"""What turns the logits of a head into decisions, fitted to images that it was not trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autofocus.evaluation.calibration import Calibration, calibrate
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.thresholds import choose_thresholds, precision_curves
from autofocus.model.precision import PrecisionCurve


@dataclass(frozen=True)
class Rules:
    """What turns the logits of a head into decisions.

    Attributes:
        calibration: what the logits are divided by.
        thresholds: the threshold of each label; None for a label that is always reviewed.
        curves: which threshold of each label ensures which precision.
    """

    calibration: Calibration
    thresholds: Mapping[str, float | None]
    curves: Mapping[str, PrecisionCurve]


def fit_rules(
    held_out: Predictions, fitted_on: str, labels: Sequence[str], settings: EvaluationSettings
) -> Rules:
    """Fit the rules.

    Args:
        held_out: predictions by heads that were trained without the images' groups.
        fitted_on: the name of these images.
        labels: the C classes.
        settings: of the evaluation.
    """
    calibration = calibrate(held_out, fitted_on)
    temperature = calibration.temperature
    return Rules(
        calibration,
        choose_thresholds(held_out, labels, temperature, settings),
        precision_curves(held_out, labels, temperature),
    )
