"""Training a head: logistic regression at one strength of regularisation, or gradient descent."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from autofocus.model.head import Head
from autofocus.training.checkpoint import Checkpoint, TrainingState
from autofocus.training.class_weights import ClassWeights
from autofocus.training.descent import descend
from autofocus.training.feature_rows import fits
from autofocus.training.logistic_regression import LogisticRegressions
from autofocus.training.samples import Samples
from autofocus.training.scores import Measurement, Scores
from autofocus.training.streamed_regression import StreamedRegression
from autofocus.training.threads import single_threaded

# From underfitting to overfitting, by half an order of magnitude.
STRENGTHS = tuple(float(10.0**power) for power in np.arange(3.0, -4.75, -0.5))
# Used if there is nothing to choose by; about the optimum for the embedded backbones.
MIDDLE_STRENGTH = 0.1


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
        strengths: strengths of regularisation to choose from, the strongest first; a single one
            is used as it is.
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
    """The result at one strength of regularisation, by heads each trained without a fold.

    Attributes:
        strength: of the regularisation.
        steps: number of steps of the optimizer, for all folds.
        converged: whether it reached the minimum in all folds.
        training: scores on the images that each head was trained on.
        held_out: scores on those that it was not, before calibration.
        brier_score: of the calibrated votes of sequences that were held out.
        accuracy: share of these votes that are right.
    """

    strength: float
    steps: int
    converged: bool
    training: Scores
    held_out: Scores
    brier_score: float
    accuracy: float

    def to_json(self) -> dict[str, Any]:
        """Return the result as a row of the path in `metrics.json`."""
        return {
            "strength": self.strength,
            "steps": self.steps,
            "converged": self.converged,
            **self.training.to_json("training_"),
            **self.held_out.to_json("validation_"),
            "validation_brier_score": self.brier_score,
            "validation_sequence_accuracy": self.accuracy,
        }


@dataclass(frozen=True)
class FitResult:
    """A trained head, and how it was trained.

    Attributes:
        head: the head.
        strength: the strength of regularisation; 0 for none.
        converged: whether the optimizer reached the minimum.
        steps: number of steps of the optimizer.
        best_step: the step that the head is of; the last one unless validation chose another.
        history: measurements on the way.
    """

    head: Head
    strength: float
    converged: bool
    steps: int
    best_step: int
    history: tuple[Measurement, ...] = ()

    def pack(self) -> TrainingState:
        """Return the result as a checkpoint holds it."""
        values = asdict(self)
        head = values.pop("head")
        arrays = {"weights": self.head.weights, "bias": self.head.bias}
        return TrainingState({**values, "multilabel": head["multilabel"]}, arrays)

    @classmethod
    def unpack(cls, state: TrainingState) -> "FitResult":
        """Return what `pack` was given."""
        values = dict(state.values)
        head = Head(
            state.arrays["weights"], state.arrays["bias"], multilabel=values.pop("multilabel")
        )
        history = tuple(Measurement.from_fields(row) for row in values.pop("history"))
        return cls(head, history=history, **values)


def fit(
    training: Samples,
    strength: float,
    settings: HeadSettings,
    checkpoint: Checkpoint | None = None,
) -> FitResult:
    """Train a head by logistic regression.

    Features that don't fit in memory in double precision are read in blocks.

    Args:
        training: images to train on.
        strength: of the regularisation.
        settings: how to train.
        checkpoint: keeps unfinished training on many images; training on few is too short.
    """
    kind, multilabel, steps = settings.class_weights, settings.multilabel, settings.max_steps
    with single_threaded():
        if fits(training.features.shape):
            few = LogisticRegressions(training, kind, multilabel=multilabel, max_steps=steps)
            solution = few.solve(strength)
        else:
            many = StreamedRegression(training, kind, multilabel=multilabel, max_steps=steps)
            solution = many.solve(strength, checkpoint)
    return FitResult(solution.head, strength, solution.converged, solution.steps, solution.steps)


def fit_by_descent(
    training: Samples,
    validation: Samples,
    settings: HeadSettings,
    checkpoint: Checkpoint | None = None,
) -> FitResult:
    """Train a head by gradient descent.

    Args:
        training: images to train on.
        validation: images to choose the number of steps by; may be empty.
        settings: how to train.
        checkpoint: keeps unfinished training.
    """
    with single_threaded():
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
        strength=0.0,
        converged=result.stopped_early,
        steps=result.steps,
        best_step=result.best_step,
        history=result.history,
    )
