"""Training a head: logistic regression at several strengths of regularisation, or descent.

Strengths are tried from strong to weak; the one that does best on images that were not trained on
is chosen. Best is the lowest Brier score after calibration: strong regularisation makes a head
underconfident and weak regularisation makes it overconfident, both of which calibration corrects
afterwards, and no image counts for more than 2, as it can in the cross-entropy. Classes are not
weighted there: a validation set has so few images of a rare class that these alone would choose.

Where validation images are few, groups of the training images are held out in turn as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autofocus.model.head import Head
from autofocus.runs.progress import Progress
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.class_weights import ClassWeights
from autofocus.training.descent import descend
from autofocus.training.logistic_regression import LogisticRegressions
from autofocus.training.samples import Samples
from autofocus.training.scores import Measurement, Scores, calibrated_brier_score, score
from autofocus.training.threads import single_threaded

# From underfitting to overfitting, by half an order of magnitude.
STRENGTHS = tuple(float(10.0**power) for power in np.arange(1.0, -4.75, -0.5))
# Used if there is nothing to choose by; about the optimum for the embedded backbones.
MIDDLE_STRENGTH = 0.1
_INNER_FOLDS = 3
# Fewer validation images don't choose alone, as the choice would be chance.
ENOUGH = 1000
_VALIDATION, _WITHIN = "validation groups", "groups within the training part"
# Brier scores, 0 to 2, are compared to this many digits; the rest is chance.
_DIGITS = 3


@dataclass(frozen=True)
class HeadSettings:
    """How to train a head.

    Attributes:
        optimizer: logistic regression by L-BFGS, or gradient descent at a fixed rate.
        max_steps: maximum number of steps of either.
        learning_rate: length of a step of gradient descent, as a multiple of the gradient.
        batch_size: images per step of gradient descent; -1 for all.
        eval_interval: steps of gradient descent between two measurements.
        class_weights: whether rare classes count as much as common ones.
        strengths: strengths of regularisation, the strongest first.
        patience: number of strengths in a row without a better one after which no weaker one is
            tried.
        multilabel: whether images may have several labels.
    """

    optimizer: Literal["lbfgs", "gradient_descent"] = "lbfgs"
    max_steps: int = 4000
    learning_rate: float = 0.01
    batch_size: int = 100
    eval_interval: int = 10
    class_weights: ClassWeights = "balanced"
    strengths: tuple[float, ...] = STRENGTHS
    patience: int = 3
    multilabel: bool = False


@dataclass(frozen=True)
class StrengthResult:
    """The result at one strength of regularisation.

    Attributes:
        strength: of the regularisation.
        steps: number of steps of the optimizer.
        converged: whether it reached the minimum.
        training: scores on the training images.
        validation: scores on the validation images; None without any.
        brier_score: calibrated, on the validation images; None without any.
    """

    strength: float
    steps: int
    converged: bool
    training: Scores | None
    validation: Scores | None
    brier_score: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the result as a row of the path in `metrics.json`."""
        return {
            "strength": self.strength,
            "steps": self.steps,
            "converged": self.converged,
            **(self.training.to_json("training_") if self.training else {}),
            **(self.validation.to_json("validation_") if self.validation else {}),
            **({} if self.brier_score is None else {"validation_brier_score": self.brier_score}),
        }


@dataclass(frozen=True)
class FitResult:
    """A trained head, and how it was trained.

    Attributes:
        head: the head.
        history: measurements on the way.
        strength: the chosen strength of regularisation; 0 for none.
        converged: whether the optimizer reached the minimum.
        steps: number of steps of the optimizer.
        best_step: the step that the head is of; the last one unless validation chose another.
        chosen_on: which images chose the strength, in words.
        path: the results at all strengths that were tried, the strongest first.
        brier_score: mean over all held-out images, calibrated; None without any.
    """

    head: Head
    history: tuple[Measurement, ...]
    strength: float
    converged: bool
    steps: int
    best_step: int
    chosen_on: str
    path: tuple[StrengthResult, ...] = ()
    brier_score: float | None = None


def fit(
    training: Samples,
    validation: Samples,
    groups: Sequence[str],
    settings: HeadSettings,
    checkpoint: Checkpoint | None = None,
) -> FitResult:
    """Train a head.

    Args:
        training: images to train on.
        validation: images to choose by; may be empty.
        groups: of the training images; some are held out in turn where there is little or no
            validation.
        settings: how to train.
        checkpoint: keeps unfinished gradient descent.
    """
    with single_threaded():
        if settings.optimizer == "gradient_descent":
            return _descend(training, validation, settings, checkpoint)
        if len(settings.strengths) == 1:
            return _Path(training, validation, settings).walk("given")
        within = _brier_scores_within(training, validation, groups, settings)
        if _can_choose(training, validation):
            chosen_on = f"{_VALIDATION}, and {_WITHIN}" if within else _VALIDATION
            return _Path(training, validation, settings, within).walk(chosen_on)
        strength = min(within, key=within.__getitem__) if within else MIDDLE_STRENGTH
        chosen_on = _WITHIN if within else "not chosen: there is nothing to choose by"
        chosen = replace(settings, strengths=(strength,))
        return _Path(training, validation, chosen, within).walk(chosen_on)


