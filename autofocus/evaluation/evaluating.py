"""All figures of a classifier on images that it did not learn from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autofocus.evaluation import counting, emptiness, multilabel, sequences, slices, thresholds
from autofocus.evaluation.bootstrap import Tally
from autofocus.evaluation.calibration import Calibration, reliability
from autofocus.evaluation.judged import Answers, Asked, Judged, join

# Below so many groups, intervals hang on what was assumed rather than on what was seen.
_FEW = 5


def evaluate(
    labels: Sequence[str],
    test: Judged,
    calibration: Calibration | None,
    chosen: Mapping[str, float | None] | None,
    asked: Asked,
) -> dict[str, Any]:
    """Return all figures as plain JSON values: shares are 0 to 1, None where nothing is known.

    Args:
        labels: of the C classes.
        test: the images.
        calibration: of the classifier; None to leave its probabilities as they are.
        chosen: the threshold of each label, None for one without; None for no thresholds.
        asked: what is to be told.
    """
    temperature = calibration.temperature if calibration else 1.0
    fitted_on = calibration.fitted_on if calibration else "validation"
    answers = Answers.of(test, temperature)
    columns = {
        **counting.columns(answers),
        **emptiness.columns(answers, labels, asked.empty_labels),
    }
    if chosen is not None:
        decisions = thresholds.Decisions.of(answers, labels, chosen, test.multilabel)
        columns |= decisions.columns(answers)
    tally = Tally.of(columns, test.groups, asked.resamples, asked.seed)
    return {
        "images": len(test),
        "groups": len(set(test.groups)),
        "group_kind": asked.group_kind,
        "interval_method": _method(len(set(test.groups)), asked),
        **_figures(tally, answers, labels, test.multilabel),
        "sequence": sequences.describe(test, temperature, asked),
        "calibration": _calibration(test, answers, calibration),
        "thresholds": None
        if chosen is None
        else thresholds.describe(tally, labels, chosen, asked, fitted_on),
        "empty": emptiness.describe(tally, labels, asked.empty_labels),
        "slices": slices.describe(test, answers, with_intervals=asked.resamples > 0),
    }


def _figures(
    tally: Tally, answers: Answers, labels: Sequence[str], several: bool
) -> dict[str, Any]:
    rows = counting.per_class(tally, labels)
    if several:
        for row, value in zip(rows, multilabel.average_precisions(answers), strict=True):
            row["average_precision"] = value
    return {
        **counting.accuracy(tally).to_json("accuracy"),
        **counting.balanced_accuracy(tally, several).to_json("balanced_accuracy"),
        **counting.top_accuracy(tally, len(labels), several).to_json("top_3_accuracy"),
        "most_common_class": counting.most_common(answers, labels),
        "per_class": rows,
        "confusion_matrix": None if several else counting.confusion_matrix(answers),
    }


def _calibration(
    test: Judged, answers: Answers, calibration: Calibration | None
) -> dict[str, Any] | None:
    if calibration is None:
        return None
    return {
        "temperature": calibration.temperature,
        "fitted_on": calibration.fitted_on,
        "before": reliability(Answers.of(test), multilabel=test.multilabel),
        "after": reliability(answers, multilabel=test.multilabel),
    }


def _method(groups: int, asked: Asked) -> str:
    """Return in words how intervals were found."""
    if not asked.resamples:
        return "none, as none were asked for"
    kind = asked.group_kind
    if groups < 2:  # noqa: PLR2004 - one can't differ from others
        return f"none, as all test images are of one {kind}, which says nothing of others"
    method = (
        f"bootstrap over {groups} {kind}s ({asked.resamples:,} resamples), as a score interval "
        "with Student's t"
    )
    few = f"; so few {kind}s that it is wide, and rough all the same" if groups < _FEW else ""
    return method + few


def list_mistakes(labels: Sequence[str], test: Judged, temperature: float) -> list[dict[str, Any]]:
    """Return the images with a wrong answer, the surest first.

    Args:
        labels: of the C classes.
        test: the images.
        temperature: what to divide the logits by.

    Returns:
        Rows of `name`, `label` (true), `answer`, and `score`, the probability of the answer; where
        images may have several labels, that of the surest wrong one, given or withheld.
    """
    answers = Answers.of(test, temperature)
    rows = [
        {
            "name": test.names[place],
            "label": join(labels, answers.there[place].tolist()),
            "answer": join(labels, answers.given[place].tolist()),
            "score": _sureness(answers, place, test.multilabel),
        }
        for place in np.flatnonzero(~answers.right).tolist()
    ]
    return sorted(rows, key=lambda row: (-float(row["score"]), row["name"]))


def _sureness(answers: Answers, place: int, several: bool) -> float:
    own, given = answers.probabilities[place], answers.given[place]
    if not several:
        return float(own[given].max())
    wrong = given != answers.there[place]
    return float(np.where(given, own, 1 - own)[wrong].max())
