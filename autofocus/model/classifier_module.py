"""The exported classifier as a TensorFlow module.

It imports TensorFlow at its top: import it inside the function that needs it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from autofocus.model.distance import DISTANCE, RelativeDistance
from autofocus.model.head import MEASURED, Head


class ClassifierModule(tf.Module):  # type: ignore[misc] # it ships no types
    """A frozen backbone with a head on it, or a head alone.

    Args:
        backbone: maps images, shape (N, height, width, 3), 0 to 1, to features, shape (N, D); None
            if the inputs are features.
        head: maps features to probabilities.
        shape: of one input: (height, width, 3), or (2, height, width, 3) for frame and crop; or
            the number of features instead of height, width and 3.
        output_name: the name of the probabilities.
        assets: files that are stored in the SavedModel.
        distance: from the training images; None to leave it out.
        measured: the head that the metrics are of; None if it is the same.
    """

    def __init__(
        self,
        backbone: Any | None,
        head: Head,
        shape: tuple[int, ...],
        output_name: str,
        assets: Sequence[Path],
        distance: RelativeDistance | None = None,
        measured: Head | None = None,
    ) -> None:
        super().__init__(name="autofocus_classifier")
        self.backbone = backbone
        self.weights = tf.Variable(head.weights, trainable=False, name="weights")
        self.bias = tf.Variable(head.bias, trainable=False, name="bias")
        self.assets = [tf.saved_model.Asset(str(asset)) for asset in assets]
        # Numbers, as TensorFlow would store a tuple in the SavedModel.
        self._height, self._width = shape[-3:-1] if backbone is not None else (0, 0)
        self._output_name = output_name
        self._activation = tf.nn.sigmoid if head.multilabel else tf.nn.softmax
        self._has_measured = measured is not None
        if measured is not None:
            self.measured_weights = tf.Variable(
                measured.weights, trainable=False, name="measured_weights"
            )
            self.measured_bias = tf.Variable(measured.bias, trainable=False, name="measured_bias")
        self._has_distance = distance is not None
        if distance is not None:
            self.projection = tf.Variable(distance.projection, trainable=False, name="projection")
            self.centres = tf.Variable(distance.centres, trainable=False, name="centres")
            self.origin = tf.Variable(distance.origin, trainable=False, name="origin")
            self.distance_weights = tf.Variable(
                distance.weights, trainable=False, name="distance_weights"
            )

    @tf.function  # type: ignore[untyped-decorator]
    def __call__(self, images: Any) -> Any:
        """Return the probabilities of N images, shape (N, C)."""
        return self._probabilities(self._features(images))

    def _features(self, images: Any) -> Any:
        if self.backbone is not None:
            images = self.backbone(tf.reshape(images, [-1, self._height, self._width, 3]))
        return tf.reshape(images, [-1, self.weights.shape[0]])

    def _probabilities(self, features: Any) -> Any:
        logits = tf.matmul(features, self.weights)
        return self._activation(logits + self.bias, name=self._output_name)

    def _distances(self, features: Any) -> Any:
        """Return the distances of N images, shape (N,); see `RelativeDistance`."""
        points = tf.matmul(tf.math.l2_normalize(features, axis=1), self.projection)
        nearest = tf.reduce_min(
            tf.reduce_sum(tf.square(points[:, None, :] - self.centres[None, :, :]), axis=2), axis=1
        )
        together = tf.reduce_sum(tf.square(points - self.origin) * self.distance_weights, axis=1)
        return nearest - together

    def signatures(self, shape: tuple[int, ...], labels: tuple[str, ...]) -> dict[str, Any]:
        """Return the signatures of the SavedModel.

        Args:
            shape: of one input.
            labels: the C classes.
        """
        name = "features" if self.backbone is None else "images"
        spec = tf.TensorSpec([None, *shape], tf.float32, name=name)

        @tf.function(input_signature=[spec])  # type: ignore[untyped-decorator]
        def serve(images: Any) -> Any:
            return {self._output_name: self(images)}

        @tf.function(input_signature=[])  # type: ignore[untyped-decorator]
        def name_labels() -> Any:
            return {"labels": tf.constant(labels)}

        @tf.function(input_signature=[spec])  # type: ignore[untyped-decorator]
        def measure(images: Any) -> Any:
            features = self._features(images)
            distances = tf.identity(self._distances(features), name=DISTANCE)
            return {self._output_name: self._probabilities(features), DISTANCE: distances}

        @tf.function(input_signature=[spec])  # type: ignore[untyped-decorator]
        def serve_measured(images: Any) -> Any:
            logits = tf.matmul(self._features(images), self.measured_weights)
            return {self._output_name: self._activation(logits + self.measured_bias)}

        signatures = {"serving_default": serve, "labels": name_labels}
        signatures |= {DISTANCE: measure} if self._has_distance else {}
        return signatures | ({MEASURED: serve_measured} if self._has_measured else {})
