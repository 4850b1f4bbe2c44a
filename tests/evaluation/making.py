"""Predictions for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.calibration import Calibration
from autofocus.evaluation.evaluate import evaluate
from autofocus.evaluation.metrics import Evaluation
from autofocus.evaluation.predictions import Classification, Predictions
from autofocus.evaluation.rules import Rules
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.training_metrics import (
    Comparison,
    CrossValidation,
    Fit,
    Fold,
    HeadMetrics,
    Metrics,
    SplitMetrics,
    ViewCandidate,
    ViewMetrics,
)


def made(
    probabilities: Sequence[Sequence[float]] | NDArray[np.float64],
    true: Sequence[int | Sequence[int]],
    *,
    groups: Sequence[str] | None = None,
    sequences: Sequence[str] | None = None,
    slices: Mapping[str, Sequence[str]] | None = None,
    multilabel: bool = False,
) -> Predictions:
    """Make images of given probabilities, each of a class, or of several, and of its own group."""
    shares = np.array(probabilities, np.float64)
    targets = np.zeros(shares.shape, np.float32)
    for row, classes in zip(targets, true, strict=True):
        row[np.array(classes, np.int64)] = 1
    odds = shares / (1 - shares) if multilabel else shares
    names = tuple(f"{place:02}.jpg" for place in range(len(shares)))
    return Predictions(
        names=names,
        logits=np.log(odds).astype(np.float32),
        targets=targets,
        groups=tuple(groups or names),
        sequences=tuple(sequences or [""] * len(names)),
        slices=slices or {},
        multilabel=multilabel,
    )


def answered(
    true: Sequence[int], answers: Sequence[int], classes: int, groups: Sequence[str] | None = None
) -> Predictions:
    """Make images of one class each, with a prediction of 90 % confidence."""
    rest = 0.1 / (classes - 1)
    rows = [[0.9 if place == answer else rest for place in range(classes)] for answer in answers]
    return made(rows, true, groups=groups)


def read(predictions: Predictions) -> Classification:
    """Return the predicted labels."""
    return predictions.classify()


def metrics() -> Metrics:
    """Return the metrics of a training: of four test images one is predicted wrong."""
    test = answered([0, 0, 1, 1], [0, 0, 0, 1], 2, ["x", "x", "y", "y"])
    test = replace(test, sequences=("s", "s", "", ""))
    calibration = Calibration(1.5, "validation")
    thresholds = {"empty": 0.5, "fox": None}
    settings = EvaluationSettings(resamples=50)
    whole = evaluate(("empty", "fox"), test, Rules(calibration, thresholds), settings)
    counts = {"training": 6, "validation": 2, "test": 4}
    return Metrics(
        labels=("empty", "fox"),
        multilabel=False,
        images={"empty": counts, "fox": counts},
        split=SplitMetrics("location", "auto", counts, counts, 0, 60.0, "d", ("One.",)),
        training=Fit(1.0, 0.1),
        validation=Fit(0.5, 0.6),
        head=HeadMetrics("lbfgs", 0.1, "given", True, 7, "balanced", None, ({"strength": 0.1},)),
        view=ViewMetrics(
            "full", "full", (ViewCandidate("full", 0.2, 0.6, 0.5),), {"motion": 1, "whole": 2}
        ),
        warnings=(),
        data_digest="e",
        history=({"step": 7, "training_accuracy": 1.0},),
        test=whole,
        folds=CrossValidation(
            2, (Fold(1, 1, 2, 0.5, None),), 0.5, None, None, None, evaluate_only(test)
        ),
        comparison=Comparison(0.9, 0.4, "location", 12, 5),
    )


def evaluate_only(test: Predictions) -> Evaluation:
    """Evaluate without calibration, thresholds and intervals."""
    return evaluate(("empty", "fox"), test, None, EvaluationSettings(resamples=0))
