"""Training the classifier layer: to the optimum of each of several strengths of regularisation.

The loss is the weighted mean cross-entropy plus half the strength times the sum of the squared
weights, on features that are brought to mean 0 and deviation 1. It is convex, so that L-BFGS (Liu
and Nocedal, Mathematical Programming 45, 1989) finds its only minimum. Strengths are gone through
from strong to weak, each from the weights of the one before; the one that does best on images
that nothing was learned from stays.

Best is the least Brier score (G. W. Brier, Monthly Weather Review 78, 1950) on those images at the
temperature that suits it (Guo and others, ICML 2017): strong regularisation makes a layer unsure
and weak regularisation makes it too sure, both of which calibration mends afterwards, and no image
counts for more than 2, as one can in the cross-entropy. Classes count there as they are, without
weights: of a rare class so few images are in a validation part that these alone would choose.

Where validation images are few, groups of the training part are left out in turn and judge, too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.temperature import fit_temperature, to_probabilities
from autofocus.model.head import Head
from autofocus.runs.progress import Progress
from autofocus.training.descent import descend
from autofocus.training.head import Checkpoint, Features, History, Progressed, score_logits
from autofocus.training.loss import Loss, Standard
from autofocus.training.samples import Samples
from autofocus.training.threads import one_thread_each

# From so strong that little is learned to so weak that all is: by half an order of magnitude.
STRENGTHS = tuple(float(10.0**power) for power in np.arange(1.0, -4.75, -0.5))
# Where nothing can choose; about where it lies on features of the embedded backbones.
MIDDLE_STRENGTH = 0.1
_INNER_FOLDS = 3
# Fewer validation images than these don't choose alone, as chance would choose with them.
ENOUGH = 1000
_VALIDATION, _WITHIN = "validation groups", "groups within the training part"
# L-BFGS ends where no part of the gradient is larger, as scikit-learn's does.
_GRADIENT = 1e-4
_MEASURED = tuple(
    f"{part}_{key}" for part in ("training", "validation") for key in ("accuracy", "cross_entropy")
)
# So many steps back are remembered.
_MEMORY = 10
# Of a Brier score, 0 to 2.
_DIGITS = 3


@dataclass(frozen=True)
class Fitting:
    """How to train the classifier layer.

    Attributes:
        optimizer: to the optimum, or by steps of a fixed rate.
        max_steps: at most so many steps of either.
        learning_rate: how far a step of gradient descent goes along the gradient.
        batch_size: images in such a step; -1 for all.
        eval_interval: such steps between two measurements.
        class_weights: whether rare classes count as much as common ones.
        strengths: of regularisation, the strongest first.
        patience: so many strengths in a row may do worse on validation before the path ends.
        multilabel: whether images may have several labels.
    """

    optimizer: Literal["lbfgs", "gradient_descent"] = "lbfgs"
    max_steps: int = 4000
    learning_rate: float = 0.01
    batch_size: int = 100
    eval_interval: int = 10
    class_weights: Literal["balanced", "none"] = "balanced"
    strengths: tuple[float, ...] = STRENGTHS
    patience: int = 3
    multilabel: bool = False


@dataclass(frozen=True)
class Fitted:
    """A trained classifier layer.

    Attributes:
        head: the layer.
        history: what was measured on the way.
        strength: of the regularisation that stayed.
        converged: whether its optimum was reached.
        steps: how many the optimizer made for it.
        chosen_on: what chose the strength, in words.
        path: a row for each strength that was tried.
        brier_score: the mean over all images that judged, of which the layer learned nothing;
            None where there are none.
    """

    head: Head
    history: History
    strength: float
    converged: bool
    steps: int
    chosen_on: str
    path: tuple[dict[str, Any], ...] = field(default=())
    brier_score: float | None = None


def fit(
    training: Samples,
    validation: Samples,
    groups: Sequence[str],
    fitting: Fitting,
    checkpoint: Checkpoint | None = None,
) -> Fitted:
    """Train the classifier layer.

    Args:
        training: what to learn from.
        validation: what to choose by; may be empty.
        groups: of the training images, for choosing within them where there is no validation.
        fitting: how to train.
        checkpoint: where unfinished training is kept.
    """
    with one_thread_each():
        if fitting.optimizer == "gradient_descent":
            return _by_descent(training, validation, fitting, checkpoint)
        if len(fitting.strengths) == 1:
            return _Path(training, validation, fitting, checkpoint, "given").walk()
        within = _judge_within(training, validation, groups, fitting)
        if _can_choose(training, validation):
            how = f"{_VALIDATION}, and {_WITHIN}" if within else _VALIDATION
            return _Path(training, validation, fitting, checkpoint, how, within).walk()
        strength = min(within, key=within.__getitem__) if within else MIDDLE_STRENGTH
        alone = replace(fitting, strengths=(strength,))
        how = _WITHIN if within else "not chosen: there is nothing to choose by"
        return _Path(training, validation, alone, checkpoint, how, within).walk()


def _by_descent(
    training: Samples, validation: Samples, fitting: Fitting, checkpoint: Checkpoint | None
) -> Fitted:
    descended = descend(
        training,
        validation,
        steps=fitting.max_steps,
        learning_rate=fitting.learning_rate,
        batch_size=fitting.batch_size,
        eval_interval=fitting.eval_interval,
        multilabel=fitting.multilabel,
        balanced=fitting.class_weights == "balanced",
        checkpoint=checkpoint,
    )
    return Fitted(
        descended.head,
        descended.history,
        strength=0.0,
        converged=descended.ended_early,
        steps=descended.steps,
        chosen_on="no regularisation",
        brier_score=_judge_head(descended.head, validation),
    )


def _judge_head(head: Head, validation: Samples) -> float | None:
    if not len(validation):
        return None
    return judge(head.logits(validation.features), validation, multilabel=head.multilabel)


def _can_choose(training: Samples, validation: Samples) -> bool:
    """Tell whether most classes that are learned can be judged."""
    if not len(validation):
        return False
    learned = training.targets.any(axis=0)
    return bool((validation.targets.any(axis=0) & learned).sum() * 2 >= learned.sum())


def _judge_within(
    training: Samples, validation: Samples, groups: Sequence[str], fitting: Fitting
) -> dict[float, float]:
    """Judge each strength by parts of the training images that are left out in turn.

    Returns:
        The mean Brier score by strength, infinite where a path ended before it; empty where
        validation images are many enough, or groups too few.
    """
    if len(set(groups)) < _INNER_FOLDS:
        return {}
    if len(validation) >= ENOUGH and _can_choose(training, validation):
        return {}
    folds = _inner_folds(training, groups)
    judged = dict.fromkeys(fitting.strengths, 0.0)
    for fold in range(_INNER_FOLDS):
        inside, outside = training.rows(folds != fold), training.rows(folds == fold)
        path = _Path(inside, outside, fitting, None, "").walk().path
        found = {row["strength"]: row["validation_brier_score"] for row in path}
        share = len(outside) / len(training)
        for strength in judged:
            judged[strength] += share * found.get(strength, np.inf)
    return judged


def _inner_folds(training: Samples, groups: Sequence[str]) -> NDArray[np.int64]:
    """Divide the groups in turn, those of a class one after the other; shape (N,)."""
    first = dict(zip(reversed(groups), reversed(training.classes.tolist()), strict=True))
    order = sorted(first, key=lambda group: (first[group], group))
    fold_of = {group: number % _INNER_FOLDS for number, group in enumerate(order)}
    return np.array([fold_of[group] for group in groups])


@dataclass
class _Path:
    """Goes through the strengths.

    Attributes:
        within: the mean Brier score of each strength on training images that were left out.
    """

    training: Samples
    validation: Samples
    fitting: Fitting
    checkpoint: Checkpoint | None
    chosen_on: str
    within: Mapping[float, float] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    history: History = field(default_factory=History)

    def walk(self) -> Fitted:
        """Train at one strength after the other, and return the layer of the best."""
        standard = Standard.of(self.training)
        loss = Loss.of(
            standard,
            self.training,
            self.fitting.class_weights,
            multilabel=self.fitting.multilabel,
        )
        values, best = self._load(loss)
        with Progress("training", len(self.fitting.strengths) + 2, "strength") as progress:
            progress.advance(len(self.rows))
            while (strength := self._next()) is not None:
                is_between = strength not in self.fitting.strengths
                values, row = self._descend(loss, best if is_between else values, strength)
                self._measure(standard.unfold(loss.head(values)), row)
                if self._best() == len(self.rows) - 1:
                    best = values
                self._save(values, best)
                progress.advance()
        return self._fitted(standard.unfold(loss.head(best)))

    def _next(self) -> float | None:
        """Return the strength to try now: one of the path, then those beside the best of it."""
        tried = [row["strength"] for row in self.rows]
        path = [strength for strength in self.fitting.strengths if strength in tried]
        is_over = len(tried) - 1 - self._best(len(path)) >= self.fitting.patience
        if len(tried) == len(path) < len(self.fitting.strengths) and not (tried and is_over):
            return self.fitting.strengths[len(path)]
        if self.within or not len(self.validation):
            return None
        best = self._best(len(path))
        beside = [path[place] for place in (best - 1, best + 1) if 0 <= place < len(path)]
        between = [float(np.sqrt(path[best] * strength)) for strength in beside]
        return next((strength for strength in between if strength not in tried), None)

    def _fitted(self, head: Head) -> Fitted:
        row = self.rows[self._best()]
        return Fitted(
            head,
            self.history,
            row["strength"],
            row["converged"],
            row["steps"],
            self.chosen_on,
            tuple(sorted(self.rows, key=lambda row: -row["strength"])),
            self._judged(row) if len(self.validation) or self.within else None,
        )

    def _descend(
        self, loss: Loss, values: NDArray[np.float64], strength: float
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        from scipy.optimize import minimize

        found = minimize(
            loss.at(strength),
            values,
            jac=True,
            method="L-BFGS-B",
            options={
                "maxiter": self.fitting.max_steps,
                # Enough for some steps that take several looks.
                "maxfun": 2 * self.fitting.max_steps,
                "maxcor": _MEMORY,
                "gtol": _GRADIENT,
                # Ended by the gradient alone, so that convergence means the optimum.
                "ftol": 0.0,
            },
        )
        converged = bool(np.abs(found.jac).max() <= _GRADIENT)
        return found.x, {"strength": strength, "steps": int(found.nit), "converged": converged}

    def _measure(self, head: Head, row: dict[str, Any]) -> None:
        for part, samples in (("training", self.training), ("validation", self.validation)):
            if len(samples):
                logits = head.logits(samples.features)
                scores = score_logits(logits, samples, multilabel=head.multilabel)
                row |= {f"{part}_{key}": value for key, value in scores.items()}
        if len(self.validation):
            judged = judge(logits, self.validation, multilabel=head.multilabel)
            row["validation_brier_score"] = judged
        self.rows.append(row)
        measured = {key: row[key] for key in row if key in _MEASURED}
        self.history.rows.append({"step": sum(each["steps"] for each in self.rows)} | measured)

    def _best(self, number: int | None = None) -> int:
        """Return which of the first strengths did best; without validation, the last.

        Scores are compared to three digits, beyond which is chance; of equal ones the first that
        was tried stays, the strongest of the path.
        """
        rows = self.rows[:number]
        if not rows or not len(self.validation):
            return len(rows) - 1
        return int(np.argmin(np.round([self._judged(row) for row in rows], _DIGITS)))

    def _judged(self, row: Mapping[str, float]) -> float:
        """Return the mean Brier score over all images that judged a strength."""
        own: float = row.get("validation_brier_score", 0.0)
        if not self.within:
            return own
        share = len(self.validation) / (len(self.validation) + len(self.training))
        return share * own + (1 - share) * self.within[row["strength"]]

    def _load(self, loss: Loss) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        kept = self.checkpoint.load() if self.checkpoint else None
        if kept is None:
            return loss.start(), loss.start()
        self.rows, self.history = kept.state["rows"], History(kept.state["history"])
        return kept.arrays["values"], kept.arrays["best"]

    def _save(self, values: NDArray[np.float64], best: NDArray[np.float64]) -> None:
        if self.checkpoint is not None:
            state = {"rows": self.rows, "history": self.history.rows}
            self.checkpoint.save(Progressed(state, {"values": values, "best": best}))


def judge(logits: Features, samples: Samples, *, multilabel: bool) -> float:
    """Return the Brier score of answers once they are calibrated: from 0, the less the better.

    Args:
        logits: shape (N, C).
        samples: N images.
        multilabel: whether each class has a probability of its own.
    """
    temperature = fit_temperature(logits, samples.targets, multilabel=multilabel)
    probabilities = to_probabilities(logits, temperature, multilabel=multilabel)
    return float(np.square(probabilities - samples.targets).sum(axis=1).mean())
