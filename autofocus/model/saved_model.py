"""A trained classifier as a TensorFlow SavedModel with its description inside.

It maps images to probabilities; the description is its asset `autofocus.json`.
"""

import hashlib
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError, MissingInputError
from autofocus.features.backbones.base import Backbone
from autofocus.features.backbones.onnx_file import OnnxFile, OnnxNetwork
from autofocus.features.runtime import tensorflow
from autofocus.model.description import Description
from autofocus.model.deterministic import make_deterministic
from autofocus.model.distance import DISTANCE, RelativeDistance
from autofocus.model.head import MEASURED, Head
from autofocus.model.integrity import CHECKSUMS_NAME, check_model, write_checksums
from autofocus.runs import files
from autofocus.runs.wording import first_line, shown

ASSET_NAME = "autofocus.json"
# Of a model whose backbone is an ONNX file: the SavedModel has the head alone.
ONNX_NAME = "backbone.onnx"
# The files of every model, relative to its folder.
MODEL_FILES = (
    "saved_model.pb",
    "fingerprint.pb",
    "variables/variables.index",
    "variables/variables.data-00000-of-00001",
    f"assets/{ASSET_NAME}",
    CHECKSUMS_NAME,
)
# With that of some models.
POSSIBLE_FILES = (*MODEL_FILES, f"assets/{ONNX_NAME}")


@dataclass(frozen=True)
class Exportable:
    """A classifier that can be saved.

    Attributes:
        module: a `tf.Module` that maps images, float32, 0 to 1, to probabilities, float32 (N, C).
        signatures: for `tf.saved_model.save`: `serving_default`, `labels` and others.
        shape: of one input: (height, width, 3), or (2, height, width, 3) for frame and crop; that
            of the features if the backbone is an ONNX file.
    """

    module: Any
    signatures: dict[str, Any]
    shape: tuple[int, ...]

    def save(self, folder: Path) -> None:
        """Write the SavedModel into a folder."""
        tf = tensorflow()
        tf.saved_model.save(self.module, str(folder), signatures=self.signatures)
        make_deterministic(folder)
        write_checksums(folder, POSSIBLE_FILES)


def build(
    backbone: Backbone,
    head: Head,
    description: Description,
    scratch: Path,
    distance: RelativeDistance | None = None,
    measured: Head | None = None,
) -> Exportable:
    """Join the frozen backbone and the head.

    Args:
        backbone: computes features.
        head: maps features to probabilities: those of the frame, followed by those of the crop,
            if the view is `both`.
        description: stored in the SavedModel as an asset.
        scratch: a folder for the asset's file, which must stay until the model is saved.
        distance: from the training images, of the same features; None to leave it out.
        measured: the head that the metrics are of; None if it is the same.
    """
    tensorflow()
    from autofocus.model.classifier_module import ClassifierModule

    asset = scratch / ASSET_NAME
    asset.parent.mkdir(parents=True, exist_ok=True)
    onnx = backbone.onnx
    described = replace(
        description, weights_digest=head.digest, onnx=onnx.format if onnx else None
    )
    asset.write_text(described.to_json(), encoding="utf-8", newline="\n")
    views = (2,) if description.view == "both" else ()
    own = (backbone.feature_size,) if onnx else (*description.image_size, 3)
    shape = (*views, *own)
    assets = [asset, _copy_onnx(onnx, asset.with_name(ONNX_NAME))] if onnx else [asset]
    module = ClassifierModule(
        backbone.module,
        head,
        shape,
        description.final_tensor_name,
        assets,
        distance,
        measured,
    )
    return Exportable(module, module.signatures(shape, description.labels), shape)


def _copy_onnx(onnx: OnnxFile, copy: Path) -> Path:
    """Copy the file of a backbone, and return the copy.

    Raises:
        InputDataError: it has changed since it was loaded.
    """
    shutil.copyfile(onnx.path, copy)
    if files.digest_file(copy) != onnx.digest:
        raise InputDataError(f"{onnx.path} has changed since it was loaded: start again.")
    return copy


