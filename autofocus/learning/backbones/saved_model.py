"""Backbones from elsewhere: a TF Hub handle, or a local SavedModel."""

import hashlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from autofocus.common import files
from autofocus.common.errors import InputDataError, MissingInputError, need
from autofocus.learning.backbones.base import Backbone
from autofocus.learning.runtime import tensorflow

_DEFAULT_SIDE = 224
_SIGNATURES = ("serving_default", "default", "image_feature_vector")


def load_saved_model(handle: str) -> Backbone:
    """Load a SavedModel that maps images (N, H, W, 3), 0 to 1, to vectors (N, D).

    Args:
        handle: a TF Hub handle (a URL), or a folder.

    Raises:
        MissingInputError: it can't be fetched.
        InputDataError: it is no SavedModel, or its outputs are no feature vectors.
    """
    tf = tensorflow()
    folder = _resolve(handle)
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError) as error:
        first_line = str(error).splitlines()[0]
        raise InputDataError(f"{handle} is no SavedModel that loads ({first_line}).") from None
    size = _image_size(loaded)
    module = _wrap(tf, loaded, handle)
    call = tf.function(module, input_signature=[tf.TensorSpec([None, *size, 3], tf.float32)])
    return Backbone(handle, _digest(folder, size), size, _probe(call, size, handle), module, call)


def _resolve(handle: str) -> Path:
    if Path(handle).is_dir():
        return Path(handle)
    with warnings.catch_warnings():
        # It imports pkg_resources, which warns of its own end.
        warnings.simplefilter("ignore", UserWarning)
        hub = need("tensorflow_hub", "train")
    try:
        return Path(hub.resolve(handle))
    except Exception as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise MissingInputError(
            f"The module {handle} can't be fetched ({first_line}): check the handle and the "
            "network, set TFHUB_CACHE_DIR to a folder that holds it, or give a local SavedModel."
        ) from None


def _callable(loaded: Any, handle: str) -> Any:
    """Return a function of images, whichever way the model offers one."""
    if callable(loaded):
        return loaded
    for name in _SIGNATURES:
        if name in loaded.signatures:
            return _from_signature(loaded.signatures[name])
    raise InputDataError(
        f"The SavedModel {handle} can't be called and has none of the signatures "
        f"{', '.join(_SIGNATURES)}."
    )


def _from_signature(signature: Any) -> Any:
    (key,) = signature.structured_input_signature[1]

    def call(images: Any) -> Any:
        outputs = signature(**{key: images})
        return outputs["default"] if "default" in outputs else next(iter(outputs.values()))

    return call


def _wrap(tf: Any, loaded: Any, handle: str) -> Any:
    function = _callable(loaded, handle)

    class SavedBackbone(tf.Module):  # type: ignore[misc] # it ships no types
        def __init__(self) -> None:
            super().__init__(name="saved_backbone")
            # Kept, so that its variables go along when the classifier is exported.
            self.loaded = loaded

        def __call__(self, images: Any) -> Any:
            return function(images)

    return SavedBackbone()


def _image_size(loaded: Any) -> tuple[int, int]:
    """Read the input size from a signature that fixes it."""
    for name in _SIGNATURES:
        if name in loaded.signatures:
            for spec in loaded.signatures[name].structured_input_signature[1].values():
                shape = spec.shape.as_list() if spec.shape.rank is not None else []
                if len(shape) == 4 and shape[1] and shape[2]:  # noqa: PLR2004 - N, H, W, channels
                    return int(shape[1]), int(shape[2])
    return _DEFAULT_SIDE, _DEFAULT_SIDE


def _probe(call: Any, size: tuple[int, int], handle: str) -> int:
    """Return the size of the feature vectors, as one image shows it."""
    vectors = call(np.zeros((1, *size, 3), np.float32))
    if len(vectors.shape) != 2:  # noqa: PLR2004 - N, D
        raise InputDataError(
            f"The SavedModel {handle} gives values of shape {tuple(vectors.shape)} for one image: "
            "feature vectors of shape (1, D) are needed."
        )
    return int(vectors.shape[1])


def _digest(folder: Path, size: tuple[int, int]) -> str:
    digest = hashlib.sha256(repr(size).encode())
    for path in sorted(folder.rglob("*")):
        # The fingerprint differs from one saving of the same model to the next.
        if path.is_file() and path.name != "fingerprint.pb":
            digest.update(f"{path.relative_to(folder).as_posix()} ".encode())
            digest.update(files.digest_file(path).encode())
    return digest.hexdigest()
