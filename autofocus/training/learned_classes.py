"""Which classes there is something to learn of, and the head of a point of the search."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.model.head import Head
from autofocus.training.lbfgs import Vector
from autofocus.training.samples import Samples


@dataclass(frozen=True)
class LearnedClasses:
    """The classes of N images to train on, D features each.

    Attributes:
        sizes: the number of images of each of C classes, shape (C,).
        columns: the numbers of the K classes that there is something to learn of, shape (K,).
        images: N.
        features: D.
        multilabel: whether images may have several labels.
    """

    sizes: NDArray[np.int64]
    columns: NDArray[np.int64]
    images: int
    features: int
    multilabel: bool

    @classmethod
    def of(cls, samples: Samples, *, multilabel: bool) -> "LearnedClasses":
        """Return the classes of images."""
        sizes = np.count_nonzero(samples.targets, axis=0)
        is_learned = sizes > 0
        if multilabel:
            # A label that is on all images has nothing to be learned.
            is_learned &= sizes < len(samples)
        columns = np.flatnonzero(is_learned)
        return cls(sizes, columns, len(samples), samples.features.shape[1], multilabel)

    @property
    def zero(self) -> Vector:
        """The point of a head that knows nothing."""
        return np.zeros((self.features + 1) * len(self.columns))

    def head(self, point: Vector) -> Head:
        """Return the head of a point, with biases for what there was nothing to learn of.

        Args:
            point: weights of standardised features and biases, see `StreamedLoss`.
        """
        table = point.reshape(self.features + 1, len(self.columns))
        if not self.multilabel:
            # All classes may be shifted alike.
            table = table - table.mean(axis=1, keepdims=True)
        weights, bias = np.zeros((self.features, len(self.sizes))), np.zeros(len(self.sizes))
        weights[:, self.columns], bias[self.columns] = table[:-1], table[-1]
        rare = log_odds_of_unseen(self.images)
        absent = self.sizes == 0
        if self.multilabel:
            bias[absent], bias[self.sizes == self.images] = rare, -rare
        else:
            bias[absent] = bias[self.columns].min() + rare
        return Head(weights.astype(np.float32), bias.astype(np.float32), self.multilabel)


def log_odds_of_unseen(images: int) -> float:
    """Return the log odds of what is on none of so many images: as if it were on half of one."""
    return -float(np.log(2 * images))
