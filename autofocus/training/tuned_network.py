"""A backbone that is trained, or its last blocks, together with the head.

The optimizer is Adam (D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR
2015). Batch normalization is folded into the convolutions, or its statistics stay those of
ImageNet, however few images there are.

On a GPU, the embedded backbones are trained in mixed precision: they compute in bfloat16, which
has the range of float32, so that the loss needs no scaling; variables and the head are of float32.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autofocus.features.backbones import Backbone
from autofocus.features.backbones.efficientnet_lite import compiled
from autofocus.features.runtime import tensorflow
from autofocus.model.head import Head

_NAME = "fine-tuned"


@dataclass(frozen=True)
class NetworkState:
    """Everything that changes while a network is trained.

    Attributes:
        values: the values of the trained variables.
        optimizer: the values of the optimizer's variables: its step, and two moments per variable.
    """

    values: list[NDArray[Any]]
    optimizer: list[NDArray[Any]]


class TunedNetwork:
    """A backbone with a head, of which the last blocks, or all, and the head are trained.

    Args:
        backbone: stays unchanged, as a copy of it is trained.
        head: the head to start from.
        layers: number of last blocks to train, of an embedded backbone; or `all`.
        rate: Adam's learning rate.
        mixed: whether to compute in mixed precision; None for where there is a GPU.

    Attributes:
        multilabel: whether each class has a probability of its own.
    """

    def __init__(
        self,
        backbone: Backbone,
        head: Head,
        layers: int | Literal["all"],
        rate: float,
        *,
        mixed: bool | None = None,
    ) -> None:
        self._tf = tf = tensorflow()
        self._original = backbone
        self.multilabel = head.multilabel
        if backbone.reload is None:
            raise ValueError(f"{backbone.name} can't be trained")
        self._module = backbone.reload().module
        has_gpu = bool(tf.config.list_physical_devices("GPU"))
        can_mix = hasattr(self._module, "in_precision")
        self._is_mixed = can_mix and (has_gpu if mixed is None else mixed)
        self._weights = tf.Variable(head.weights)
        self._bias = tf.Variable(head.bias)
        self._variables = [*self._last_blocks(layers), self._weights, self._bias]
        self._optimizer = tf.keras.optimizers.Adam(learning_rate=rate)
        # Its variables can't be made inside a compiled function.
        self._optimizer.build(self._variables)
        images = tf.TensorSpec([None, *backbone.image_size, 3], tf.float32)
        matrix = tf.TensorSpec([None, None], tf.float32)
        self._call = tf.function(self._forward, input_signature=[images], autograph=False)
        self._update = tf.function(
            self._descend, input_signature=[images, matrix, matrix], autograph=False
        )

    def _last_blocks(self, layers: int | Literal["all"]) -> list[Any]:
        if layers == "all":
            return list(self._module.trainable_variables)
        blocks = self._module.blocks[len(self._module.blocks) - layers :]
        return [variable for part in (*blocks, self._module.head) for variable in part.variables]

    def logits(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits of images: (N, height, width, 3), 0 to 1, to (N, C)."""
        logits: NDArray[np.float32] = self._call(images).numpy()
        return logits

    def step(
        self,
        images: NDArray[np.float32],
        targets: NDArray[np.float32],
        weights: NDArray[np.float32],
    ) -> None:
        """Make one step of the optimizer on a batch of images.

        Args:
            images: shape (N, height, width, 3), 0 to 1.
            targets: shape (N, C), 1 for each class of an image.
            weights: of the terms of the loss, shape (N, C) for several labels per image, else
                (N, 1).
        """
        self._update(images, targets, weights)

    def _forward(self, images: Any) -> Any:
        return self._logits(self._module(images))

    def _logits(self, features: Any) -> Any:
        return self._tf.matmul(features, self._weights) + self._bias

    def _train_forward(self, images: Any) -> Any:
        if not self._is_mixed:
            return self._forward(images)
        return self._logits(self._module.in_precision(images, self._tf.bfloat16))

    def _descend(self, images: Any, targets: Any, weights: Any) -> None:
        tf = self._tf
        # The frozen blocks' variables are not watched, so that their activations aren't kept.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._variables)
            logits = self._train_forward(images)
            if self.multilabel:
                entropy = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)
            else:
                entropy = tf.nn.softmax_cross_entropy_with_logits(targets, logits)[:, None]
            loss = tf.reduce_mean(entropy * weights)
        zero = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(loss, self._variables, unconnected_gradients=zero)
        self._optimizer.apply_gradients(zip(gradients, self._variables, strict=True))

    def state(self) -> NetworkState:
        """Return a copy of everything that changes."""
        values = [variable.numpy() for variable in self._variables]
        return NetworkState(values, [each.numpy() for each in self._optimizer.variables])

    def restore(self, state: NetworkState) -> None:
        """Go back to an earlier state."""
        variables = [*self._variables, *self._optimizer.variables]
        for variable, value in zip(variables, [*state.values, *state.optimizer], strict=True):
            variable.assign(value)

    def head(self) -> Head:
        """Return the head as it is now."""
        return Head(self._weights.numpy(), self._bias.numpy(), self.multilabel)

    def backbone(self) -> Backbone:
        """Return the backbone as it is now, with a name and digest of its own."""
        original = self._original
        return replace(
            original,
            name=f"{original.name} {_NAME}",
            digest=_digest(original.digest, self.state().values[:-2]),
            module=self._module,
            call=compiled(self._tf, self._module, original.image_size),
        )


def _digest(original: str, values: Sequence[NDArray[np.float32]]) -> str:
    digest = hashlib.sha256(f"{_NAME} {original}".encode())
    for value in values:
        digest.update(value.astype("<f4").tobytes())
    return digest.hexdigest()
