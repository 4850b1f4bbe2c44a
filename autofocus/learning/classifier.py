"""A trained classifier as a TensorFlow SavedModel that knows all it needs.

Images in, probabilities out; its labels, and how photographs must be prepared for it, are inside,
as the asset `autofocus.json`.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus import __version__
from autofocus.common.errors import InputDataError, MissingInputError
from autofocus.images.preparing import Preparation
from autofocus.learning.backbones import Backbone
from autofocus.learning.head import Head
from autofocus.learning.runtime import tensorflow

ASSET_NAME = "autofocus.json"


@dataclass(frozen=True)
class Description:
    """What a classifier must know besides its weights.

    Attributes:
        labels: the classes, in the order of the probabilities.
        image_size: height and width of its input in pixels.
        backbone: the backbone's name.
        backbone_digest: tells this backbone from all others.
        final_tensor_name: the name of the probabilities in the signature.
        preparation: how the photographs it learned from were prepared; None if that isn't known.
        version: the version of Autofocus that made it.
    """

    labels: tuple[str, ...]
    image_size: tuple[int, int]
    backbone: str
    backbone_digest: str
    final_tensor_name: str
    preparation: Preparation | None
    version: str = __version__

    def to_json(self) -> str:
        """Return the description as JSON text."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Description":
        """Read what `to_json` wrote."""
        values = json.loads(text)
        preparation = values.pop("preparation")
        values["labels"] = tuple(values["labels"])
        values["image_size"] = tuple(values["image_size"])
        return cls(
            **values, preparation=Preparation(**preparation) if preparation is not None else None
        )


@dataclass(frozen=True)
class Exportable:
    """A classifier that can be saved.

    Attributes:
        module: a `tf.Module`: images, float32 (N, height, width, 3), 0 to 1, to probabilities,
            float32 (N, C).
        signatures: for `tf.saved_model.save`: `serving_default` and `labels`.
    """

    module: Any
    signatures: dict[str, Any]

    def save(self, folder: Path) -> None:
        """Write the SavedModel into a folder."""
        tf = tensorflow()
        tf.saved_model.save(self.module, str(folder), signatures=self.signatures)


def build(backbone: Backbone, head: Head, description: Description, scratch: Path) -> Exportable:
    """Join the frozen backbone and the classifier layer.

    Args:
        backbone: makes feature vectors.
        head: makes probabilities of them.
        description: goes into the SavedModel as an asset.
        scratch: a folder for the asset's file, which must stay until the model is saved.
    """
    tf = tensorflow()
    asset = scratch / ASSET_NAME
    asset.parent.mkdir(parents=True, exist_ok=True)
    asset.write_text(description.to_json(), encoding="utf-8")
    height, width = description.image_size
    images_spec = tf.TensorSpec([None, height, width, 3], tf.float32, name="images")

    class Classifier(tf.Module):  # type: ignore[misc, name-defined] # it ships no types
        def __init__(self) -> None:
            super().__init__(name="autofocus_classifier")
            self.backbone = backbone.module
            self.weights = tf.Variable(head.weights, trainable=False, name="weights")
            self.bias = tf.Variable(head.bias, trainable=False, name="bias")
            self.description = tf.saved_model.Asset(str(asset))

        @tf.function(input_signature=[images_spec])  # type: ignore[untyped-decorator]
        def __call__(self, images: Any) -> Any:
            logits = tf.matmul(self.backbone(images), self.weights) + self.bias
            return tf.nn.softmax(logits, name=description.final_tensor_name)

    module = Classifier()

    @tf.function(input_signature=[images_spec])  # type: ignore[untyped-decorator]
    def serve(images: Any) -> Any:
        return {description.final_tensor_name: module(images)}

    @tf.function(input_signature=[])  # type: ignore[untyped-decorator]
    def labels() -> Any:
        return {"labels": tf.constant(description.labels)}

    return Exportable(module, {"serving_default": serve, "labels": labels})


def put_in_place(saved: Path, folder: Path) -> None:
    """Move a SavedModel out of a scratch folder into its place, its graph last.

    Without its graph (`saved_model.pb`) a half-moved model can't be taken for a whole one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    graph = folder / "saved_model.pb"
    graph.unlink(missing_ok=True)
    for item in sorted(saved.iterdir(), key=lambda path: path.name == graph.name):
        target = folder / item.name
        if target.is_dir():
            shutil.rmtree(target)
        item.replace(target)


class TrainedClassifier:
    """A classifier read from its SavedModel.

    Args:
        folder: the SavedModel (`saved_model_dir`).

    Raises:
        MissingInputError: there is no SavedModel.
        InputDataError: it was not made by `retrain`.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "saved_model.pb").is_file():
            raise MissingInputError(
                f"{folder} holds no trained model (saved_model.pb): give the folder that "
                "retrain wrote as --saved_model_dir."
            )
        asset = folder / "assets" / ASSET_NAME
        if not asset.is_file():
            raise InputDataError(
                f"The model in {folder} was not made by autofocus retrain: its labels and its "
                f"preparation (assets/{ASSET_NAME}) are missing."
            )
        self.description = Description.from_json(asset.read_text(encoding="utf-8"))
        tf = tensorflow()
        self._model = tf.saved_model.load(str(folder))

    def probabilities(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each label.

        Args:
            images: shape (N, height, width, 3), 0 to 1.

        Returns:
            Shape (N, C), in the order of the labels; each row sums up to 1.
        """
        probabilities: NDArray[np.float32] = self._model(images).numpy()
        return probabilities
