"""Backbones from elsewhere: a TF Hub handle, or a local SavedModel."""

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autofocus.errors import InputDataError, MissingInputError, need
from autofocus.features.backbones.base import Backbone
from autofocus.features.runtime import tensorflow
from autofocus.runs import files

_DEFAULT_SIDE = 224
_SIGNATURES = ("serving_default", "default", "image_feature_vector")
# What makes up the model: anything else in its folder, such as .DS_Store, does not change it.
_PARTS = ("saved_model.pb", "saved_model.pbtxt", "variables", "assets")
# More than one, so that a model for single images is found out.
_PROBE_IMAGES = 2


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
    except Exception as error:
        # On damaged files, all kinds: IndexError out of its reader of variables, for one.
        raise InputDataError(
            f"{handle} is no SavedModel that loads ({_first_line(error)}): "
            "give a folder that tf.saved_model.save wrote, whole."
        ) from None
    size = _image_size(tf, loaded)
    module = _wrap(tf, loaded, handle)
    # Without AutoGraph, which would put its own words into the errors that are raised inside.
    spec = tf.TensorSpec([None, *size, 3], tf.float32)
    call = tf.function(module, input_signature=[spec], autograph=False)
    feature_size = _probe(tf, call, size, handle)
    return Backbone(handle, _digest(folder, size), size, feature_size, module, call)


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
        raise MissingInputError(
            f"The module {handle} can't be fetched ({_first_line(error)}): check the handle "
            "and the network, set TFHUB_CACHE_DIR to a folder that holds it, or give a local "
            "SavedModel."
        ) from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _callable(loaded: Any, handle: str) -> Any:
    """Return a function of images, whichever way the model offers one."""
    if callable(loaded):
        return loaded
    for name in _SIGNATURES:
        if name in loaded.signatures:
            return _from_signature(loaded.signatures[name], handle)
    raise InputDataError(
        f"The SavedModel {handle} can't be called and has none of the signatures "
        f"{', '.join(_SIGNATURES)}."
    )


def _from_signature(signature: Any, handle: str) -> Any:
    keys = list(signature.structured_input_signature[1])
    if len(keys) != 1:
        raise InputDataError(
            f"The SavedModel {handle} takes several inputs ({', '.join(keys)}): "
            "one that takes images alone is needed."
        )
    return lambda images: signature(**{keys[0]: images})


def _vectors(tf: Any, outputs: Any, handle: str) -> Any:
    """Return the feature vectors among a model's outputs, as float32."""
    named = outputs if isinstance(outputs, Mapping) else {"default": outputs}
    only: Any = next(iter(named.values())) if len(named) == 1 else None
    vectors = named.get("default", only)
    if not (tf.is_tensor(vectors) and vectors.dtype.is_floating):
        raise InputDataError(
            f"The SavedModel {handle} gives no single tensor of numbers, nor one named default: "
            "feature vectors of shape (N, D) are needed."
        )
    return tf.cast(vectors, tf.float32)


def _wrap(tf: Any, loaded: Any, handle: str) -> Any:
    function = _callable(loaded, handle)

    class SavedBackbone(tf.Module):  # type: ignore[misc] # it ships no types
        def __init__(self) -> None:
            super().__init__(name="saved_backbone")
            # Kept, so that its variables go along when the classifier is exported.
            self.loaded = loaded

        def __call__(self, images: Any) -> Any:
            return _vectors(tf, function(images), handle)

    return SavedBackbone()


def _image_size(tf: Any, loaded: Any) -> tuple[int, int]:
    """Read the input size from a signature that fixes it, or else from the call itself."""
    for spec in _inputs(tf, loaded):
        shape = spec.shape.as_list() if spec.shape.rank is not None else []
        if len(shape) == 4 and shape[1] and shape[2]:  # noqa: PLR2004 - N, H, W, channels
            return int(shape[1]), int(shape[2])
    return _DEFAULT_SIDE, _DEFAULT_SIDE


def _inputs(tf: Any, loaded: Any) -> Iterator[Any]:
    """Yield what the model says of its inputs."""
    signatures = [loaded.signatures[name] for name in _SIGNATURES if name in loaded.signatures]
    calls = getattr(getattr(loaded, "__call__", None), "concrete_functions", ())  # noqa: B004 - its traces are wanted
    for function in (*signatures, *calls):
        for spec in tf.nest.flatten(function.structured_input_signature):
            if isinstance(spec, tf.TensorSpec):
                yield spec


def _probe(tf: Any, call: Any, size: tuple[int, int], handle: str) -> int:
    """Return the size of the feature vectors, as two images show it."""
    try:
        vectors = call(np.zeros((_PROBE_IMAGES, *size, 3), np.float32))
    except InputDataError:
        raise
    except (TypeError, ValueError, tf.errors.OpError) as error:
        height, width = size
        raise InputDataError(
            f"The SavedModel {handle} takes no images of shape (N, {height}, {width}, 3), "
            "float32: give one that does, or one whose signature tells the size it takes."
        ) from error
    shape = tuple(vectors.shape)
    if len(shape) != 2 or shape[0] != _PROBE_IMAGES:  # noqa: PLR2004 - N, D
        raise InputDataError(
            f"The SavedModel {handle} gives values of shape {shape} for {_PROBE_IMAGES} images: "
            f"feature vectors of shape ({_PROBE_IMAGES}, D) are needed."
        )
    return int(vectors.shape[1])


def _digest(folder: Path, size: tuple[int, int]) -> str:
    digest = hashlib.sha256(repr(size).encode())
    for path in sorted(folder.rglob("*")):
        # Not fingerprint.pb, which differs from one saving of the same model to the next.
        if path.is_file() and path.relative_to(folder).parts[0] in _PARTS:
            digest.update(f"{path.relative_to(folder).as_posix()} ".encode())
            digest.update(files.digest_file(path).encode())
    return digest.hexdigest()
