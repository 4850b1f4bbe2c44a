"""What the training of the classifier layer minimises, and its slope."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from autofocus.model.head import Head
from autofocus.runs.parallel import cores, ordered_map
from autofocus.training.samples import Samples

Values = NDArray[np.float64]

# So many images are widened at once: little memory, and large enough for fast products.
_CHUNK = 1024
_STILL, _TINY = 1e-6, 1e-12
# No feature's deviation is taken for less than so much of that of the feature in the middle.
_LEAST_DEVIATION = 0.1
# However rare, a label's presence counts at most so many times as much as its absence.
_PRESENCE = (1.0, 100.0)


@dataclass(frozen=True)
class Standard:
    """Brings features to mean 0 and deviation 1, as one strength of regularisation fits all then.

    Attributes:
        mean: of each feature, shape (D,).
        deviation: likewise; 1 for a feature that never differs.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, samples: Samples) -> "Standard":
        """Take both from the training images."""
        features = samples.features
        mean = features.mean(axis=0, dtype=np.float64)
        squares = np.zeros_like(mean)
        for chunk in _chunks(len(features)):
            squares += np.square(features[chunk] - mean).sum(axis=0)
        deviation = np.sqrt(squares / len(features))
        # Rounding leaves a trace of deviation in features that never differ.
        is_still = deviation <= _STILL * np.abs(mean) + _TINY
        if is_still.all():
            return cls(mean.astype(np.float32), np.ones_like(mean, np.float32))
        # A feature that hardly differs here may differ much elsewhere: divided by so little, it
        # would drown all others there.
        least = _LEAST_DEVIATION * np.median(deviation[~is_still])
        whole = np.where(is_still, 1.0, np.maximum(deviation, least))
        return cls(mean.astype(np.float32), whole.astype(np.float32))

    def apply(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return standardised features, shape (N, D)."""
        return (features - self.mean) / self.deviation

    def unfold(self, head: Head) -> Head:
        """Return a layer for raw features that answers as one for standardised ones."""
        weights = head.weights / self.deviation[:, None]
        return Head(
            weights.astype(np.float32),
            (head.bias - self.mean @ weights).astype(np.float32),
            head.multilabel,
        )


def class_weights(
    samples: Samples, how: Literal["balanced", "none"], *, multilabel: bool
) -> Values:
    """Return how much an image of each class counts, shape (C,).

    Balanced, all classes that there are count the same together; where images may have several
    labels, a class's presence counts as much as its absence.
    """
    if how == "none":
        return np.ones(samples.targets.shape[1])
    sizes = samples.targets.sum(axis=0, dtype=np.float64)
    at_least = np.maximum(sizes, 1)
    if multilabel:
        return np.asarray(np.clip((len(samples) - sizes) / at_least, *_PRESENCE))
    present = sizes > 0
    return np.where(present, len(samples) / (max(1, present.sum()) * at_least), 0.0)


def emphasis_of(
    samples: Samples, how: Literal["balanced", "none"], *, multilabel: bool
) -> NDArray[np.float32]:
    """Return how much each answer for N images counts.

    Returns:
        Shape (N, C) where images may have several labels, else (N, 1), with a mean of 1.
    """
    weights = class_weights(samples, how, multilabel=multilabel)
    counted = samples.weights.astype(np.float64)[:, None]
    if multilabel:
        emphasis = np.where(samples.targets > 0, weights, 1.0) * counted
    else:
        emphasis = weights[samples.classes][:, None] * counted
    return np.asarray(emphasis / max(emphasis.mean(), _TINY), np.float32)


@dataclass(frozen=True)
class Loss:
    """The weighted mean cross-entropy as a function of the layer's weights.

    Of several labels an image's cross-entropy is the sum over classes, so that a strength means
    the same for them.

    Attributes:
        features: standardised, shape (N, D).
        targets: shape (N, C).
        emphasis: how much each answer counts, shape (N, C) or (N, 1), with a mean of 1.
        multilabel: whether each class has a probability of its own.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.float32]
    emphasis: NDArray[np.float32]
    multilabel: bool

    @classmethod
    def of(
        cls,
        standard: Standard,
        samples: Samples,
        how: Literal["balanced", "none"],
        *,
        multilabel: bool,
    ) -> "Loss":
        """Make the loss of training images."""
        features = standard.apply(samples.features)
        emphasis = emphasis_of(samples, how, multilabel=multilabel)
        return cls(features, samples.targets, emphasis, multilabel)

    @property
    def _shape(self) -> tuple[int, int]:
        return self.features.shape[1], self.targets.shape[1]

    def start(self) -> Values:
        """Return weights and bias of 0, in one row."""
        size, classes = self._shape
        return np.zeros((size + 1) * classes)

    def head(self, values: Values) -> Head:
        """Return the layer on standardised features that a row of values stands for."""
        rows = values.reshape(-1, self._shape[1]).astype(np.float32)
        return Head(rows[:-1], rows[-1], self.multilabel)

    def at(self, strength: float) -> Callable[[Values], tuple[float, Values]]:
        """Return the loss with regularisation, and its gradient, as a function of the values."""

        def loss(values: Values) -> tuple[float, Values]:
            rows = values.reshape(-1, self._shape[1])
            entropy, slope = self._entropy(rows)
            slope[:-1] += strength * rows[:-1]
            penalty = 0.5 * strength * float(np.square(rows[:-1]).sum())
            return entropy + penalty, slope.ravel()

        return loss

    def _entropy(self, rows: Values) -> tuple[float, Values]:
        """Return the mean cross-entropy and its gradient.

        Features are kept in single precision and widened a chunk at a time: near the optimum,
        single precision can't tell any more whether a step led down. Chunks are added in order,
        so that the number of threads changes nothing.
        """
        total, slope = 0.0, np.zeros_like(rows)
        chunks = _chunks(len(self.features))
        for entropy, part in ordered_map(partial(self._part, rows), chunks, cores()):
            total += entropy
            slope += part
        return total / len(self.features), slope / len(self.features)

    def _part(self, rows: Values, chunk: slice) -> tuple[float, Values]:
        features = self.features[chunk].astype(np.float64)
        targets, emphasis = self.targets[chunk], self.emphasis[chunk]
        measure = _sigmoid if self.multilabel else _softmax
        entropy, errors = measure(features @ rows[:-1] + rows[-1], targets)
        errors *= emphasis
        # This way round, the product takes little more than half the time.
        slope = np.concatenate([(errors.T @ features).T, errors.sum(axis=0, keepdims=True)])
        return float((entropy * emphasis).sum()), slope


def _softmax(logits: Values, targets: NDArray[np.float32]) -> tuple[Values, Values]:
    """Return the cross-entropy of each image, shape (N, 1), and its slope by logit, (N, C)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=1, keepdims=True)
    own = (shifted * targets).sum(axis=1, keepdims=True)
    return np.log(sums) - own, powers / sums - targets


def _sigmoid(logits: Values, targets: NDArray[np.float32]) -> tuple[Values, Values]:
    """Return the cross-entropy of each answer and its slope by logit, both of shape (N, C)."""
    # log(1 + exp(x)), and by way of tanh, both of which do not overflow.
    entropy = np.logaddexp(0, logits) - targets * logits
    return entropy, 0.5 * (1 + np.tanh(0.5 * logits)) - targets


def _chunks(number: int) -> Iterator[slice]:
    for start in range(0, number, _CHUNK):
        yield slice(start, start + _CHUNK)
