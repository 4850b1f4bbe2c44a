"""Stochastic gradient descent at a fixed rate, as in TensorFlow's retraining script.

A step takes `batch_size` random images and follows the gradient of the mean cross-entropy. The
random generator of a step is seeded by the step's number: training resumes from a checkpoint and
ends with the same weights.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.model.head import Head
from autofocus.runs.progress import Progress
from autofocus.training.checkpoint import Checkpoint, TrainingState
from autofocus.training.feature_rows import by_block, fits, load
from autofocus.training.samples import Samples
from autofocus.training.scores import Measurement, score

# Training stops early after this many measurements without a better one on validation images.
PATIENCE = 50


@dataclass(frozen=True)
class DescentResult:
    """A head that was trained by gradient descent.

    Attributes:
        head: of the step with the best measurement on validation images, if there are any.
        history: all measurements.
        steps: number of steps that were made.
        best_step: the step of the head.
        stopped_early: whether training stopped before the last step.
    """

    head: Head
    history: tuple[Measurement, ...]
    steps: int
    best_step: int
    stopped_early: bool


@dataclass(frozen=True)
class ImagesByClass:
    """The images of each class, to draw from.

    Attributes:
        order: the numbers of N images, class after class, shape (N,).
        sizes: the number of images of each of K classes that occur, shape (K,).
    """

    order: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, classes: NDArray[np.int64]) -> "ImagesByClass":
        """Return the images of each class, given the class of each image, shape (N,)."""
        _, sizes = np.unique(classes, return_counts=True)
        return cls(np.argsort(classes, kind="stable"), sizes)


def draw(
    images: ImagesByClass, batch_size: int, step: int, *, balanced: bool = True
) -> NDArray[np.int64]:
    """Return the numbers of the images of a step.

    Args:
        images: N images.
        batch_size: number of images; -1 for all, each once.
        step: the number of the step.
        balanced: whether to draw a class first and then one of its images, so that rare classes
            count as much as common ones; otherwise all images are equally likely.
    """
    number = len(images.order)
    if batch_size < 0:
        return np.arange(number)
    random = np.random.default_rng([step, number])
    if not balanced:
        return random.integers(number, size=batch_size)
    starts = np.cumsum(images.sizes) - images.sizes
    chosen = random.integers(len(images.sizes), size=batch_size)
    positions = starts[chosen] + random.integers(images.sizes[chosen])
    drawn: NDArray[np.int64] = images.order[positions].astype(np.int64)
    return drawn


def take_step(head: Head, samples: Samples, learning_rate: float) -> Head:
    """Follow the gradient of the weighted mean cross-entropy for one step."""
    rate = np.float32(learning_rate / samples.weights.sum())

    def part(rows: slice, features: NDArray[np.float32]) -> tuple[NDArray[Any], NDArray[Any]]:
        errors = head.probabilities(features) - samples.targets[rows]
        errors *= samples.weights[rows, None] * rate
        return features.T @ errors, errors.sum(axis=0)

    weights, bias = head.weights, head.bias
    if fits(samples.features.shape):
        parts = iter([part(slice(None), load(samples.features))])
    else:
        parts = by_block(part, samples.features)
    for of_weights, of_bias in parts:
        weights, bias = weights - of_weights, bias - of_bias
    return Head(weights, bias, head.multilabel)


def descend(
    training: Samples,
    validation: Samples,
    *,
    steps: int,
    learning_rate: float,
    batch_size: int,
    eval_interval: int,
    multilabel: bool,
    balanced: bool = True,
    checkpoint: Checkpoint | None = None,
    patience: int = PATIENCE,
) -> DescentResult:
    """Train a head by gradient descent.

    Args:
        training: images to train on.
        validation: images to choose the best step by; may be empty.
        steps: maximum number of steps.
        learning_rate: length of a step, as a multiple of the gradient.
        batch_size: images per step; -1 for all.
        eval_interval: steps between two measurements.
        multilabel: whether images may have several labels.
        balanced: whether rare classes are drawn as often as common ones.
        checkpoint: keeps unfinished training.
        patience: number of measurements without a better one after which training stops.
    """
    shape = (training.features.shape[1], training.targets.shape[1])
    zero = Head(np.zeros(shape, np.float32), np.zeros(shape[1], np.float32), multilabel)
    step, head, best, history = _load(checkpoint, zero)
    images = ImagesByClass.of(training.classes)
    stopped_early = _measurements_since_best(history) >= patience
    with Progress("training", steps, "step") as progress:
        progress.advance(step)
        while step < steps and not stopped_early:
            batch = training.rows(draw(images, batch_size, step, balanced=balanced))
            head = take_step(head, batch, learning_rate)
            step += 1
            progress.advance()
            if step % eval_interval == 0 or step == steps:
                history.append(Measurement(step, score(head, batch), score(head, validation)))
                since = _measurements_since_best(history)
                best = best if since else head
                stopped_early = since >= patience
                if checkpoint is not None and checkpoint.is_due:
                    _save(checkpoint, step, head, best, history)
    best_step = history[-1 - _measurements_since_best(history)].step
    return DescentResult(best, tuple(history), step, best_step, stopped_early)


def _measurements_since_best(history: list[Measurement]) -> int:
    """Return how many measurements ago validation was best; 0 without validation images."""
    entropies = [row.validation.cross_entropy for row in history if row.validation]
    return len(entropies) - 1 - int(np.argmin(entropies)) if entropies else 0


def _load(checkpoint: Checkpoint | None, zero: Head) -> tuple[int, Head, Head, list[Measurement]]:
    saved = checkpoint.load() if checkpoint is not None else None
    if saved is None:
        return 0, zero, zero, []
    head, best = (
        Head(saved.arrays[f"{name}_weights"], saved.arrays[f"{name}_bias"], zero.multilabel)
        for name in ("head", "best")
    )
    history = [Measurement.from_json(row) for row in saved.values["history"]]
    return saved.values["step"], head, best, history


def _save(
    checkpoint: Checkpoint, step: int, head: Head, best: Head, history: list[Measurement]
) -> None:
    arrays = {
        "head_weights": head.weights,
        "head_bias": head.bias,
        "best_weights": best.weights,
        "best_bias": best.bias,
    }
    rows = [row.to_json() for row in history]
    checkpoint.save(TrainingState({"step": step, "history": rows}, arrays))