def _descend(
    training: Samples, validation: Samples, settings: HeadSettings, checkpoint: Checkpoint | None
) -> FitResult:
    result = descend(
        training,
        validation,
        steps=settings.max_steps,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        eval_interval=settings.eval_interval,
        multilabel=settings.multilabel,
        balanced=settings.class_weights == "balanced",
        checkpoint=checkpoint,
    )
    return FitResult(
        result.head,
        result.history,
        strength=0.0,
        converged=result.stopped_early,
        steps=result.steps,
        best_step=result.best_step,
        chosen_on="no regularisation",
        brier_score=_brier_score(result.head, validation),
    )


def _brier_score(head: Head, samples: Samples) -> float | None:
    if not len(samples):
        return None
    logits = head.logits(samples.features)
    return calibrated_brier_score(logits, samples, multilabel=head.multilabel)


def _can_choose(training: Samples, validation: Samples) -> bool:
    """Return whether at least half of the trained classes occur in the validation images."""
    if not len(validation):
        return False
    trained = training.targets.any(axis=0)
    return bool((validation.targets.any(axis=0) & trained).sum() * 2 >= trained.sum())


def _brier_scores_within(
    training: Samples, validation: Samples, groups: Sequence[str], settings: HeadSettings
) -> dict[float, float]:
    """Return the mean Brier score per strength on training groups that are held out in turn.

    It is infinite where a path stopped before a strength; nothing is returned if there are
    enough validation images, or too few groups.
    """
    if len(set(groups)) < _INNER_FOLDS:
        return {}
    if len(validation) >= ENOUGH and _can_choose(training, validation):
        return {}
    folds = _inner_folds(training, groups)
    means = dict.fromkeys(settings.strengths, 0.0)
    for fold in range(_INNER_FOLDS):
        held_out = training.rows(folds == fold)
        path = _Path(training.rows(folds != fold), held_out, settings).walk("").path
        scores = {row.strength: row.brier_score for row in path}
        for strength in means:
            score = scores.get(strength)
            means[strength] += np.inf if score is None else score * len(held_out) / len(training)
    return means


def _inner_folds(training: Samples, groups: Sequence[str]) -> NDArray[np.int64]:
    """Divide the groups in turn, those of a class one after the other; shape (N,)."""
    first = dict(zip(reversed(groups), reversed(training.classes.tolist()), strict=True))
    order = sorted(first, key=lambda group: (first[group], group))
    fold_of = {group: number % _INNER_FOLDS for number, group in enumerate(order)}
    return np.array([fold_of[group] for group in groups])


@dataclass
class _Path:
    """Tries one strength after the other.

    Attributes:
        within: mean Brier score per strength on training groups that were held out.
        results: at the strengths tried so far.
        best_head: the head at the best of them.
    """

    training: Samples
    validation: Samples
    settings: HeadSettings
    within: Mapping[float, float] = field(default_factory=dict)
    results: list[StrengthResult] = field(default_factory=list)
    best_head: Head = field(init=False)

    def walk(self, chosen_on: str) -> FitResult:
        """Train at all strengths that are worth it, and return the best head."""
        regressions = LogisticRegressions(
            self.training,
            self.settings.class_weights,
            multilabel=self.settings.multilabel,
            max_steps=self.settings.max_steps,
        )
        with Progress("training", len(self.settings.strengths) + 2, "strength") as progress:
            for strength in self.settings.strengths:
                self._try(regressions, strength)
                progress.advance()
                if len(self.results) - 1 - self._best() >= self.settings.patience:
                    break
            for strength in self._between():
                self._try(regressions, strength)
                progress.advance()
        return self._result(chosen_on)

    def _try(self, regressions: LogisticRegressions, strength: float) -> None:
        solution = regressions.solve(strength)
        self.results.append(
            StrengthResult(
                strength,
                solution.steps,
                solution.converged,
                score(solution.head, self.training),
                score(solution.head, self.validation),
                _brier_score(solution.head, self.validation),
            )
        )
        if self._best() == len(self.results) - 1:
            self.best_head = solution.head

    def _between(self) -> list[float]:
        """Return strengths halfway between the best one and those before and after it."""
        if self.within or not len(self.validation):
            return []
        tried, best = [result.strength for result in self.results], self._best()
        beside = [tried[place] for place in (best - 1, best + 1) if 0 <= place < len(tried)]
        return [float(np.sqrt(tried[best] * strength)) for strength in beside]

    def _best(self) -> int:
        """Return which result is the best; without validation images, the last one.

        Of equal ones the first that was tried stays, the strongest of the path.
        """
        if not len(self.validation):
            return len(self.results) - 1
        scores = [self._brier_score(result) for result in self.results]
        return int(np.argmin(np.round(scores, _DIGITS)))

    def _brier_score(self, result: StrengthResult) -> float:
        """Return the mean Brier score over all held-out images."""
        own = result.brier_score or 0.0
        if not self.within:
            return own
        share = len(self.validation) / (len(self.validation) + len(self.training))
        return share * own + (1 - share) * self.within[result.strength]

    def _result(self, chosen_on: str) -> FitResult:
        best = self.results[self._best()]
        is_held_out = len(self.validation) or self.within
        return FitResult(
            self.best_head,
            self._history(),
            best.strength,
            best.converged,
            best.steps,
            best.steps,
            chosen_on,
            tuple(sorted(self.results, key=lambda result: -result.strength)),
            self._brier_score(best) if is_held_out else None,
        )

    def _history(self) -> tuple[Measurement, ...]:
        steps = np.cumsum([result.steps for result in self.results]).tolist()
        return tuple(
            Measurement(step, result.training, result.validation)
            for step, result in zip(steps, self.results, strict=True)
        )
