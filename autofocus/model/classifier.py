"""A trained classifier as a TensorFlow SavedModel that knows all it needs.

Images in, probabilities out; its labels, and how photographs must be prepared for it, are inside,
as the asset `autofocus.json`.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autofocus import __version__
from autofocus.errors import InputDataError, MissingInputError
from autofocus.features.backbones import Backbone
from autofocus.features.runtime import tensorflow
from autofocus.grouping.locations import DEFAULT_PATTERN
from autofocus.images.preparing import Preparation
from autofocus.model.head import Head
from autofocus.motion.settings import MotionSettings

ASSET_NAME = "autofocus.json"

# What a classifier looks at: the whole frame, the square around what moved, or one beside the
# other.
View = Literal["full", "motion", "both"]


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
        view: what it looks at.
        motion: how what moved is found, where it looks at that.
        multilabel: whether a photograph may have several labels.
        thresholds: by label, the probability from which on an answer need not be looked at; None
            where the validation part could not promise it.
        threshold_target: what the thresholds promise, such as ``precision 0.95``; empty where
            there are none.
        sequence_gap_s: how long after the one before a frame may come and be of its sequence.
        location_pattern: finds the location in a photograph's path.
        version: the version of Autofocus that made it.
    """

    labels: tuple[str, ...]
    image_size: tuple[int, int]
    backbone: str
    backbone_digest: str
    final_tensor_name: str
    preparation: Preparation | None
    view: View = "full"
    motion: MotionSettings | None = None
    multilabel: bool = False
    thresholds: Mapping[str, float | None] | None = None
    threshold_target: str = ""
    sequence_gap_s: float = 60.0
    location_pattern: str = DEFAULT_PATTERN
    version: str = __version__

    @property
    def looks_at_motion(self) -> bool:
        """Whether what moved must be found before the classifier can answer."""
        return self.view != "full"

    def to_json(self) -> str:
        """Return the description as JSON text."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Description":
        """Read what `to_json` wrote; what an earlier version didn't know has its default."""
        values = json.loads(text)
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in values.items() if name in known}
        values["labels"] = tuple(values["labels"])
        values["image_size"] = tuple(values["image_size"])
        if values["preparation"] is not None:
            values["preparation"] = Preparation(**values["preparation"])
        if values.get("motion") is not None:
            values["motion"] = MotionSettings.from_json(values["motion"])
        return cls(**values)


@dataclass(frozen=True)
class Exportable:
    """A classifier that can be saved.

    Attributes:
        module: a `tf.Module`: images, float32, 0 to 1, to probabilities, float32 (N, C).
        signatures: for `tf.saved_model.save`: `serving_default` and `labels`.
        shape: of one image: (height, width, 3), or (2, height, width, 3) where frame and crop
            are looked at.
    """

    module: Any
    signatures: dict[str, Any]
    shape: tuple[int, ...]

    def save(self, folder: Path) -> None:
        """Write the SavedModel into a folder."""
        tf = tensorflow()
        tf.saved_model.save(self.module, str(folder), signatures=self.signatures)


def build(backbone: Backbone, head: Head, description: Description, scratch: Path) -> Exportable:
    """Join the frozen backbone and the classifier layer.

    Args:
        backbone: makes feature vectors.
        head: makes probabilities of them; of the frame's and the crop's, one behind the other,
            where the view is `both`.
        description: goes into the SavedModel as an asset.
        scratch: a folder for the asset's file, which must stay until the model is saved.
    """
    tf = tensorflow()
    asset = scratch / ASSET_NAME
    asset.parent.mkdir(parents=True, exist_ok=True)
    asset.write_text(description.to_json(), encoding="utf-8")
    views = (2,) if description.view == "both" else ()
    shape = (*views, *description.image_size, 3)
    spec = tf.TensorSpec([None, *shape], tf.float32, name="images")
    squash = tf.nn.sigmoid if head.multilabel else tf.nn.softmax

    class Classifier(tf.Module):  # type: ignore[misc, name-defined] # it ships no types
        def __init__(self) -> None:
            super().__init__(name="autofocus_classifier")
            self.backbone = backbone.module
            self.weights = tf.Variable(head.weights, trainable=False, name="weights")
            self.bias = tf.Variable(head.bias, trainable=False, name="bias")
            self.description = tf.saved_model.Asset(str(asset))

        @tf.function(input_signature=[spec])  # type: ignore[untyped-decorator]
        def __call__(self, images: Any) -> Any:
            features = self.backbone(tf.reshape(images, [-1, *shape[-3:]]))
            logits = tf.matmul(tf.reshape(features, [-1, len(head.weights)]), self.weights)
            return squash(logits + self.bias, name=description.final_tensor_name)

    module = Classifier()

    @tf.function(input_signature=[spec])  # type: ignore[untyped-decorator]
    def serve(images: Any) -> Any:
        return {description.final_tensor_name: module(images)}

    @tf.function(input_signature=[])  # type: ignore[untyped-decorator]
    def labels() -> Any:
        return {"labels": tf.constant(description.labels)}

    return Exportable(module, {"serving_default": serve, "labels": labels}, shape)


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

    def probabilities(
        self, images: NDArray[np.float32], crops: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the probability of each label.

        Args:
            images: shape (N, height, width, 3), 0 to 1: whole frames, or the squares around what
                moved if the view is `motion`.
            crops: those squares beside the frames, of the same shape, if the view is `both`.

        Returns:
            Shape (N, C), in the order of the labels; each row sums up to 1, unless a photograph
            may have several labels.
        """
        views = images if crops is None else np.stack([images, crops], axis=1)
        probabilities: NDArray[np.float32] = self._model(views).numpy()
        return probabilities
