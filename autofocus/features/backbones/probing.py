"""Trying a network from elsewhere on three images, to notice that it is given wrong ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError

# More than one, so that a model for single images is detected.
PROBE_IMAGES = 3
# Features of images with nothing in common differ by more than this share of their length. It is
# far below what a network shows that is given dim images, as its features may be close together.
_LEAST_DIFFERENCE = 1e-3
_SQUARES = 8
_DIMENSIONS = 2


def probe_images(size: tuple[int, int]) -> NDArray[np.float32]:
    """Return three images with nothing in common: squares, a gradient of colours, and noise.

    Args:
        size: height and width in pixels.

    Returns:
        Shape (3, height, width, 3), 0 to 1.
    """
    height, width = size
    down, right = np.mgrid[0:height, 0:width]
    squares = (right * _SQUARES // width + down * _SQUARES // height) % 2
    gradient = np.stack([right / width, down / height, 1 - right / width], axis=-1)
    noise = np.random.default_rng(0).random((height, width, 3)) ** 2
    chessboard = np.repeat(squares[..., None], 3, axis=-1)
    return np.stack([chessboard, gradient, noise]).astype(np.float32)


def probe(
    call: Callable[[NDArray[np.float32]], Any], size: tuple[int, int], name: str, advice: str
) -> int:
    """Return the number of features that a network computes of an image, D.

    Args:
        call: maps images, shape (N, height, width, 3), 0 to 1, to features.
        size: height and width of its input in pixels.
        name: of the network, for messages.
        advice: what to change if its features are useless.

    Raises:
        InputDataError: it returns no vector per image, or a useless one.
    """
    vectors = np.asarray(call(probe_images(size)))
    shape = tuple(vectors.shape)
    if len(shape) != _DIMENSIONS or shape[0] != PROBE_IMAGES or not shape[1]:
        raise InputDataError(
            f"{name} returns values of shape {shape} for {PROBE_IMAGES} images: "
            f"feature vectors of shape ({PROBE_IMAGES}, D) are required."
        )
    if not np.isfinite(vectors).all():
        raise InputDataError(f"{name} returns features that are not finite (NaN): {advice}.")
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    differences = np.linalg.norm(vectors.astype(np.float64) - np.roll(vectors, 1, axis=0), axis=1)
    if differences.min() <= _LEAST_DIFFERENCE * lengths.mean():
        raise InputDataError(
            f"{name} returns the same features for images with different content: {advice}."
        )
    return int(shape[1])
