"""A peer: a head trained the way of Keras's transfer-learning guide, epoch by epoch on images.

python keras_transfer.py LINKS SPLIT.csv ACCURACY MOST_EPOCHS

The backbone of autofocus is frozen inside the model. Images are read from their files by tf.data
in several threads, in batches of 32, with prefetching; the batches are cached, as in the guide.
After each epoch the accuracy on the validation images is computed; at the one that is given,
training ends, and the model is saved. The last line says how many epochs there were, and the best
accuracy.
"""

import csv
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from autofocus.features.backbones import load_backbone
from autofocus.features.choices import DEFAULT_BACKBONE

BATCH = 32
BACKBONE = load_backbone(DEFAULT_BACKBONE)


class Frozen(keras.layers.Layer):  # type: ignore[misc]
    """The backbone, which is not trained."""

    def call(self, images: Any) -> Any:
        """Return the embeddings of images."""
        return BACKBONE.module(images)

    def compute_output_shape(self, shape: Any) -> Any:
        """Return the shape of the embeddings."""
        return (shape[0], BACKBONE.feature_size)


def _decode(path: Any, label: Any) -> tuple[Any, Any]:
    image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
    return tf.image.resize(image, BACKBONE.image_size) / 255, label


def _dataset(paths: list[str], labels: list[int], *, is_shuffled: bool) -> Any:
    data = tf.data.Dataset.from_tensor_slices((paths, np.array(labels)))
    if is_shuffled:
        data = data.shuffle(len(paths), seed=0)
    data = data.map(_decode, num_parallel_calls=tf.data.AUTOTUNE)
    return data.batch(BATCH).prefetch(tf.data.AUTOTUNE).cache()


class _Target(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends training at an accuracy on the validation images."""

    def __init__(self, accuracy: float) -> None:
        super().__init__()
        self._target = accuracy
        self.accuracies: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002 - of Keras
        """Note the accuracy."""
        self.accuracies.append(float(logs["val_accuracy"]))
        self.model.stop_training = self.accuracies[-1] >= self._target


def main(links: str, split: str, accuracy: str, epochs: str) -> None:
    """Train."""
    with Path(split).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["label"] for row in rows})
    data = {}
    for part in ("training", "validation"):
        some = [row for row in rows if row["part"] == part]
        paths = [f"{links}/{row['filepath']}" for row in some]
        labels = [names.index(row["label"]) for row in some]
        data[part] = _dataset(paths, labels, is_shuffled=part == "training")
    inputs = keras.Input((*BACKBONE.image_size, 3))
    hidden = keras.layers.Dropout(0.2)(Frozen(trainable=False)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(len(names), activation="softmax")(hidden))
    model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    target = _Target(float(accuracy))
    model.fit(
        data["training"],
        validation_data=data["validation"],
        epochs=int(epochs),
        callbacks=[target],
        verbose=0,
        shuffle=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, verbose=False)
    print(json.dumps({"epochs": len(target.accuracies), "accuracy": max(target.accuracies)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
