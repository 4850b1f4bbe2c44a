"""The type of all backbones."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.features.backbones.onnx_file import OnnxFile

# Images are processed in full batches: a network's results differ with the size of a batch
# (measured: by 2e-6), and an interrupted training has other batches than one that wasn't.
BATCH = 32


@dataclass(frozen=True)
class Backbone:
    """A frozen network that maps images to embeddings.

    Attributes:
        name: for people.
        digest: SHA-256 of weights and architecture, which identifies it on any machine.
        image_size: height and width of its input in pixels.
        feature_size: the number of features per image, D.
        module: a `tf.Module` that maps images, float32, shape (N, height, width, 3), 0 to 1, to
            embeddings, float32, shape (N, D); it can be used in a `tf.function` and exported.
            None for an ONNX file, which TensorFlow can't run.
        call: the module as a compiled function, or what runs the ONNX file.
        onnx: the ONNX file that it was loaded from; None for others.
        reload: loads it once more, with variables of its own, which may be trained; None if they
            can't.
    """

    name: str
    digest: str
    image_size: tuple[int, int]
    feature_size: int
    module: Any
    call: Any
    onnx: OnnxFile | None = None
    reload: "Callable[[], Backbone] | None" = None

    def features(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the embeddings of images.

        Args:
            images: shape (N, height, width, 3), 0 to 1.

        Returns:
            Shape (N, D).
        """
        number = len(images)
        if missing := -number % BATCH:
            images = np.concatenate([images, np.repeat(images[-1:], missing, axis=0)])
        vectors: NDArray[np.float32] = np.asarray(self.call(images))[:number]
        return vectors
