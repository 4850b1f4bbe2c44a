"""Decisions by sequence: a temperature for votes, and thresholds, from held-out predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from autofocus.evaluation.calibration import softened_targets
from autofocus.evaluation.folds import folds_of_groups
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.rankings import Effective, Ranking, by_group, rankings
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.temperature import HIGHEST, LOWEST
from autofocus.evaluation.votes import Votes
from autofocus.model.decision import Thresholds
from autofocus.model.precision import PrecisionCurve

# With fewer sequences a temperature would be fitted to chance.
_LEAST_SEQUENCES = 20


@dataclass(frozen=True)
class SequenceRules:
    """How sequences are decided.

    Attributes:
        temperature: what the logits of votes are divided by; 1 to leave them as they are.
        thresholds: by label, the lowest probability of a vote that is accepted without review;
            None for a label that is always reviewed.
        curves: which threshold of each label ensures which precision.
        shared: the labels that have too few sequences for a threshold of their own, and so have
            the one that ensures the precision for all of them together.
        fitted_on: the images that all this was chosen on, as in `Calibration`.
    """

    temperature: float
    thresholds: Thresholds
    curves: Mapping[str, PrecisionCurve]
    shared: tuple[str, ...]
    fitted_on: str


def fit_sequence_rules(
    held_out: Predictions,
    labels: Sequence[str],
    temperature: float,
    settings: EvaluationSettings,
    fitted_on: str,
) -> SequenceRules | None:
    """Choose how sequences are decided; None if no sequence is known.

    Each label's threshold is chosen as that of images is (see `choose_thresholds`), at the number
    of independent sequences. Labels that have too few sequences for a precision share a threshold
    which ensures it for all of their predictions together.

    Args:
        held_out: images that were used neither for training nor for the test.
        labels: the C classes.
        temperature: what to divide the logits of images by.
        settings: the target, and the floor of the votes' weights.
        fitted_on: the name of the images.
    """
    if not any(held_out.sequences):
        return None
    votes = Votes.of(held_out, temperature, settings.vote_floor)
    own_temperature = fit_vote_temperature(votes)
    predictions = votes.predictions(own_temperature)
    effective = by_group(predictions)
    ranked = rankings(predictions, labels, 1.0, effective)
    curves = {label: ranking.precision_curve() for label, ranking in ranked.items()}
    thresholds = {label: ranking.choose(settings) for label, ranking in ranked.items()}
    if settings.target != "precision":
        return SequenceRules(own_temperature, thresholds, curves, (), fitted_on)
    lacking = [label for label in labels if thresholds[label] is None]
    curves |= _shared_curves({label: ranked[label] for label in lacking}, curves, effective)
    thresholds |= {label: curves[label].threshold(settings.value) for label in lacking}
    shared = tuple(label for label in lacking if thresholds[label] is not None)
    return SequenceRules(own_temperature, thresholds, curves, shared, fitted_on)


def _shared_curves(
    lacking: Mapping[str, Ranking], curves: Mapping[str, PrecisionCurve], effective: Effective
) -> dict[str, PrecisionCurve]:
    """Return the curves of labels that lack a threshold, with that of all of them beyond."""
    if len(lacking) < 2:  # noqa: PLR2004 - one has nothing to share
        return {}
    together = Ranking.joined(list(lacking.values()), effective).precision_curve()
    return {label: _extended(curves[label], together) for label in lacking}


def _extended(own: PrecisionCurve, further: PrecisionCurve) -> PrecisionCurve:
    """Return a curve, and the precisions of another one that are above all of its own."""
    best = own.precisions[-1] if own.precisions else -np.inf
    lowest = own.thresholds[-1] if own.thresholds else 0.0
    added = [
        (max(threshold, lowest), precision)
        for threshold, precision in zip(further.thresholds, further.precisions, strict=True)
        if precision > best
    ]
    return PrecisionCurve(
        (*own.thresholds, *(threshold for threshold, _ in added)),
        (*own.precisions, *(precision for _, precision in added)),
        own.right,
    )


def fit_vote_temperature(votes: Votes) -> float:
    """Return the temperature of votes, if it calibrates held-out ones better than none; else 1.

    It is fitted to sequences of several images, as the model has calibrated single images, by the
    Brier score: in the cross-entropy a few sequences that are surely wrong, such as those in which
    nothing is to be seen, count so much that all others come out underconfident
    (`benchmarks/NEW_LOCATIONS.md`).
    """
    several = votes.rows(votes.frames > 1)
    folds = folds_of_groups(several.groups)
    if len(several) < _LEAST_SEQUENCES or len(np.unique(folds)) < 2:  # noqa: PLR2004 - nothing held out
        return 1.0
    with_own = without = 0.0
    for fold in np.unique(folds):
        fitted = _fit(several.rows(folds != fold))
        tested = several.rows(folds == fold)
        with_own += _brier_sum(tested, fitted)
        without += _brier_sum(tested, 1.0)
    return _fit(several) if with_own < without else 1.0


def _fit(votes: Votes) -> float:
    """Return the temperature with the lowest Brier score, with Platt's targets."""
    from scipy.optimize import minimize_scalar

    targets = softened_targets(votes.predictions(1.0))

    def loss(logarithm: float) -> float:
        probabilities = votes.predictions(float(np.exp(logarithm))).probabilities()
        return float(np.square(probabilities - targets).sum())

    bounds = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def _brier_sum(votes: Votes, temperature: float) -> float:
    predictions = votes.predictions(temperature)
    return float(np.square(predictions.probabilities() - predictions.true).sum())
