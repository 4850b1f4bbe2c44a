"""Fitting the score that says whether an image shows anything."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.folds import folds_of_groups
from autofocus.evaluation.intervals import Values
from autofocus.evaluation.predictions import Predictions, any_of
from autofocus.labels.kinds import matching_labels
from autofocus.model.empty_rule import EmptyRule, classifier_logits, detector_logits, not_empty

# So many sequences must be empty, and so many must show something.
_LEAST_SEQUENCES = 10
# The weights are drawn towards those of the classifier alone, as by so many images.
_PRIOR = 1.0


def shows_something(
    predictions: Predictions, labels: Sequence[str], empty: Sequence[str]
) -> NDArray[np.bool_]:
    """Return which images show something: those with a label that is not an empty one, shape (N,).

    Args:
        predictions: N images.
        labels: the C classes.
        empty: labels of images that show nothing.
    """
    return any_of(predictions.true[:, [label not in empty for label in labels]])


def fit_empty_rule(
    held_out: Predictions,
    labels: Sequence[str],
    temperature: float,
    empty_labels: Sequence[str],
) -> EmptyRule | None:
    """Fit the rule; None if no label means empty, or there are too few images of either kind.

    It is a logistic regression with up to three numbers, in which each sequence counts once. The
    detector is part of it if it gives held-out groups a lower cross-entropy.

    Args:
        held_out: predictions by heads that were trained without the images' groups.
        labels: the C classes.
        temperature: what to divide the logits by.
        empty_labels: labels of images that show nothing, in any spelling.
    """
    empty = matching_labels(labels, empty_labels)
    if not empty or len(empty) == len(labels):
        return None
    shown = shows_something(held_out, labels, empty)
    sequences = held_out.sequence_numbers
    if min(len(np.unique(sequences[shown])), len(np.unique(sequences[~shown]))) < _LEAST_SEQUENCES:
        return None
    probabilities = held_out.probabilities(temperature)
    own = classifier_logits(
        not_empty(probabilities, labels, empty, multilabel=held_out.multilabel)
    )
    ones = np.ones(len(own))
    alone = np.stack([ones, own], axis=1)
    weights = 1 / np.bincount(sequences)[sequences]
    weights *= len(weights) / weights.sum()
    if held_out.detector_scores is not None:
        both = np.stack([ones, own, detector_logits(held_out.detector_scores)], axis=1)
        folds = folds_of_groups(held_out.groups)
        if _held_out_loss(both, shown, weights, folds) < _held_out_loss(
            alone, shown, weights, folds
        ):
            intercept, classifier, detector = _fit(both, shown, weights)
            return EmptyRule(intercept, classifier, detector, empty)
    intercept, classifier = _fit(alone, shown, weights)
    return EmptyRule(intercept, classifier, 0.0, empty)


def _fit(columns: Values, shown: NDArray[np.bool_], weights: Values) -> tuple[float, ...]:
    """Return the weights of columns, of which all but the first are not negative."""
    from scipy.optimize import minimize

    start = np.zeros(columns.shape[1])
    start[1] = 1.0

    def loss(values: Values) -> tuple[float, Values]:
        logits = columns @ values
        gaps = weights * (1 / (1 + np.exp(-logits)) - shown)
        entropy = float((weights * (np.logaddexp(0, logits) - shown * logits)).sum())
        prior = values - start
        return entropy + _PRIOR * float(prior @ prior) / 2, columns.T @ gaps + _PRIOR * prior

    bounds = [(None, None), *[(0.0, None)] * (len(start) - 1)]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    return tuple(round(float(value), 6) for value in found.x)


def _held_out_loss(
    columns: Values, shown: NDArray[np.bool_], weights: Values, folds: NDArray[np.int64]
) -> float:
    """Return the cross-entropy of images by weights that were fitted to the other folds."""
    total = 0.0
    for fold in np.unique(folds):
        is_held_out = folds == fold
        fitted = _fit(columns[~is_held_out], shown[~is_held_out], weights[~is_held_out])
        logits = columns[is_held_out] @ np.array(fitted)
        losses = np.logaddexp(0, logits) - shown[is_held_out] * logits
        total += float((weights[is_held_out] * losses).sum())
    return total
