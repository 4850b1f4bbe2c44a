"""Logistic regression on more images than fit in memory: the same minimum, by passes over a file.

The loss is that of `autofocus.training.logistic_regression`. A step of L-BFGS needs its value and
gradient, which are sums over images: they are added up block by block, each block computed in
single precision and added in double. So that few passes are needed, the loss is minimised on a
sample of the images first, and the steps on all of them start there, scaled by the curvature that
was found there (R. H. Byrd and others, "On the Use of Stochastic Hessian Information in
Optimization Methods for Machine Learning", SIAM Journal on Optimization 21, 2011).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.progress import Progress
from autofocus.training.checkpoint import Checkpoint, TrainingState
from autofocus.training.class_weights import ClassWeights, LossWeights
from autofocus.training.curvature import Curvature
from autofocus.training.lbfgs import Ending, Search, Vector, advance
from autofocus.training.learned_classes import LearnedClasses
from autofocus.training.logistic_regression import TOLERANCE, Solution
from autofocus.training.samples import Samples
from autofocus.training.standardization import Standardization
from autofocus.training.streamed_loss import StreamedLoss

# Bytes of the features of the sample, in single precision: 52,428 rows of 1,280.
_SAMPLE_BYTES = 1 << 28
# Of each class, the sample has so many images if there are.
_LEAST_PER_CLASS = 100
_SAMPLE_STEPS = 200
# The search ends when what is left to gain is estimated to be less.
_LEAST_GAIN = 1e-7


class StreamedRegression:
    """A logistic regression on images whose features are read in blocks.

    Args:
        samples: images to train on, at least one.
        kind: whether rare classes count as much as common ones.
        multilabel: whether images may have several labels.
        max_steps: maximum number of steps of L-BFGS, each at least one pass over the images.
    """

    def __init__(
        self, samples: Samples, kind: ClassWeights, *, multilabel: bool, max_steps: int
    ) -> None:
        self._samples = samples
        self._kind = kind
        self._multilabel = multilabel
        self._max_steps = max_steps
        self._scale = Standardization.of(samples.features)
        self._classes = LearnedClasses.of(samples, multilabel=multilabel)

    def solve(self, strength: float, checkpoint: Checkpoint | None = None) -> Solution:
        """Return the head at a strength of regularisation.

        Args:
            strength: of the regularisation.
            checkpoint: keeps the state after a step; with it, an interrupted search goes on and
                ends with the same head.
        """
        sizes = self._classes.sizes.tolist()
        memory = _Memory(checkpoint, [strength, *self._scale.mean.tolist(), *sizes])
        with Progress("training", 0, "pass") as progress:
            loss = replace(self._loss(self._samples, strength), on_pass=progress.advance)
            start, search = memory.load() or (self._start(strength), None)
            curvature = Curvature.at(self._loss(self._sample(), strength), start)
            search = search or Search.begin(loss, start)
            ending = Ending(self._max_steps, TOLERANCE, _LEAST_GAIN)
            while not ending.is_reached(search, curvature.divide):
                search = advance(search, loss, curvature.divide)
                memory.save(start, search, is_last=ending.is_reached(search, curvature.divide))
        head = self._scale.unfold(self._classes.head(search.point))
        return Solution(head, search.steps, search.steps < self._max_steps)

    def _loss(self, samples: Samples, strength: float) -> StreamedLoss:
        weights = LossWeights.of(samples, self._kind, multilabel=self._multilabel)
        return StreamedLoss(
            samples, self._scale, weights, self._classes.columns, self._multilabel, strength
        )

    def _start(self, strength: float) -> Vector:
        """Return the minimum on the sample, where the curvature is measured twice."""
        loss = self._loss(self._sample(), strength)
        point = self._classes.zero
        for steps in (_SAMPLE_STEPS // 10, _SAMPLE_STEPS):
            curvature = Curvature.at(loss, point)
            search = Search.begin(loss, point)
            ending = Ending(steps, TOLERANCE, _LEAST_GAIN)
            while not ending.is_reached(search, curvature.divide):
                search = advance(search, loss, curvature.divide)
            point = search.point
        return point

    def _sample(self) -> Samples:
        """Return some of the images, evenly spaced, in memory; of rare classes more."""
        number = _SAMPLE_BYTES // (4 * self._samples.features.shape[1])
        chosen = [_spaced(np.arange(len(self._samples)), number)]
        for column in self._classes.columns.tolist():
            shown = np.flatnonzero(self._samples.targets[:, column])
            chosen.append(_spaced(shown, _LEAST_PER_CLASS))
        return self._samples.rows(np.unique(np.concatenate(chosen))).load()


def _spaced(numbers: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most so many of some numbers, evenly spaced."""
    if len(numbers) <= most:
        return numbers
    return numbers[np.linspace(0, len(numbers) - 1, most).astype(np.int64)]


@dataclass(frozen=True)
class _Memory:
    """The state of a search in a checkpoint.

    Attributes:
        checkpoint: keeps it; None if nothing does.
        subject: numbers that identify what is minimised.
    """

    checkpoint: Checkpoint | None
    subject: list[float]

    def load(self) -> tuple[Vector, Search] | None:
        """Return where the search began, and its last state; None if there is none."""
        saved = self.checkpoint.load() if self.checkpoint else None
        if saved is None or saved.values.get("subject") != self.subject:
            return None
        arrays, values = saved.arrays, saved.values
        search = Search(
            arrays["point"],
            values["value"],
            arrays["gradient"],
            arrays["moves"],
            arrays["bends"],
            values["steps"],
            values["is_stuck"],
        )
        return arrays["start"], search

    def save(self, start: Vector, search: Search, *, is_last: bool) -> None:
        """Save the state, if it is time to, or if it is the last."""
        if self.checkpoint is None or not (is_last or self.checkpoint.is_due):
            return
        values = {"value": search.value, "steps": search.steps, "is_stuck": search.is_stuck}
        arrays = {
            "start": start,
            "point": search.point,
            "gradient": search.gradient,
            "moves": search.moves,
            "bends": search.bends,
        }
        self.checkpoint.save(TrainingState({"subject": self.subject, **values}, arrays))
