"""The head: the trained layer that turns a feature vector into a score per class."""

import hashlib
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

# The signature of a SavedModel for the head that its metrics are of.
MEASURED = "measured"

Float = TypeVar("Float", np.float32, np.float64)


@dataclass(frozen=True)
class Head:
    """The weights of the trained layer.

    Attributes:
        weights: shape (D, C), for feature vectors of D numbers and C classes.
        bias: shape (C,).
        multilabel: whether each class has a probability of its own, instead of all classes
            sharing 1.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    multilabel: bool = False

    @property
    def digest(self) -> str:
        """A SHA-256 that identifies the weights, in hex digits."""
        digest = hashlib.sha256(repr((self.weights.shape, self.multilabel)).encode())
        for values in (self.weights, self.bias):
            digest.update(np.ascontiguousarray(values, "<f4").tobytes())
        return digest.hexdigest()

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the unnormalised scores of N images: shape (N, D) to (N, C)."""
        logits: NDArray[np.float32] = (features @ self.weights + self.bias).astype(np.float32)
        return logits

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each class: shape (N, D) to (N, C)."""
        return to_probabilities(self.logits(features), multilabel=self.multilabel)

    def scaled(self, temperature: float) -> "Head":
        """Return a head whose logits are divided by a temperature."""
        divisor = np.float32(temperature)
        return replace(self, weights=self.weights / divisor, bias=self.bias / divisor)


def to_probabilities(logits: NDArray[Float], *, multilabel: bool) -> NDArray[Float]:
    """Return the probabilities of logits, shape (N, C), in the same precision.

    Args:
        logits: shape (N, C).
        multilabel: whether each class has a probability of its own (logistic function), instead
            of rows that sum up to 1 (softmax).
    """
    from scipy.special import expit, softmax

    probabilities = expit(logits) if multilabel else softmax(logits, axis=1)
    return np.asarray(probabilities, logits.dtype)
