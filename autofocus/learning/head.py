"""The classifier layer: a softmax regression on feature vectors, trained by gradient descent.

The training is that of TensorFlow's retraining script: a step takes `train_batch_size` images,
each of a class drawn at random first, so that rare classes count as much as common ones, and
follows the gradient of the mean cross-entropy at a fixed rate. The loss is convex, so the weights
start at zero. The step number seeds what is random in a step: training can go on from a checkpoint
and ends with the same weights.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autofocus.common import files
from autofocus.common.progress import Progress

Features = NDArray[np.float32]
Indices = NDArray[np.int64]

# Seconds between checkpoints: rare enough to cost nothing, frequent enough to lose little.
CHECKPOINT_EVERY_S = 10.0
_TINY = 1e-12


@dataclass(frozen=True)
class Head:
    """The weights of the classifier layer.

    Attributes:
        weights: shape (feature size D, classes C).
        bias: shape (C,).
    """

    weights: Features
    bias: Features

    def probabilities(self, features: Features) -> Features:
        """Return the probability of each class: (N, D) to (N, C), rows of sum 1."""
        logits = features @ self.weights + self.bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Features = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        return shares


@dataclass(frozen=True)
class Samples:
    """Images as the classifier layer sees them.

    Attributes:
        features: shape (N, D).
        classes: the number of each image's class, shape (N,).
    """

    features: Features
    classes: Indices


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Attributes:
        steps: gradient steps.
        learning_rate: how far a step goes along the gradient.
        batch_size: images a step; -1 for all of the part, each once.
        eval_interval: steps between two measurements.
    """

    steps: int
    learning_rate: float
    batch_size: int
    eval_interval: int


@dataclass
class History:
    """What was measured while training.

    Attributes:
        rows: each a step and its accuracies and cross-entropies (natural logarithm).
    """

    rows: list[dict[str, float]] = field(default_factory=list)


Batch = Callable[[int], Samples]


def draw(classes: Indices, batch_size: int, step: int) -> Indices:
    """Return which images a step takes: a class at random, then one of its images at random.

    Args:
        classes: the class of each image, shape (N,).
        batch_size: how many images; -1 for all, each once.
        step: the number of the step.
    """
    if batch_size < 0:
        return np.arange(len(classes))
    random = np.random.default_rng([step, len(classes)])
    present, sizes = np.unique(classes, return_counts=True)
    order = np.argsort(classes, kind="stable")
    starts = np.cumsum(sizes) - sizes
    chosen = random.integers(len(present), size=batch_size)
    places = starts[chosen] + random.integers(sizes[chosen])
    images: Indices = order[places].astype(np.int64)
    return images


def train(
    batch: Batch,
    validation: Samples,
    shape: tuple[int, int],
    schedule: Schedule,
    checkpoint: "Checkpoint",
) -> tuple[Head, History]:
    """Train the classifier layer.

    Args:
        batch: gives the images of a step.
        validation: images that are measured on the way, not learned from; may be none.
        shape: feature size and number of classes.
        schedule: how long and how fast.
        checkpoint: where to go on from, and where to leave off.

    Returns:
        The trained layer, and what was measured on the way.
    """
    step, head, history = checkpoint.load(shape)
    with Progress("training", schedule.steps, "step") as progress:
        progress.advance(step)
        while step < schedule.steps:
            samples = batch(step)
            head = descend(head, samples, schedule.learning_rate)
            step += 1
            progress.advance()
            if step % schedule.eval_interval == 0 or step == schedule.steps:
                history.rows.append(_measure(step, head, samples, validation))
                checkpoint.save_now_and_then(step, head, history)
    return head, history


def descend(head: Head, samples: Samples, learning_rate: float) -> Head:
    """Take one gradient step on the mean cross-entropy."""
    errors = head.probabilities(samples.features)
    errors[np.arange(len(errors)), samples.classes] -= 1
    errors *= np.float32(learning_rate / len(errors))
    return Head(head.weights - samples.features.T @ errors, head.bias - errors.sum(axis=0))


def _measure(step: int, head: Head, training: Samples, validation: Samples) -> dict[str, float]:
    row: dict[str, float] = {"step": step}
    for part, samples in (("training", training), ("validation", validation)):
        if len(samples.classes):
            row |= {f"{part}_{key}": value for key, value in score(head, samples).items()}
    return row


def score(head: Head, samples: Samples) -> dict[str, float]:
    """Return accuracy (0 to 1) and mean cross-entropy (natural logarithm) on some images."""
    probabilities = head.probabilities(samples.features)
    own = probabilities[np.arange(len(probabilities)), samples.classes]
    right = probabilities.argmax(axis=1) == samples.classes
    return {
        "accuracy": float(right.mean()),
        "cross_entropy": float(-np.log(np.maximum(own, _TINY)).mean()),
    }


class Checkpoint:
    """Keeps unfinished training, so that it can be stopped at any moment.

    Args:
        path: the file; a subject's other training is not taken for this one.
        scratch: a folder for unfinished files.
        subject: tells what is trained on what.
    """

    def __init__(self, path: Path, scratch: Path, subject: str) -> None:
        self._path = path
        self._scratch = scratch
        self._subject = subject
        self._next = time.monotonic() + CHECKPOINT_EVERY_S

    def load(self, shape: tuple[int, int]) -> tuple[int, Head, History]:
        """Return the step reached, the layer and the history; step 0 where there is none."""
        fresh = Head(np.zeros(shape, np.float32), np.zeros(shape[1], np.float32))
        if not self._path.exists():
            return 0, fresh, History()
        with np.load(self._path) as kept:
            if str(kept["subject"]) != self._subject:
                return 0, fresh, History()
            rows = list(_rows(kept["columns"], kept["history"]))
            return int(kept["step"]), Head(kept["weights"], kept["bias"]), History(rows)

    def save_now_and_then(self, step: int, head: Head, history: History) -> None:
        """Keep the training if it's time to."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + CHECKPOINT_EVERY_S
        columns = list(history.rows[0])
        with files.whole_file(self._path, self._scratch) as unfinished, unfinished.open("wb") as f:
            np.savez(
                f,
                subject=self._subject,
                step=step,
                weights=head.weights,
                bias=head.bias,
                columns=np.array(columns),
                history=np.array([[row[key] for key in columns] for row in history.rows]),
            )

    def remove(self) -> None:
        """Forget the training: it has ended."""
        self._path.unlink(missing_ok=True)


def _rows(columns: NDArray[np.str_], values: NDArray[np.float64]) -> Iterator[dict[str, float]]:
    for row in values:
        yield dict(zip(map(str, columns), map(float, row), strict=True))
