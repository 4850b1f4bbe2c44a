"""Choosing the strength of regularisation on groups of images that are held out in turn.

Strengths are tried from strong to weak in each fold; the one that does best on the sequences that
were held out of all folds together is chosen. Best is the lowest Brier score of the sequences'
votes after calibration: strong regularisation makes a head underconfident and weak regularisation
makes it overconfident, both of which calibration corrects afterwards, and no sequence counts for
more than 2, as it can in the cross-entropy. Classes are not weighted there: so few sequences of a
rare class are held out that these alone would choose. Of equal strengths the strongest is chosen.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.progress import Progress
from autofocus.training.checkpoint import TrainingState
from autofocus.training.fitting import MIDDLE_STRENGTH, HeadSettings, StrengthResult
from autofocus.training.logistic_regression import LogisticRegressions
from autofocus.training.pieces import Pieces
from autofocus.training.samples import Samples
from autofocus.training.scores import Measurement, Scores, logits_of, score, score_logits
from autofocus.training.threads import single_threaded
from autofocus.training.votes import Votes

# Brier scores, 0 to 2, are compared to this many digits; the rest is chance.
_DIGITS = 3
_LEAST_FOLDS = 2
NOT_CHOSEN = "not chosen: there is nothing to choose by"


@dataclass(frozen=True)
class TrainingSet:
    """Images to train on, and what is needed to hold some of them out.

    Attributes:
        images: all N images, as they are.
        learned: M rows to learn from: some of the images, and their distorted copies.
        owners: the number of the image that each of these rows is of, shape (M,).
        votes: the sequences of the images.
    """

    images: Samples
    learned: Samples
    owners: NDArray[np.int64]
    votes: Votes

    @classmethod
    def of_images(cls, samples: Samples) -> "TrainingSet":
        """Return images that are all learned from, each a sequence of its own."""
        number = len(samples)
        return cls(samples, samples, np.arange(number), Votes.of_images(number))

    def without(self, is_held_out: NDArray[np.bool_]) -> Samples:
        """Return the rows to learn from without those of some of the images, a mask (N,)."""
        return self.learned.rows(~is_held_out[self.owners])


@dataclass(frozen=True)
class Choice:
    """The strength that was chosen, and by what.

    Attributes:
        strength: of the regularisation.
        chosen_on: on what it was chosen, in words.
        path: the results at all strengths that were tried, the strongest first.
        logits: of each image by the head of the chosen strength that was trained without its
            fold, shape (N, C); None if there was nothing to choose by.
    """

    strength: float
    chosen_on: str
    path: tuple[StrengthResult, ...] = ()
    logits: NDArray[np.float32] | None = None

    @property
    def history(self) -> tuple[Measurement, ...]:
        """The scores after each strength, for the report's charts."""
        steps = np.cumsum([row.steps for row in self.path]).tolist()
        return tuple(
            Measurement(step, row.training, row.held_out)
            for step, row in zip(steps, self.path, strict=True)
        )


def choose(
    images: TrainingSet,
    folds: NDArray[np.int64],
    settings: HeadSettings,
    kind: str = "sequence",
    pieces: Pieces | None = None,
) -> Choice:
    """Choose the strength of regularisation.

    Args:
        images: N images.
        folds: the fold of each image, shape (N,); a group lies in a single one.
        settings: how to train; the strengths are those to choose from.
        kind: of what is scored, in words.
        pieces: keeps the folds that are done; None to keep none.
    """
    numbers = np.unique(folds).tolist()
    if len(numbers) < _LEAST_FOLDS:
        return Choice(MIDDLE_STRENGTH, NOT_CHOSEN)
    total = len(numbers) * len(settings.strengths)
    with single_threaded(), Progress("training", total, "strength") as progress:
        walks = [
            (pieces or Pieces()).keep(
                f"fold {fold}",
                partial(_walk, images, folds == fold, settings, progress),
                _pack,
                _unpack,
            )
            for fold in numbers
        ]
    # As far as no fold stopped.
    trials = list(zip(*walks, strict=False))
    results = [
        _Together(images, trial, settings).result(strength)
        for strength, trial in zip(settings.strengths, trials, strict=False)
    ]
    best = int(np.argmin(np.round([result.brier_score for result in results], _DIGITS)))
    return Choice(
        results[best].strength,
        f"{kind}s of groups held out in {len(numbers)} folds",
        tuple(results),
        _Together(images, trials[best], settings).logits,
    )


