"""The exported classifier as a TensorFlow module.

It imports TensorFlow at its top: import it inside the function that needs it.
"""

from pathlib import Path
from typing import Any

import tensorflow as tf

from autofocus.model.head import Head


class ClassifierModule(tf.Module):  # type: ignore[misc] # it ships no types
    """A frozen backbone with a head on it.

    Args:
        backbone: maps images, shape (N, height, width, 3), 0 to 1, to features, shape (N, D).
        head: maps features to probabilities.
        shape: of one input: (height, width, 3), or (2, height, width, 3) for frame and crop.
        output_name: the name of the probabilities.
        asset: a file that is stored in the SavedModel.
    """

    def __init__(
        self, backbone: Any, head: Head, shape: tuple[int, ...], output_name: str, asset: Path
    ) -> None:
        super().__init__(name="autofocus_classifier")
        self.backbone = backbone
        self.weights = tf.Variable(head.weights, trainable=False, name="weights")
        self.bias = tf.Variable(head.bias, trainable=False, name="bias")
        self.description = tf.saved_model.Asset(str(asset))
        # Numbers, as TensorFlow would store a tuple in the SavedModel.
        self._height, self._width = shape[-3:-1]
        self._output_name = output_name
        self._activation = tf.nn.sigmoid if head.multilabel else tf.nn.softmax

    @tf.function  # type: ignore[untyped-decorator]
    def __call__(self, images: Any) -> Any:
        """Return the probabilities of N images, shape (N, C)."""
        features = self.backbone(tf.reshape(images, [-1, self._height, self._width, 3]))
        inputs = tf.reshape(features, [-1, self.weights.shape[0]])
        logits = tf.matmul(inputs, self.weights)
        return self._activation(logits + self.bias, name=self._output_name)

    def signatures(self, shape: tuple[int, ...], labels: tuple[str, ...]) -> dict[str, Any]:
        """Return the signatures of the SavedModel.

        Args:
            shape: of one input.
            labels: the C classes.
        """
        spec = tf.TensorSpec([None, *shape], tf.float32, name="images")

        @tf.function(input_signature=[spec])  # type: ignore[untyped-decorator]
        def serve(images: Any) -> Any:
            return {self._output_name: self(images)}

        @tf.function(input_signature=[])  # type: ignore[untyped-decorator]
        def name_labels() -> Any:
            return {"labels": tf.constant(labels)}

        return {"serving_default": serve, "labels": name_labels}
