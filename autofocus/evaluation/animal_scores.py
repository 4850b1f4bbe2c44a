"""How well the animal score tells images that show something from empty ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.empty_rules import shows_something
from autofocus.evaluation.intervals import Values
from autofocus.evaluation.metrics import AnimalScoreMetrics, Estimate, RocCurve, SkipMetrics
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.model.empty_rule import EmptyRule, SkipRate, not_empty

# Thresholds of which it is measured what they skip.
_SKIPS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# The share of the empty images that is sent away.
TARGET = 0.95
# More points than this can't be seen in a chart.
_MOST_POINTS = 60
_TOLERANCE = 1e-9


def animal_score_metrics(
    test: Predictions,
    labels: Sequence[str],
    probabilities: NDArray[np.float64],
    rule: EmptyRule | None,
    settings: EvaluationSettings,
) -> AnimalScoreMetrics | None:
    """Return how well the score does; None without a rule, or if all images are of one kind.

    Args:
        test: N images.
        labels: the C classes.
        probabilities: of them, calibrated, shape (N, C).
        rule: how likely an image shows something.
        settings: the number of resamples for intervals.
    """
    if rule is None:
        return None
    shown = shows_something(test, labels, rule.labels)
    if shown.all() or not shown.any():
        return None
    own = not_empty(probabilities, labels, rule.labels, multilabel=test.multilabel)
    scores = {"classifier": own}
    combined = rule.scores(own, test.detector_scores)
    if test.detector_scores is not None:
        scores |= {"detector": np.nan_to_num(test.detector_scores), "both": combined}
    return AnimalScoreMetrics(
        empty=int((~shown).sum()),
        shown=int(shown.sum()),
        curves=tuple(_curve(name, one, shown, test, settings) for name, one in scores.items()),
        skips=tuple(_skip(limit, combined, shown, test, settings) for limit in _SKIPS),
    )


def with_skip_rates(
    rule: EmptyRule | None, metrics: AnimalScoreMetrics | None
) -> EmptyRule | None:
    """Return a rule with what skipping costs, as it was measured."""
    if rule is None or metrics is None:
        return rule
    rates = (
        SkipRate(
            row.threshold,
            row.empty_skipped.value,
            row.missed.value,
            *(row.missed.interval or (None, None)),
        )
        for row in metrics.skips
    )
    return replace(rule, skips=tuple(rates))


def _curve(
    source: str,
    scores: Values,
    shown: NDArray[np.bool_],
    test: Predictions,
    settings: EvaluationSettings,
) -> RocCurve:
    thresholds = np.unique(scores)[::-1]
    kept = [_share_from(scores[~shown], thresholds), _share_from(scores[shown], thresholds)]
    empty_kept, recall = (np.concatenate([[0.0], shares]) for shares in kept)
    area = float(np.trapezoid(recall, empty_kept))
    reaching = np.flatnonzero(empty_kept <= 1 - TARGET + _TOLERANCE)
    limit = thresholds[reaching[-1] - 1] if reaching[-1] else np.inf
    rows = np.arange(len(recall))
    if len(rows) > _MOST_POINTS:
        rows = rows[np.linspace(0, len(rows) - 1, _MOST_POINTS).astype(np.int64)]
    return RocCurve(
        source,
        area,
        tuple(empty_kept[rows].tolist()),
        tuple(recall[rows].tolist()),
        _share(scores >= limit, shown, test, settings),
    )


def _share_from(scores: Values, thresholds: Values) -> Values:
    """Return the shares of scores that reach each threshold."""
    below = np.searchsorted(np.sort(scores), thresholds, side="left")
    shares: Values = 1 - below / len(scores)
    return shares


def _skip(
    limit: float,
    scores: Values,
    shown: NDArray[np.bool_],
    test: Predictions,
    settings: EvaluationSettings,
) -> SkipMetrics:
    skipped = scores < limit
    everything = np.ones(len(shown), np.bool_)
    return SkipMetrics(
        limit,
        *(_share(skipped, whole, test, settings) for whole in (everything, ~shown, shown)),
    )


def _share(
    part: NDArray[np.bool_],
    whole: NDArray[np.bool_],
    test: Predictions,
    settings: EvaluationSettings,
) -> Estimate:
    """Return some of the images as a share of others."""
    columns = {"part": part & whole, "whole": whole}
    sums = GroupSums.from_columns(columns, test.groups, settings.resamples, settings.seed)
    return sums.share("part", "whole")[0]