@dataclass(frozen=True)
class _Trial:
    """The result at one strength in one fold.

    Attributes:
        is_held_out: which of the N images were held out, shape (N,).
        logits: of the images that were held out, shape (H, C).
        training: scores on the rows that were learned from.
        steps: number of steps of the optimizer.
        converged: whether it reached the minimum.
    """

    is_held_out: NDArray[np.bool_]
    logits: NDArray[np.float32]
    training: Scores
    steps: int
    converged: bool


def _walk(
    images: TrainingSet, is_held_out: NDArray[np.bool_], settings: HeadSettings, progress: Progress
) -> list[_Trial]:
    """Train without a fold at one strength after the other, as long as that is worth it."""
    training, held_out = images.without(is_held_out), images.images.rows(is_held_out)
    votes = images.votes.rows(is_held_out)
    regressions = LogisticRegressions(
        training,
        settings.class_weights,
        multilabel=settings.multilabel,
        max_steps=settings.max_steps,
    )
    trials: list[_Trial] = []
    scores: list[float] = []
    for strength in settings.strengths:
        solution = regressions.solve(strength)
        logits = logits_of(solution.head, held_out.features)
        fitted = score(solution.head, training) or Scores(0.0, 0.0)
        trials.append(_Trial(is_held_out, logits, fitted, solution.steps, solution.converged))
        voted = votes.scores(logits, held_out.targets, multilabel=settings.multilabel)
        scores.append(voted.brier_score)
        progress.advance()
        if len(scores) - 1 - int(np.argmin(scores)) >= settings.patience:
            break
    return trials


def _pack(trials: list[_Trial]) -> TrainingState:
    """Return the trials of a fold as a checkpoint holds them."""
    values = [
        {"training": asdict(one.training), "steps": one.steps, "converged": one.converged}
        for one in trials
    ]
    arrays = {f"logits_{number}": one.logits for number, one in enumerate(trials)}
    return TrainingState({"trials": values}, {"is_held_out": trials[0].is_held_out, **arrays})


def _unpack(state: TrainingState) -> list[_Trial]:
    return [
        _Trial(
            state.arrays["is_held_out"],
            state.arrays[f"logits_{number}"],
            Scores(**values["training"]),
            values["steps"],
            values["converged"],
        )
        for number, values in enumerate(state.values["trials"])
    ]


@dataclass(frozen=True)
class _Together:
    """The results at one strength in all folds.

    Attributes:
        images: N images.
        trials: one per fold.
        settings: how the heads were trained.
    """

    images: TrainingSet
    trials: Sequence[_Trial]
    settings: HeadSettings

    @property
    def logits(self) -> NDArray[np.float32]:
        """Of each image by the head that was trained without it, shape (N, C)."""
        logits = np.zeros(self.images.images.targets.shape, np.float32)
        for trial in self.trials:
            logits[trial.is_held_out] = trial.logits
        return logits

    def result(self, strength: float) -> StrengthResult:
        """Return the result for all images together."""
        samples, multilabel = self.images.images, self.settings.multilabel
        logits = self.logits
        voted = self.images.votes.scores(logits, samples.targets, multilabel=multilabel)
        return StrengthResult(
            strength,
            sum(trial.steps for trial in self.trials),
            all(trial.converged for trial in self.trials),
            Scores(
                float(np.mean([trial.training.accuracy for trial in self.trials])),
                float(np.mean([trial.training.cross_entropy for trial in self.trials])),
            ),
            score_logits(logits, samples, multilabel=multilabel),
            voted.brier_score,
            voted.accuracy,
        )
