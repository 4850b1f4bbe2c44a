"""Backbones of Keras: `.keras` files, and the networks of Keras Applications."""

import difflib
import hashlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError, MissingInputError, SettingError, need
from autofocus.features.backbones.base import Backbone
from autofocus.features.backbones.input_format import InputFormat, format_beside
from autofocus.features.backbones.probing import probe
from autofocus.features.runtime import tensorflow
from autofocus.runs import files
from autofocus.runs.wording import first_line, shown

PREFIX = "keras:"
_DEFAULT_SIDE = 224
# Height and width, in pixels, of the images that the weights were trained on, where it isn't 224.
_SIDES = {
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2S": 384,
    "EfficientNetV2M": 480,
    "EfficientNetV2L": 480,
    "InceptionResNetV2": 299,
    "InceptionV3": 299,
    "NASNetLarge": 331,
    "Xception": 299,
}
# The version of how images are given to a network: embeddings of another one are not used.
_VERSION = "keras/1"
_PIXELS = InputFormat(range=(0.0, 255.0))
# A layer that multiplies by less expects pixels up to 255.
_LEAST_SCALE = 1 / 64
_RANK = 4
_CLOSE = 3


def load_application(handle: str) -> Backbone:
    """Load a network of Keras Applications with its ImageNet weights.

    Keras downloads the weights into its cache, `~/.keras/models`, unless they are there. The
    images are normalised as the network's family requires.

    Args:
        handle: `keras:` and the name of a network, whatever the case of its letters.

    Raises:
        SettingError: there is no such network.
        MissingDependencyError: Keras isn't installed.
        MissingInputError: the weights are not in the cache and can't be downloaded.
        InputDataError: the weights in the cache are damaged.
    """
    keras = _keras()
    name, make, preprocess = _find(keras, handle)
    side = _SIDES.get(name, _DEFAULT_SIDE)
    shape = (side, side, 3)
    model = _with_weights(
        name,
        partial(make, include_top=False, pooling="avg", weights="imagenet", input_shape=shape),
    )

    def embed(images: Any) -> Any:
        # Some families change their input in place, where it is no tensor.
        return model(preprocess(_PIXELS.apply(images)), training=False)

    advice = "delete its weights in the cache of Keras, and they are fetched again"
    network = _Network(model, (side, side), embed, PREFIX + name, advice)
    digest = _digest_weights(f"{_VERSION} {name} {side}", model)
    return network.backbone(PREFIX + name, digest, lambda: load_application(handle))


def load_keras_file(path: Path) -> Backbone:
    """Load a `.keras` file as a backbone.

    It takes images with values from 0 to 1, unless `<name>.json` beside it says otherwise.

    Args:
        path: the file.

    Raises:
        MissingDependencyError: Keras isn't installed.
        InputDataError: it can't be loaded, or doesn't map images to feature vectors.
    """
    tf, keras = tensorflow(), _keras()
    given = format_beside(path)
    try:
        with _without_warnings():
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        # It raises errors of all types on damaged files.
        raise InputDataError(
            f"{path} is no Keras model that can be loaded ({_reason(error)}): save it with "
            "model.save of Keras 3, with layers of Keras only."
        ) from None
    _check_range(path, model, given)
    own = given or InputFormat()
    size = _image_size(path, model, own)
    advice = f"check range, mean, std and channels in {path.stem}.json beside it"

    def embed(images: Any) -> Any:
        inputs = own.apply(images)
        if own.layout == "NCHW":
            inputs = tf.transpose(inputs, [0, 3, 1, 2])
        return own.pool(_single(path, tf, model(inputs, training=False)), tf.reduce_mean)

    text = f"{_VERSION} {size} {own.to_json()} {files.digest_file(path)}"
    digest = hashlib.sha256(text.encode()).hexdigest()
    network = _Network(model, size, embed, str(path), advice)
    return network.backbone(path.name, digest, lambda: load_keras_file(path))


def _keras() -> Any:
    tensorflow()
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    keras = need("keras", "train")
    if keras.backend.backend() != "tensorflow":
        raise SettingError(
            f"Keras is set to use {keras.backend.backend()} here: set KERAS_BACKEND=tensorflow."
        )
    return keras


def _find(keras: Any, handle: str) -> tuple[str, Callable[..., Any], Callable[[Any], Any]]:
    """Return the name of a network, what makes it, and what normalises its images."""
    asked = handle[len(PREFIX) :]
    known = {name.lower(): (name, make, module) for name, make, module in _applications(keras)}
    if asked.lower() not in known:
        close = difflib.get_close_matches(asked.lower(), known, _CLOSE, 0.4)
        names = [known[one][0] for one in close] or ["EfficientNetV2S", "ConvNeXtTiny"]
        raise SettingError(
            f"tfhub_module: Keras Applications has no network {shown(asked)}: did you mean "
            f"{' or '.join(PREFIX + name for name in names)}?"
        )
    name, make, module = known[asked.lower()]
    return name, make, module.preprocess_input


def _applications(keras: Any) -> Iterator[tuple[str, Callable[..., Any], Any]]:
    """Yield the name of each network, what makes it, and the module of its family."""
    for module in vars(keras.applications).values():
        if not hasattr(module, "preprocess_input"):
            continue
        for name, make in vars(module).items():
            # The families' modules have more names, such as `decode_predictions`.
            if name[:1].isupper() and callable(make):
                yield name, make, module


