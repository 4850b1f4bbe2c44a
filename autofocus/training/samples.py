"""Images as the classifier layer sees them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Samples:
    """N images as the classifier layer sees them.

    Attributes:
        features: shape (N, D).
        targets: shape (N, C): 1 for each class that an image shows, else 0; one a row, or any
            number of them for several labels on one image.
        weights: how much each image counts, shape (N,); 1 for a whole one.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        """Return how many images there are."""
        return len(self.targets)

    @property
    def classes(self) -> NDArray[np.int64]:
        """The number of each image's class, its first where it has several; shape (N,)."""
        classes: NDArray[np.int64] = self.targets.argmax(axis=1)
        return classes

    def rows(self, chosen: "NDArray[np.bool_] | NDArray[np.int64]") -> "Samples":
        """Return some of the images, by a mask or by their numbers."""
        return Samples(self.features[chosen], self.targets[chosen], self.weights[chosen])
