"""All metrics of a classifier on images that it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autofocus.evaluation import counting, emptiness
from autofocus.evaluation.animal_scores import animal_score_metrics
from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.calibration import Calibration, reliability
from autofocus.evaluation.coverage import coverage_metrics
from autofocus.evaluation.metrics import CalibrationMetrics, Evaluation, UnknownMetrics
from autofocus.evaluation.predictions import Classification, Predictions
from autofocus.evaluation.rules import Rules
from autofocus.evaluation.sequences import sequence_metrics
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.slices import slices
from autofocus.evaluation.thresholds import Decisions, acceptance_metrics
from autofocus.labels.kinds import PEOPLE_PROBABILITY
from autofocus.model.decision import Thresholds, join_labels

# With fewer groups, intervals depend on their assumptions rather than on the data.
_FEW = 5


@dataclass(frozen=True)
class Mistake:
    """An image that was predicted wrong.

    Attributes:
        name: of the image.
        label: the true labels.
        answer: the predicted labels.
        score: the probability of the prediction; where images may have several labels, that of
            the most confident wrong one, predicted or not.
        possible: the labels with a probability from which on an image counts as showing people.
    """

    name: str
    label: str
    answer: str
    score: float
    possible: tuple[str, ...] = ()


def evaluate(
    labels: Sequence[str],
    test: Predictions,
    rules: Rules | None,
    settings: EvaluationSettings,
) -> Evaluation:
    """Return all metrics.

    Args:
        labels: the C classes.
        test: the images.
        rules: how predictions are used; None to use probabilities as they are, without
            thresholds.
        settings: of the evaluation.
    """
    calibration, thresholds = (rules.calibration, rules.thresholds) if rules else (None, None)
    temperature = calibration.temperature if calibration else 1.0
    classification = test.classify(temperature)
    groups, multilabel = len(set(test.groups)), test.multilabel
    sums = _sums(labels, test, classification, thresholds, settings)
    precisions = counting.average_precisions(classification) if multilabel else ()
    return Evaluation(
        images=len(test),
        groups=groups,
        group_kind=settings.group_kind,
        interval_method=_method(groups, settings),
        accuracy=counting.accuracy(sums),
        balanced_accuracy=counting.balanced_accuracy(sums, multilabel),
        top_3_accuracy=counting.top_accuracy(sums, len(labels), multilabel),
        most_common_class=counting.most_common(classification, labels),
        per_class=counting.per_class(sums, labels, precisions),
        confusion_matrix=None if multilabel else counting.confusion_matrix(classification),
        sequence=sequence_metrics(
            test, temperature, settings, labels, rules.sequences if rules else None
        ),
        calibration=_calibration(test, classification, calibration),
        thresholds=None
        if thresholds is None
        else acceptance_metrics(sums, labels, thresholds, settings, _fitted_on(calibration)),
        coverage=coverage_metrics(
            labels, test, classification, rules.curves if rules else None, settings
        ),
        unknown=_unknown(sums, test),
        empty=emptiness.empty_metrics(
            sums,
            labels,
            settings.empty_labels,
            animal_score_metrics(
                test,
                labels,
                classification.probabilities,
                rules.empty_rule if rules else None,
                settings,
            ),
        ),
        slices=slices(test, classification, with_intervals=settings.resamples > 0),
    )


def _sums(
    labels: Sequence[str],
    test: Predictions,
    classification: Classification,
    thresholds: Thresholds | None,
    settings: EvaluationSettings,
) -> GroupSums:
    columns = {
        **counting.columns(classification),
        **emptiness.columns(classification, labels, settings.empty_labels),
    }
    if thresholds is not None:
        decisions = Decisions.of(classification, labels, thresholds, test.multilabel, test.unknown)
        columns |= decisions.columns(classification.true)
    if test.unknown is not None:
        columns["unknown"] = test.unknown
    return GroupSums.from_columns(columns, test.groups, settings.resamples, settings.seed)


def _unknown(sums: GroupSums, test: Predictions) -> UnknownMetrics | None:
    if test.unknown is None:
        return None
    return UnknownMetrics(int(test.unknown.sum()), sums.share("unknown", "images")[0])


def _fitted_on(calibration: Calibration | None) -> str:
    return calibration.fitted_on if calibration else "validation"


def _calibration(
    test: Predictions, classification: Classification, calibration: Calibration | None
) -> CalibrationMetrics | None:
    if calibration is None:
        return None
    return CalibrationMetrics(
        temperature=calibration.temperature,
        fitted_on=calibration.fitted_on,
        before=reliability(test.classify(), multilabel=test.multilabel),
        after=reliability(classification, multilabel=test.multilabel),
    )


def _method(groups: int, settings: EvaluationSettings) -> str:
    """Return how the intervals were computed."""
    if not settings.resamples:
        return "none, as none were asked for"
    kind = settings.group_kind
    if groups < 2:  # noqa: PLR2004 - one can't differ from others
        return f"none, as all test images are of one {kind}, which says nothing of others"
    method = (
        f"bootstrap over {groups} {kind}s ({settings.resamples:,} resamples), as a score interval "
        "with Student's t"
    )
    few = f"; so few {kind}s that it is wide, and rough all the same" if groups < _FEW else ""
    return method + few


def list_mistakes(labels: Sequence[str], test: Predictions, temperature: float) -> list[Mistake]:
    """Return the images that are predicted wrong, the most confident first.

    Args:
        labels: the C classes.
        test: the images.
        temperature: what to divide the logits by.
    """
    classification = test.classify(temperature)
    possible = classification.probabilities >= PEOPLE_PROBABILITY
    mistakes = [
        Mistake(
            name=test.names[row],
            label=join_labels(labels, classification.true[row].tolist()),
            answer=join_labels(labels, classification.predicted[row].tolist()),
            score=_confidence(classification, row, test.multilabel),
            possible=tuple(
                label
                for label, is_possible in zip(labels, possible[row], strict=True)
                if is_possible
            ),
        )
        for row in np.flatnonzero(~classification.right).tolist()
    ]
    return sorted(mistakes, key=lambda mistake: (-mistake.score, mistake.name))


def _confidence(classification: Classification, row: int, multilabel: bool) -> float:
    scores, predicted = classification.probabilities[row], classification.predicted[row]
    if not multilabel:
        return float(scores[predicted].max())
    wrong = predicted != classification.true[row]
    return float(np.where(predicted, scores, 1 - scores)[wrong].max())
