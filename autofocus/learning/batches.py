"""The images of each training step: from the cache, or distorted anew."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autofocus.learning.backbones import Backbone
from autofocus.learning.dataset import Image
from autofocus.learning.distortions import Distortions
from autofocus.learning.head import Samples, draw
from autofocus.learning.loading import read, to_batch


@dataclass(frozen=True)
class CachedBatches:
    """Draws steps from feature vectors that are computed already.

    Attributes:
        training: the training part.
        batch_size: images a step; -1 for all.
    """

    training: Samples
    batch_size: int

    def __call__(self, step: int) -> Samples:
        """Return the images of a step."""
        chosen = draw(self.training.classes, self.batch_size, step)
        return Samples(self.training.features[chosen], self.training.classes[chosen])


@dataclass(frozen=True)
class DistortedBatches:
    """Draws steps from images that are distorted anew each time.

    Nothing can be cached: each step runs the backbone on its whole batch.

    Attributes:
        image_dir: the folder that the images' names are relative to.
        images: the training part.
        classes: the number of each image's class, shape (N,).
        distortions: how images are distorted.
        backbone: makes feature vectors.
        batch_size: images a step; -1 for all.
        jobs: threads that decode.
    """

    image_dir: Path
    images: Sequence[Image]
    classes: NDArray[np.int64]
    distortions: Distortions
    backbone: Backbone
    batch_size: int
    jobs: int

    def __call__(self, step: int) -> Samples:
        """Return the images of a step."""
        chosen = draw(self.classes, self.batch_size, step)
        with ThreadPoolExecutor(self.jobs) as executor:
            pixels = list(executor.map(lambda task: self._distort(step, *task), enumerate(chosen)))
        return Samples(self.backbone.features(to_batch(pixels)), self.classes[chosen])

    def _distort(self, step: int, place: int, number: int) -> NDArray[np.uint8]:
        # Seeded by step and place, so that threads and restarts change nothing.
        random = np.random.default_rng([step, place, int(number)])
        image = read(self.image_dir / self.images[number].name)
        return self.distortions.apply(image, self.backbone.image_size, random)
