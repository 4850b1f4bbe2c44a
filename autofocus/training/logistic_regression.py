"""Logistic regression at one strength of regularisation after the other, with scikit-learn.

The loss is the weighted mean cross-entropy, summed over labels if images may have several, plus
half the strength times the sum of the squared weights, on standardised features. It is convex:
L-BFGS (Liu and Nocedal, Mathematical Programming 45, 1989) finds its only minimum.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import need
from autofocus.model.head import Head
from autofocus.training.class_weights import ClassWeights, loss_weights
from autofocus.training.feature_rows import load
from autofocus.training.samples import Samples
from autofocus.training.standardization import Standardization

# L-BFGS stops when no component of the gradient is larger.
TOLERANCE = 1e-4
_BINARY = 2

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Solution:
    """The head at one strength of regularisation.

    Attributes:
        head: for raw features.
        steps: number of steps of L-BFGS; with several labels per image, the most that one took.
        converged: whether it needed fewer steps than the maximum.
    """

    head: Head
    steps: int
    converged: bool


class LogisticRegressions:
    """Logistic regressions on the same images, each starting from the solution before it.

    In double precision: near the minimum, single precision can't tell whether a step led down, and
    scores would differ in their last digits.

    Args:
        samples: images to train on, at least one.
        kind: whether rare classes count as much as common ones.
        multilabel: whether images may have several labels; each label is a problem of its own.
        max_steps: maximum number of steps of L-BFGS per problem.
    """

    def __init__(
        self, samples: Samples, kind: ClassWeights, *, multilabel: bool, max_steps: int
    ) -> None:
        features = load(samples.features)
        self._scale = Standardization.of(features)
        self._features = self._scale.apply(features)
        self._shape = (features.shape[1], samples.targets.shape[1])
        self._multilabel = multilabel
        targets = samples.targets.T > 0 if multilabel else [samples.classes]
        weights = loss_weights(samples, kind, multilabel=multilabel)
        self._problems = [
            _Problem(*each, max_steps) for each in zip(targets, weights.T, strict=True)
        ]

    def solve(self, strength: float) -> Solution:
        """Return the head at a strength of regularisation."""
        for problem in self._problems:
            problem.fit(self._features, strength)
        weights, bias = self._of_labels() if self._multilabel else self._of_classes()
        head = Head(weights.astype(np.float32), bias.astype(np.float32), self._multilabel)
        return Solution(
            self._scale.unfold(head),
            max(problem.steps for problem in self._problems),
            all(problem.converged for problem in self._problems),
        )

    def _of_labels(self) -> tuple[Floats, Floats]:
        """Return weights, shape (D, C), and biases, shape (C,), of one problem per label."""
        weights, bias = np.zeros(self._shape), np.zeros(self._shape[1])
        for label, problem in enumerate(self._problems):
            if problem.is_trivial:
                bias[label] = -self._rare if problem.classes[0] else self._rare
            else:
                weights[:, label], bias[label] = problem.weights[:, 0], problem.bias[0]
        return weights, bias

    def _of_classes(self) -> tuple[Floats, Floats]:
        """Return weights, shape (D, C), and biases, shape (C,), of one problem for all classes."""
        (problem,) = self._problems
        weights, bias = np.zeros(self._shape), np.zeros(self._shape[1])
        if not problem.is_trivial:
            weights[:, problem.classes], bias[problem.classes] = problem.weights, problem.bias
        absent = np.setdiff1d(np.arange(len(bias)), problem.classes)
        bias[absent] = bias[problem.classes].min() + self._rare
        return weights, bias

    @property
    def _rare(self) -> float:
        return log_odds_of_unseen(len(self._features))


def log_odds_of_unseen(images: int) -> float:
    """Return the log odds of what is on none of so many images: as if it were on half of one."""
    return -float(np.log(2 * images))


class _Problem:
    """One logistic regression: of the classes, or of the presence of a label.

    Args:
        targets: the class of each image, shape (N,); booleans for a label.
        weights: of the images, shape (N,).
        max_steps: maximum number of steps of L-BFGS.
    """

    def __init__(
        self, targets: NDArray[Any], weights: NDArray[np.float32], max_steps: int
    ) -> None:
        self._targets = targets
        self._weights = weights
        self._max_steps = max_steps
        self.classes = np.unique(targets)
        self._model = need("sklearn.linear_model", "train").LogisticRegression(
            tol=TOLERANCE, max_iter=max_steps, warm_start=True
        )

    @property
    def is_trivial(self) -> bool:
        """Whether all images are of one class, so that there is nothing to fit."""
        return len(self.classes) < _BINARY

    @property
    def _is_pair(self) -> bool:
        """Whether two classes share 1: each has half the weights, with opposite signs."""
        return len(self.classes) == _BINARY and self._targets.dtype != bool

    def fit(self, features: NDArray[np.float64], strength: float) -> None:
        """Fit at a strength, from where the last fit ended."""
        if self.is_trivial:
            return
        # The sum of the squares of two halves is half of the whole one's.
        penalty = strength / 2 if self._is_pair else strength
        self._model.set_params(C=1 / (penalty * len(features)))
        with warnings.catch_warnings():
            # Reported as `converged`.
            warnings.simplefilter("ignore", need("sklearn.exceptions", "train").ConvergenceWarning)
            self._model.fit(features, self._targets, sample_weight=self._weights)

    @property
    def weights(self) -> Floats:
        """Shape (D, K), one column per class, or one for a label."""
        weights: Floats = self._model.coef_.T
        return np.hstack([-weights / 2, weights / 2]) if self._is_pair else weights

    @property
    def bias(self) -> Floats:
        """Shape (K,)."""
        bias: Floats = self._model.intercept_
        return np.concatenate([-bias / 2, bias / 2]) if self._is_pair else bias

    @property
    def steps(self) -> int:
        """Number of steps of the last fit."""
        return 0 if self.is_trivial else int(self._model.n_iter_[0])

    @property
    def converged(self) -> bool:
        """Whether the last fit needed fewer steps than the maximum."""
        return self.steps < self._max_steps