def _with_weights(name: str, make: Callable[[], Any]) -> Any:
    try:
        # Keras prints its progress on standard output, which is for results.
        with redirect_stdout(sys.stderr), _without_warnings():
            return make()
    except Exception as error:
        # It raises errors of all types, of the network and on damaged files.
        wanted = _wanted_file(error)
        if wanted is None:
            raise InputDataError(
                f"The weights of {name} can't be loaded ({_reason(error)}): delete its file "
                f"in {_cache()}, and Keras downloads it again."
            ) from None
        path, url = wanted
        raise MissingInputError(
            f"The weights of {name} can't be downloaded ({_reason(error)}): put {url} from "
            f"another machine into {path.parent} as {path.name}."
        ) from None


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Hold back the warnings of Keras, which are about its own code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _cache() -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"


def _wanted_file(error: BaseException) -> tuple[Path, str] | None:
    """Return which file Keras tried to download, and from where; None if it tried none."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "get_file":
            values = trace.tb_frame.f_locals
            if values.get("fname") and values.get("origin"):
                folder = Path(values.get("datadir") or _cache())
                return folder / values["fname"], str(values["origin"])
        trace = trace.tb_next
    return None


def _check_range(path: Path, model: Any, given: InputFormat | None) -> None:
    """Check that a network which scales its pixels itself is given those that it expects."""
    scales = [layer for layer in _layers(model) if type(layer).__name__ == "Rescaling"]
    small = [layer for layer in scales if isinstance(layer.scale, float | int)]
    if given is None and small and 0 < small[0].scale < _LEAST_SCALE:
        raise InputDataError(
            f"{path} scales its pixels itself (layer {small[0].name}), from 0 to 255: write "
            f'{{"range": [0, 255]}} into {path.stem}.json beside it.'
        )


def _layers(model: Any) -> Iterator[Any]:
    for layer in getattr(model, "layers", ()):
        yield layer
        yield from _layers(layer)


def _image_size(path: Path, model: Any, own: InputFormat) -> tuple[int, int]:
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != _RANK or isinstance(shape[1], tuple):
        raise InputDataError(
            f"{path} takes input of shape {shown(shape)}: images of shape (N, height, width, 3) "
            "are required."
        )
    axes = (2, 3) if own.layout == "NCHW" else (1, 2)
    channels = shape[1 if own.layout == "NCHW" else 3]
    if channels not in (None, 3):
        raise InputDataError(
            f"{path} takes images with {channels} channels (shape {shape}): 3 are required."
        )
    height, width = (shape[axis] for axis in axes)
    size = own.size or (height or _DEFAULT_SIDE, width or _DEFAULT_SIDE)
    if (height or size[0], width or size[1]) != size:
        raise InputDataError(
            f"{path} takes images of {height} by {width} pixels, and not of {size[0]} by "
            f"{size[1]}: correct the size in {path.stem}.json beside it."
        )
    return size


@dataclass(frozen=True)
class _Network:
    """A network of Keras.

    Attributes:
        model: the network.
        size: height and width of its input in pixels.
        embed: maps images, tensors of shape (N, height, width, 3), 0 to 1, to its features.
        where: what it is called in messages.
        advice: what to change if its features are useless.
    """

    model: Any
    size: tuple[int, int]
    embed: Callable[[Any], Any]
    where: str
    advice: str

    def backbone(self, name: str, digest: str, reload: Callable[[], Backbone]) -> Backbone:
        """Return it as a backbone.

        Raises:
            InputDataError: it doesn't map images to feature vectors.
        """
        tf = tensorflow()
        from autofocus.features.backbones.modules import SavedBackbone

        # Its variables, not the model, so that no part of Keras is needed to load an export.
        variables = [variable.value for variable in self.model.variables]
        module = SavedBackbone(variables, lambda images: tf.cast(self.embed(images), tf.float32))
        spec = tf.TensorSpec([None, *self.size, 3], tf.float32)
        call = tf.function(module, input_signature=[spec], autograph=False)
        feature_size = self._probe(call)
        return Backbone(name, digest, self.size, feature_size, module, call, reload=reload)

    def _probe(self, call: Any) -> int:
        try:
            return probe(call, self.size, self.where, self.advice)
        except InputDataError:
            raise
        except Exception as error:
            # Keras raises errors of all types.
            raise InputDataError(
                f"{self.where} fails on images of {self.size[0]} by {self.size[1]} pixels "
                f"({_reason(error)}): give a model that takes such images."
            ) from None


def _single(path: Path, tf: Any, outputs: Any) -> Any:
    if not tf.is_tensor(outputs) or not outputs.dtype.is_floating:
        raise InputDataError(
            f"{path} returns no single tensor of numbers: a model with one output, feature "
            "vectors of shape (N, D), is required."
        )
    return outputs


def _digest_weights(text: str, model: Any) -> str:
    digest = hashlib.sha256(text.encode())
    for variable in model.variables:
        digest.update(variable.value.numpy().tobytes())
    return digest.hexdigest()


def _reason(error: BaseException) -> str:
    return shown(first_line(error))
