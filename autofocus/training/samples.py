"""Images as a head sees them: a matrix of features with labels and weights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.training.feature_rows import Features, load


@dataclass(frozen=True)
class Samples:
    """N images as a head sees them.

    Attributes:
        features: shape (N, D); of many images they are in a file.
        targets: shape (N, C): 1 for each class of an image, else 0; exactly one class per image
            unless images may have several labels.
        weights: of the images, shape (N,); 1 for an ordinary image.
    """

    features: Features
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.targets)

    @property
    def classes(self) -> NDArray[np.int64]:
        """The class of each image, the first one if it has several; shape (N,)."""
        classes: NDArray[np.int64] = self.targets.argmax(axis=1)
        return classes

    def rows(self, chosen: "NDArray[np.bool_] | NDArray[np.int64]") -> "Samples":
        """Return some of the images, given a mask or their numbers."""
        return Samples(self.features[chosen], self.targets[chosen], self.weights[chosen])

    def load(self) -> "Samples":
        """Return the images with their features in memory."""
        return Samples(load(self.features), self.targets, self.weights)
