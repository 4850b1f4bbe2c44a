"""What turns logits into decisions, fitted to images that the head was not trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autofocus.evaluation.calibration import Calibration, calibrate
from autofocus.evaluation.empty_rules import fit_empty_rule
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.sequence_rules import SequenceRules, fit_sequence_rules
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.thresholds import choose_thresholds, precision_curves
from autofocus.model.decision import Thresholds
from autofocus.model.empty_rule import EmptyRule
from autofocus.model.precision import PrecisionCurve


@dataclass(frozen=True)
class Rules:
    """What turns the logits of a head into decisions.

    Attributes:
        calibration: of the classifier.
        thresholds: of each label, None for one that is always reviewed; None for no thresholds.
        curves: which threshold of each label ensures which precision; None if unknown.
        sequences: how sequences are decided; None if no sequence is known.
        empty_rule: how likely an image shows anything; None if that can't be told.
    """

    calibration: Calibration
    thresholds: Thresholds | None = None
    curves: Mapping[str, PrecisionCurve] | None = None
    sequences: SequenceRules | None = None
    empty_rule: EmptyRule | None = None


def fit_rules(
    held_out: Predictions,
    fitted_on: str,
    labels: Sequence[str],
    settings: EvaluationSettings,
    calibration: Calibration | None = None,
) -> Rules:
    """Fit the rules.

    Args:
        held_out: predictions by heads that were trained without the images' groups.
        fitted_on: the name of these images.
        labels: the C classes.
        settings: the target of thresholds.
        calibration: of these predictions; None to fit it.
    """
    calibration = calibration or calibrate(held_out, fitted_on)
    temperature, name = calibration.temperature, calibration.fitted_on
    return Rules(
        calibration,
        choose_thresholds(held_out, labels, temperature, settings),
        precision_curves(held_out, labels, temperature),
        fit_sequence_rules(held_out, labels, temperature, settings, name),
        fit_empty_rule(held_out, labels, temperature, settings.empty_labels),
    )
