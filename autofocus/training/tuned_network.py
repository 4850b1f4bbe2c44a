"""A network whose last blocks learn together with the classifier layer.

The step is Adam's (D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR
2015). The batch normalisation is folded into the convolutions already, so that what was measured
of ImageNet stays, however few images there are.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.features.backbones import Backbone
from autofocus.features.backbones.efficientnet_lite import compiled, make_efficientnet
from autofocus.features.runtime import tensorflow
from autofocus.model.head import Head

Values = list[NDArray[np.float32]]

_MEAN, _SQUARE, _TINY = 0.9, 0.999, 1e-7
_NAME = "fine-tuned"


@dataclass(frozen=True)
class State:
    """All that changes while a network learns.

    Attributes:
        values: of its variables.
        means: Adam's running means of their gradients.
        squares: and of the gradients' squares.
        steps: how many were made.
    """

    values: Values
    means: Values
    squares: Values
    steps: int


class TunedNetwork:
    """An embedded backbone with a classifier layer on it, the end of which learns.

    Args:
        backbone: an embedded one; it is not changed, a copy of it is.
        head: the layer to begin with.
        layers: how many of the last blocks learn.
        rate: Adam's learning rate.

    Attributes:
        multilabel: whether each class has a probability of its own.
    """

    def __init__(self, backbone: Backbone, head: Head, layers: int, rate: float) -> None:
        self._tf = tf = tensorflow()
        self._original = backbone
        self.multilabel = head.multilabel
        self._module = make_efficientnet(backbone.name).module
        self._weights = tf.Variable(head.weights)
        self._bias = tf.Variable(head.bias)
        self._variables = [*self._tail(layers), self._weights, self._bias]
        self._means = [tf.Variable(tf.zeros_like(each)) for each in self._variables]
        self._squares = [tf.Variable(tf.zeros_like(each)) for each in self._variables]
        self._steps = 0
        self._rate = rate
        images = tf.TensorSpec([None, *backbone.image_size, 3], tf.float32)
        numbers = tf.TensorSpec([None, None], tf.float32)
        rates = tf.TensorSpec([], tf.float32)
        self._call = tf.function(self._forward, input_signature=[images])
        self._learn = tf.function(self._descend, input_signature=[images, numbers, numbers, rates])

    def _tail(self, layers: int) -> list[Any]:
        blocks = self._module.blocks[len(self._module.blocks) - layers :]
        return [variable for part in (*blocks, self._module.head) for variable in part.variables]

    def logits(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what probabilities are made of: (N, height, width, 3), 0 to 1, to (N, C)."""
        logits: NDArray[np.float32] = self._call(images).numpy()
        return logits

    def step(
        self,
        images: NDArray[np.float32],
        targets: NDArray[np.float32],
        emphasis: NDArray[np.float32],
    ) -> None:
        """Learn from some images.

        Args:
            images: shape (N, height, width, 3), 0 to 1.
            targets: shape (N, C), 1 for each class that an image shows.
            emphasis: how much each answer counts, shape (N, C), or (N, 1) if each image has one.
        """
        self._steps += 1
        # Makes up for means that begin at 0.
        unbiased = np.sqrt(1 - _SQUARE**self._steps) / (1 - _MEAN**self._steps)
        self._learn(images, targets, emphasis, np.float32(self._rate * unbiased))

    def _forward(self, images: Any) -> Any:
        return self._tf.matmul(self._module(images), self._weights) + self._bias

    def _descend(self, images: Any, targets: Any, emphasis: Any, rate: Any) -> None:
        tf = self._tf
        # The body's variables are not watched, so that nothing is kept of it.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self._variables)
            logits = self._forward(images)
            if self.multilabel:
                entropy = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)
            else:
                entropy = tf.nn.softmax_cross_entropy_with_logits(targets, logits)[:, None]
            loss = tf.reduce_mean(entropy * emphasis)
        for variable, mean, square, gradient in zip(
            self._variables,
            self._means,
            self._squares,
            tape.gradient(loss, self._variables),
            strict=True,
        ):
            mean.assign(_MEAN * mean + (1 - _MEAN) * gradient)
            square.assign(_SQUARE * square + (1 - _SQUARE) * tf.square(gradient))
            variable.assign_sub(rate * mean / (tf.sqrt(square) + _TINY))

    def state(self) -> State:
        """Return a copy of all that changes."""
        each = (self._variables, self._means, self._squares)
        values, means, squares = ([one.numpy() for one in variables] for variables in each)
        return State(values, means, squares, self._steps)

    def restore(self, state: State) -> None:
        """Go back to an earlier state."""
        for variables, values in (
            (self._variables, state.values),
            (self._means, state.means),
            (self._squares, state.squares),
        ):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        self._steps = state.steps

    def head(self) -> Head:
        """Return the classifier layer as it is now."""
        return Head(self._weights.numpy(), self._bias.numpy(), self.multilabel)

    def backbone(self) -> Backbone:
        """Return the backbone as it is now; it tells itself from the one that it was made of."""
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
