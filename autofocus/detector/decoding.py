"""From the rows that the detector's network returns to boxes."""

import numpy as np
from numpy.typing import NDArray

from autofocus.detector.graph import STRIDES

# Of more boxes in one image, the most confident are taken.
_MOST = 1000
# The logarithm of a size in grid steps; more would overflow, and is larger than any image.
_MOST_LOG = 10


def decode(
    rows: NDArray[np.float32], side: int, least: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the boxes of at least some confidence.

    Args:
        rows: shape (6, positions): x and y offset, log width, log height, objectness, class.
        side: of the network's square input, in pixels.
        least: the minimum confidence.

    Returns:
        Left, top, right and bottom edge in pixels, shape (N, 4), and the confidences, shape (N,),
        the most confident first.
    """
    confidence = rows[4].astype(np.float64) * rows[5]
    order = np.argsort(-confidence, kind="stable")[:_MOST]
    chosen = order[confidence[order] >= least]
    columns, lines, steps = (values[chosen] for values in _grid(side))
    offset_x, offset_y, log_width, log_height = rows[:4, chosen].astype(np.float64)
    centre = np.stack([offset_x + columns, offset_y + lines]) * steps
    half = np.exp(np.minimum([log_width, log_height], _MOST_LOG)) * steps / 2
    return np.concatenate([centre - half, centre + half]).T, confidence[chosen]


def _grid(side: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return column, line and step of each position."""
    parts = []
    for step in STRIDES:
        lines, columns = np.mgrid[: side // step, : side // step]
        parts.append(np.stack([columns.ravel(), lines.ravel(), np.full(lines.size, step)]))
    columns, lines, steps = np.concatenate(parts, axis=1)
    return columns, lines, steps


def suppress(edges: NDArray[np.float64], scores: NDArray[np.float64], overlap: float) -> list[int]:
    """Return the positions of the boxes that no more confident box overlaps.

    Greedy non-maximum suppression.

    Args:
        edges: left, top, right and bottom, shape (N, 4).
        scores: the confidences in descending order, shape (N,).
        overlap: the intersection over union above which the less confident box is dropped.
    """
    areas = np.prod(edges[:, 2:] - edges[:, :2], axis=1)
    left = np.arange(len(scores))
    kept = []
    while left.size:
        best, left = left[0], left[1:]
        kept.append(int(best))
        low = np.maximum(edges[best, :2], edges[left, :2])
        high = np.minimum(edges[best, 2:], edges[left, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        left = left[shared <= overlap * (areas[best] + areas[left] - shared)]
    return kept
