"""What a backbone is: a frozen network that turns images into feature vectors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Images go through the network in whole batches: it reckons otherwise for one than for many
# (measured: by 2e-6), and a training that was stopped has other batches than one that wasn't.
BATCH = 32


@dataclass(frozen=True)
class Backbone:
    """A frozen network.

    Attributes:
        name: for people.
        digest: SHA-256 over weights and architecture: tells it from all others, on any machine.
        image_size: height and width of its input in pixels.
        feature_size: how many numbers a feature vector has, D.
        module: a `tf.Module` that maps images, float32 (N, height, width, 3), 0 to 1, to feature
            vectors, float32 (N, D); it can be used inside a `tf.function` and be exported.
        call: the same as a compiled function.
    """

    name: str
    digest: str
    image_size: tuple[int, int]
    feature_size: int
    module: Any
    call: Any

    def features(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the feature vectors of images.

        Args:
            images: shape (N, height, width, 3), 0 to 1.

        Returns:
            Shape (N, D).
        """
        number = len(images)
        if missing := -number % BATCH:
            images = np.concatenate([images, np.repeat(images[-1:], missing, axis=0)])
        vectors: NDArray[np.float32] = self.call(images).numpy()[:number]
        return vectors
