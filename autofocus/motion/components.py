"""Connected components of a map of change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Component:
    """A connected component; edges in pixels, right and bottom excluded.

    Attributes:
        left: its first column.
        top: its first row.
        right: the column after its last.
        bottom: the row after its last.
        mass: the sum of the change over its pixels.
        row: the row of its centre of mass.
    """

    left: int
    top: int
    right: int
    bottom: int
    mass: float
    row: float

    def joined(self, other: "Component") -> "Component":
        """Return the smallest rectangle around both."""
        mass = self.mass + other.mass
        return Component(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
            mass,
            (self.mass * self.row + other.mass * other.row) / mass,
        )


def find_components(change: NDArray[np.float32], low: float, high: float) -> list[Component]:
    """Return the components above `low` whose maximum is above `high`, the heaviest first.

    This is the hysteresis of J. Canny, "A Computational Approach to Edge Detection" (IEEE
    Transactions on Pattern Analysis and Machine Intelligence 8, 1986): noise rarely reaches the
    high threshold, and the low one keeps an animal in one piece.

    Args:
        change: shape (H, W).
        low: the threshold for the pixels of a component.
        high: the threshold for its maximum.
    """
    labels = label_components(change > low)
    number = int(labels.max(initial=0))
    if not number:
        return []
    peaks = np.zeros(number + 1)
    np.maximum.at(peaks, labels.ravel(), change.ravel())
    found = [
        _component(np.where(labels == label, change, 0))
        for label in range(1, number + 1)
        if peaks[label] > high
    ]
    return sorted(found, key=lambda one: (-one.mass, one.top, one.left))


def _component(change: NDArray[np.float32]) -> Component:
    """Return the only component of a map that is 0 elsewhere."""
    by_row, by_column = change.sum(axis=1, dtype=np.float64), change.sum(axis=0)
    rows, columns = np.flatnonzero(by_row), np.flatnonzero(by_column)
    mass = float(by_row.sum())
    row = float(by_row @ np.arange(len(by_row))) / mass
    edges = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return Component(*edges, mass, row)


def label_components(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the components (8-connectivity) from 1; 0 is outside.

    The runs of each row are united with those of the row above that they touch.
    """
    labels = np.zeros(mask.shape, np.int64)
    parents = [0]
    above: list[tuple[int, int, int]] = []
    for row, line in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], line.view(np.int8), [0]))))
        runs = []
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            touching = [label for left, right, label in above if left <= end and right >= start]
            label = _unite(parents, touching)
            labels[row, start:end] = label
            runs.append((start, end, label))
        above = runs
    roots = np.array([_root(parents, label) for label in range(len(parents))])
    _, numbers = np.unique(roots, return_inverse=True)
    return np.asarray(numbers.reshape(-1)[labels])


def _unite(parents: list[int], labels: list[int]) -> int:
    if not labels:
        parents.append(len(parents))
        return len(parents) - 1
    roots = [_root(parents, label) for label in labels]
    for root in roots:
        parents[root] = min(roots)
    return min(roots)


def _root(parents: list[int], label: int) -> int:
    while parents[label] != label:
        label = parents[label]
    return label
