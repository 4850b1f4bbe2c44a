"""Backbones from SavedModels: local ones, and those on TF Hub."""

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError, MissingInputError, need
from autofocus.features.backbones.base import Backbone
from autofocus.features.backbones.probing import probe
from autofocus.features.runtime import tensorflow
from autofocus.redaction import public_url
from autofocus.runs import files
from autofocus.runs.wording import first_line

_DEFAULT_SIDE = 224
_SIGNATURES = ("serving_default", "default", "image_feature_vector")
# The files of a model; others in its folder, such as .DS_Store, are not part of it.
_PARTS = ("saved_model.pb", "saved_model.pbtxt", "variables", "assets")


def load_saved_model(handle: str) -> Backbone:
    """Load a SavedModel as a backbone.

    Args:
        handle: a TF Hub handle (a URL), or a folder.

    Raises:
        MissingInputError: it can't be downloaded.
        InputDataError: it is no SavedModel, or doesn't map images to feature vectors.
    """
    tf = tensorflow()
    folder = _resolve(handle)
    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as error:
        # It raises errors of all types on damaged files, such as IndexError.
        raise InputDataError(
            f"{handle} is not a valid SavedModel ({first_line(error)}): "
            "give a complete folder that tf.saved_model.save wrote."
        ) from None
    size = _image_size(tf, loaded)
    module = _to_module(tf, loaded, handle)
    # Without AutoGraph, which would change the messages of errors that are raised inside.
    spec = tf.TensorSpec([None, *size, 3], tf.float32)
    call = tf.function(module, input_signature=[spec], autograph=False)
    feature_size = _probe(tf, call, size, handle)
    return Backbone(
        public_url(handle),
        _digest(folder, size),
        size,
        feature_size,
        module,
        call,
        reload=lambda: load_saved_model(handle),
    )


def _resolve(handle: str) -> Path:
    if Path(handle).is_dir():
        return Path(handle)
    with warnings.catch_warnings():
        # It imports pkg_resources, which is deprecated.
        warnings.simplefilter("ignore", UserWarning)
        hub = need("tensorflow_hub", "train")
    try:
        return Path(hub.resolve(handle))
    except Exception as error:
        raise MissingInputError(
            f"The module {handle} can't be downloaded ({first_line(error)}): check the handle "
            "and the network, set TFHUB_CACHE_DIR to a folder that holds it, or give a local "
            "SavedModel."
        ) from None


def _callable(loaded: Any, handle: str) -> Any:
    """Return the model as a function of images: its call, or else one of its signatures."""
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
            "one that takes only images is required."
        )
    return lambda images: signature(**{keys[0]: images})


def _vectors(tf: Any, outputs: Any, handle: str) -> Any:
    """Return the feature vectors among a model's outputs, as float32."""
    named = outputs if isinstance(outputs, Mapping) else {"default": outputs}
    only: Any = next(iter(named.values())) if len(named) == 1 else None
    vectors = named.get("default", only)
    if not (tf.is_tensor(vectors) and vectors.dtype.is_floating):
        raise InputDataError(
            f"The SavedModel {handle} returns no single tensor of numbers, nor one named default: "
            "feature vectors of shape (N, D) are required."
        )
    return tf.cast(vectors, tf.float32)


def _to_module(tf: Any, loaded: Any, handle: str) -> Any:
    """Return the model as a `tf.Module` that maps images to feature vectors."""
    from autofocus.features.backbones.modules import SavedBackbone

    function = _callable(loaded, handle)
    return SavedBackbone(loaded, lambda images: _vectors(tf, function(images), handle))


def _image_size(tf: Any, loaded: Any) -> tuple[int, int]:
    """Return height and width of the input from a signature or the call; 224 if not fixed."""
    for spec in _inputs(tf, loaded):
        shape = spec.shape.as_list() if spec.shape.rank is not None else []
        if len(shape) == 4 and shape[1] and shape[2]:  # noqa: PLR2004 - N, H, W, channels
            return int(shape[1]), int(shape[2])
    return _DEFAULT_SIDE, _DEFAULT_SIDE


def _inputs(tf: Any, loaded: Any) -> Iterator[Any]:
    """Yield the specifications of the model's inputs."""
    signatures = [loaded.signatures[name] for name in _SIGNATURES if name in loaded.signatures]
    calls = getattr(getattr(loaded, "__call__", None), "concrete_functions", ())  # noqa: B004 - its traces are used
    for function in (*signatures, *calls):
        for spec in tf.nest.flatten(function.structured_input_signature):
            if isinstance(spec, tf.TensorSpec):
                yield spec


def _probe(tf: Any, call: Any, size: tuple[int, int], handle: str) -> int:
    """Return the number of features, from a call with a few images."""
    advice = "give a model that takes RGB images with values from 0 to 1"
    try:
        return probe(call, size, f"The SavedModel {handle}", advice)
    except InputDataError:
        raise
    except (TypeError, ValueError, tf.errors.OpError) as error:
        height, width = size
        raise InputDataError(
            f"The SavedModel {handle} takes no images of shape (N, {height}, {width}, 3), "
            "float32: give one that does, or one with the size of its input in its signature."
        ) from error


def _digest(folder: Path, size: tuple[int, int]) -> str:
    digest = hashlib.sha256(repr(size).encode())
    for path in sorted(folder.rglob("*")):
        # Not fingerprint.pb, which differs from one saving of the same model to the next.
        if path.is_file() and path.relative_to(folder).parts[0] in _PARTS:
            digest.update(f"{path.relative_to(folder).as_posix()} ".encode())
            digest.update(files.digest_file(path).encode())
    return digest.hexdigest()
