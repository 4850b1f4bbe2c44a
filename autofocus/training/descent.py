"""Gradient descent at a fixed rate, as in TensorFlow's retraining script.

A step takes `batch_size` images at random and follows the gradient of the mean cross-entropy. The
step's number seeds what is random in it: training can go on from a checkpoint and ends with the
same weights.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.model.head import Head
from autofocus.runs.progress import Progress
from autofocus.training.head import Checkpoint, History, Progressed
from autofocus.training.samples import Samples

# Training ends early when the validation part has not got better for so many measurements.
PATIENCE = 50


@dataclass(frozen=True)
class Descended:
    """What came out.

    Attributes:
        head: the layer, of the step that did best on the validation part where there is one.
        history: what was measured on the way.
        steps: how many were made.
        ended_early: whether validation ended it before the last step.
    """

    head: Head
    history: History
    steps: int
    ended_early: bool


def draw(
    classes: NDArray[np.int64], batch_size: int, step: int, *, balanced: bool = True
) -> NDArray[np.int64]:
    """Return which images a step takes.

    Args:
        classes: the class of each image, shape (N,).
        batch_size: how many images; -1 for all, each once.
        step: the number of the step.
        balanced: whether a class is drawn first and then one of its images, so that rare classes
            count as much as common ones; else each image is as likely as any other.
    """
    if batch_size < 0:
        return np.arange(len(classes))
    random = np.random.default_rng([step, len(classes)])
    if not balanced:
        return random.integers(len(classes), size=batch_size)
    present, sizes = np.unique(classes, return_counts=True)
    order = np.argsort(classes, kind="stable")
    starts = np.cumsum(sizes) - sizes
    chosen = random.integers(len(present), size=batch_size)
    places = starts[chosen] + random.integers(sizes[chosen])
    images: NDArray[np.int64] = order[places].astype(np.int64)
    return images


def take_step(head: Head, samples: Samples, learning_rate: float) -> Head:
    """Follow the gradient of the mean cross-entropy for one step."""
    errors = head.probabilities(samples.features) - samples.targets
    errors *= samples.weights[:, None] * np.float32(learning_rate / samples.weights.sum())
    return Head(
        head.weights - samples.features.T @ errors, head.bias - errors.sum(axis=0), head.multilabel
    )


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
) -> Descended:
    """Train the classifier layer.

    Args:
        training: what to learn from.
        validation: what to end by; may be empty.
        steps: at most so many.
        learning_rate: how far a step goes along the gradient.
        batch_size: images a step; -1 for all.
        eval_interval: steps between two measurements.
        multilabel: whether images may have several labels.
        balanced: whether rare classes are drawn as often as common ones.
        checkpoint: where unfinished training is kept.
        patience: training ends after so many measurements that were no better.
    """
    shape = (training.features.shape[1], training.targets.shape[1])
    zero = Head(np.zeros(shape, np.float32), np.zeros(shape[1], np.float32), multilabel)
    step, head, best, history = _load(checkpoint, zero)
    classes = training.classes
    ended_early = _since_best(history) >= patience
    with Progress("training", steps, "step") as progress:
        progress.advance(step)
        while step < steps and not ended_early:
            samples = training.rows(draw(classes, batch_size, step, balanced=balanced))
            head = take_step(head, samples, learning_rate)
            step += 1
            progress.advance()
            if step % eval_interval == 0 or step == steps:
                history.measure(step, head, samples, validation)
                since = _since_best(history)
                best = best if since else head
                ended_early = since >= patience
                if checkpoint is not None and checkpoint.is_due:
                    _save(checkpoint, step, head, best, history)
    return Descended(best, history, step, ended_early)


def _since_best(history: History) -> int:
    """Return how many measurements ago validation was best; 0 where there is none."""
    key = "validation_cross_entropy"
    judged = [row[key] for row in history.rows if key in row]
    return len(judged) - 1 - int(np.argmin(judged)) if judged else 0


def _load(checkpoint: Checkpoint | None, zero: Head) -> tuple[int, Head, Head, History]:
    kept = checkpoint.load() if checkpoint is not None else None
    if kept is None:
        return 0, zero, zero, History()
    heads = [
        Head(kept.arrays[f"{which}_weights"], kept.arrays[f"{which}_bias"], zero.multilabel)
        for which in ("head", "best")
    ]
    return kept.state["step"], heads[0], heads[1], History(kept.state["history"])


def _save(checkpoint: Checkpoint, step: int, head: Head, best: Head, history: History) -> None:
    arrays = {
        "head_weights": head.weights,
        "head_bias": head.bias,
        "best_weights": best.weights,
        "best_bias": best.bias,
    }
    checkpoint.save(Progressed({"step": step, "history": history.rows}, arrays))
