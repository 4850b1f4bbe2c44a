"""The backbones as TensorFlow modules.

It imports TensorFlow at its top: import it inside the function that needs it, after
`autofocus.features.runtime.tensorflow`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

State = Mapping[str, NDArray[np.float32]]

_EPSILON = 1e-3


class Convolution(tf.Module):  # type: ignore[misc] # it ships no types
    """A convolution with its batch normalization folded into it.

    Args:
        state: the weights.
        name: of the convolution in the state.
        norm: of its batch normalization in the state.
        stride: in pixels.
        depthwise: whether each channel has a filter of its own.
        bounded: whether ReLU6 follows.
    """

    def __init__(
        self,
        state: State,
        name: str,
        norm: str,
        stride: int = 1,
        *,
        depthwise: bool = False,
        bounded: bool = True,
    ) -> None:
        super().__init__(name="convolution")
        kernel, bias = _fold(state, name, norm, depthwise)
        self.kernel = tf.Variable(kernel, trainable=False, name="kernel")
        self.bias = tf.Variable(bias, trainable=False, name="bias")
        self._stride = stride
        self._convolve = tf.nn.depthwise_conv2d if depthwise else tf.nn.conv2d
        self._bounded = bounded

    def __call__(self, x: Any) -> Any:
        """Map feature maps, shape (N, height, width, in), to others, (N, height', width', out)."""
        strides = [1, self._stride, self._stride, 1]
        kernel, bias = tf.cast(self.kernel, x.dtype), tf.cast(self.bias, x.dtype)
        y = self._convolve(x, kernel, strides=strides, padding="SAME")
        y = tf.nn.bias_add(y, bias)
        return tf.nn.relu6(y) if self._bounded else y


class Block(tf.Module):  # type: ignore[misc] # it ships no types
    """An inverted residual block: widen, filter each channel, narrow, add.

    Args:
        state: the weights.
        prefix: of the block's names in the state.
        stride: of the depthwise convolution, in pixels.
        expansion: ratio of the number of channels inside and outside.
    """

    def __init__(self, state: State, prefix: str, stride: int, expansion: int) -> None:
        super().__init__(name="block")
        names = {
            role: (f"{prefix}_{role}_conv", f"{prefix}_bn{number}")
            for number, role in enumerate(("expand", "depthwise", "project"))
        }
        expand = [Convolution(state, *names["expand"])] if expansion > 1 else []
        self.steps = [
            *expand,
            Convolution(state, *names["depthwise"], stride, depthwise=True),
            Convolution(state, *names["project"], bounded=False),
        ]
        self._stride = stride

    def __call__(self, x: Any) -> Any:
        """Map feature maps, shape (N, height, width, in), to others, (N, height', width', out)."""
        y = x
        for step in self.steps:
            y = step(y)
        return x + y if self._stride == 1 and x.shape[-1] == y.shape[-1] else y


class EfficientNetLite(tf.Module):  # type: ignore[misc] # it ships no types
    """EfficientNet-Lite without its classifier.

    Args:
        name: of the variant.
        state: the weights.
        blocks: stride and expansion of each block, in order.

    Attributes:
        stem: the first convolution.
        blocks: the blocks in order.
        head: the last convolution.
    """

    def __init__(self, name: str, state: State, blocks: Sequence[tuple[int, int]]) -> None:
        super().__init__(name=name.replace("-", "_"))
        self.stem = Convolution(state, "_conv_stem", "_bn0", stride=2)
        self.blocks = [
            Block(state, f"_blocks.{number}.", stride, expansion)
            for number, (stride, expansion) in enumerate(blocks)
        ]
        self.head = Convolution(state, "_conv_head", "_bn1")

    def __call__(self, images: Any) -> Any:
        """Map images, shape (N, height, width, 3), 0 to 1, to embeddings, shape (N, D)."""
        return self.in_precision(images, tf.float32)

    def in_precision(self, images: Any, dtype: Any) -> Any:
        """Do the same, and compute in another precision than float32, such as bfloat16."""
        x = tf.cast((images * 255.0 - 127.0) / 128.0, dtype)
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return tf.reduce_mean(tf.cast(self.head(x), tf.float32), axis=[1, 2])

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """All variables, though they are frozen where they aren't trained."""
        return tuple(self.variables)


class SavedBackbone(tf.Module):  # type: ignore[misc] # it ships no types
    """A backbone that was loaded from a SavedModel.

    Args:
        loaded: the SavedModel.
        embed: maps images, shape (N, height, width, 3), 0 to 1, to embeddings, shape (N, D).
    """

    def __init__(self, loaded: Any, embed: Callable[[Any], Any]) -> None:
        super().__init__(name="saved_backbone")
        # Referenced, so that its variables are exported with the classifier.
        self.loaded = loaded
        self._embed = embed

    def __call__(self, images: Any) -> Any:
        """Map images, shape (N, height, width, 3), 0 to 1, to embeddings, shape (N, D)."""
        return self._embed(images)

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """The variables that were trainable when it was saved."""
        parts = tf.train.TrackableView(self).descendants()
        return tuple(part for part in parts if isinstance(part, tf.Variable) and part.trainable)


def _fold(
    state: State, name: str, norm: str, depthwise: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fold a batch normalization into the convolution before it.

    Returns:
        The kernel in TensorFlow's order, shape (height, width, in, out), or (height, width, in, 1)
        if depthwise, and the bias, shape (out,).
    """
    weight = state[f"{name}.weight"].astype(np.float64)
    scale = state[f"{norm}.weight"] / np.sqrt(
        state[f"{norm}.running_var"].astype(np.float64) + _EPSILON
    )
    kernel = weight * scale[:, None, None, None]
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
    return kernel.transpose(order).astype(np.float32), bias.astype(np.float32)