def put_in_place(saved: Path, folder: Path) -> None:
    """Move a SavedModel from a scratch folder to its final one, its graph last.

    Without its graph (`saved_model.pb`) a partly moved model can't be taken for a complete one.
    Of an earlier model nothing stays; other files in the folder do.
    """
    graph = "saved_model.pb"
    (folder / graph).unlink(missing_ok=True)
    names = [path.relative_to(saved) for path in saved.rglob("*") if path.is_file()]
    for earlier in {Path(name) for name in POSSIBLE_FILES}.difference(names):
        (folder / earlier).unlink(missing_ok=True)
    for name in sorted(names, key=lambda name: (name == Path(graph), name)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        files.put_in_place(saved / name, folder / name)


def digest_model(folder: Path) -> str:
    """Return what identifies a model, in hex digits: the SHA-256 of its description.

    The description contains digests of the backbone and of the head's weights, but nothing that
    differs from one training on the same data to the next.

    Args:
        folder: the SavedModel.
    """
    asset = folder / "assets" / ASSET_NAME
    content = asset.read_bytes()
    if Description.from_json(content.decode()).weights_digest:
        return hashlib.sha256(content).hexdigest()
    # Earlier versions didn't describe the weights.
    parts = [
        files.digest_file(folder / name)
        for name in ("saved_model.pb", "variables/variables.data-00000-of-00001")
    ]
    parts.append(hashlib.sha256(content).hexdigest())
    return hashlib.sha256("".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Scores:
    """What a classifier says of N images.

    Attributes:
        probabilities: of each label, shape (N, C).
        distances: from the training images, shape (N,); None if the model doesn't measure it.
    """

    probabilities: NDArray[np.float32]
    distances: NDArray[np.float64] | None


def read_description(folder: Path) -> Description:
    """Return what a model states about itself, without loading TensorFlow.

    Args:
        folder: the SavedModel.

    Raises:
        MissingInputError: there is no SavedModel.
        InputDataError: it was not made by `retrain`, or its files are damaged.
    """
    if not (folder / "saved_model.pb").exists():
        raise MissingInputError(
            f"{folder} holds no trained model (saved_model.pb): give the folder that "
            "retrain wrote as --saved_model_dir."
        )
    asset = folder / "assets" / ASSET_NAME
    if not asset.exists():
        raise InputDataError(
            f"The model in {folder} was not made by autofocus retrain: its labels and its "
            f"preparation (assets/{ASSET_NAME}) are missing."
        )
    check_model(folder, POSSIBLE_FILES)
    try:
        return Description.from_json(asset.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputDataError(
            f"{asset} is damaged, or was changed ({shown(error)}): copy the whole model folder "
            "again, or train again."
        ) from None


class TrainedClassifier:
    """A classifier read from its SavedModel.

    Args:
        folder: the SavedModel (`saved_model_dir`).

    Raises:
        MissingInputError: there is no SavedModel.
        InputDataError: it was not made by `retrain`, or its files are damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.description = read_description(folder)
        self._backbone = self._load_backbone(folder / "assets" / ONNX_NAME)
        tf = tensorflow("predict")
        try:
            self._model = tf.saved_model.load(str(folder))
            self._check_outputs()
        except InputDataError:
            raise
        except Exception as error:
            # It raises errors of all types on damaged files, such as IndexError.
            raise InputDataError(
                f"The model in {folder} can't be loaded ({shown(first_line(error))}): copy the "
                "whole model folder again, or train again."
            ) from None

    def use_views(self, number: int) -> None:
        """Average the probabilities of another number of views than the metrics are of."""
        self.description = replace(self.description, views=number)

    def measured_head(self) -> Head | None:
        """Return the head that the metrics are of; None if the model doesn't tell.

        With the features of the model's backbone, it gives the probabilities of `scores` with
        `measured`.
        """
        prefix = "measured_" if MEASURED in self._model.signatures else ""
        names = (f"{prefix}weights", f"{prefix}bias")
        if not all(hasattr(self._model, name) for name in names):
            return None
        weights, bias = (getattr(self._model, name).numpy() for name in names)
        return Head(weights, bias, self.description.multilabel)

    def _load_backbone(self, path: Path) -> OnnxNetwork | None:
        """Return the backbone if it is an ONNX file, which TensorFlow can't run."""
        onnx = self.description.onnx
        if onnx is None:
            return None
        if not path.is_file():
            raise InputDataError(
                f"{path} is missing: copy the whole model folder again, or train again."
            )
        network = OnnxNetwork(path)
        network.complete(onnx)
        return network

    def _check_outputs(self) -> None:
        """Check that the graph is that of the description, as the files of two may be mixed."""
        signatures, description = self._model.signatures, self.description
        columns = signatures["serving_default"].structured_outputs
        number = columns[description.final_tensor_name].shape[-1]
        names = [name.decode() for name in signatures["labels"]()["labels"].numpy()]
        if number != len(description.labels) or names != list(description.labels):
            raise ValueError("its labels are not those of its description")
        if description.unknown_distance is not None and DISTANCE not in signatures:
            raise ValueError("it measures no distances")
        if description.is_refitted and MEASURED not in signatures:
            raise ValueError("the head that its metrics are of is missing")

    def probabilities(
        self, images: NDArray[np.float32], crops: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the probability of each label.

        Args:
            images: shape (N, height, width, 3), 0 to 1: whole frames, or the squares around motion
                if the view is `motion`.
            crops: those squares beside the frames, of the same shape, if the view is `both`.

        Returns:
            Shape (N, C), in the order of the labels; each row has the sum 1, unless an image may
            have several labels.
        """
        return self.scores(images, crops).probabilities

    def scores(
        self,
        images: NDArray[np.float32],
        crops: NDArray[np.float32] | None = None,
        *,
        measured: bool = False,
    ) -> Scores:
        """Return the probabilities, and the distances from the training images if it knows them.

        Args:
            images: see `probabilities`.
            crops: see `probabilities`.
            measured: whether to use the head that the metrics are of, which was trained without
                the test images, and no distances. A model that was not refitted, or of an earlier
                version, has no other head than that.
        """
        inputs = images if crops is None else np.stack([images, crops], axis=1)
        name, onnx = "images", self.description.onnx
        if self._backbone is not None and onnx is not None:
            name, shape = "features", inputs.shape
            features = self._backbone.features(inputs.reshape(-1, *shape[-3:]), onnx)
            inputs = features.reshape(*shape[:-3], features.shape[1])
        if measured and MEASURED in self._model.signatures:
            outputs = self._model.signatures[MEASURED](**{name: tensorflow().constant(inputs)})
            return Scores(outputs[self.description.final_tensor_name].numpy(), None)
        if self.description.unknown_distance is None:
            return Scores(self._model(inputs).numpy(), None)
        measure = self._model.signatures[DISTANCE]
        outputs = measure(**{name: tensorflow().constant(inputs)})
        return Scores(
            outputs[self.description.final_tensor_name].numpy(),
            outputs[DISTANCE].numpy().astype(np.float64),
        )
