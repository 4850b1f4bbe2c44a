"""The part of a confusion matrix that people can look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A drawing or table of more classes would be too large to read, and to draw.
MOST_CLASSES = 40


@dataclass(frozen=True)
class ConfusionPart:
    """The rows and columns of the classes with most mistakes; all of them if they are few.

    Attributes:
        labels: the classes shown, in the order of all.
        numbers: images by true (row) and predicted class (column), shape (K, K).
        totals: images of each true class, those predicted as a class that is not shown included,
            shape (K,).
        classes: the number of all classes.
    """

    labels: tuple[str, ...]
    numbers: NDArray[np.int64]
    totals: NDArray[np.int64]
    classes: int

    @property
    def is_whole(self) -> bool:
        """Whether all classes are shown."""
        return len(self.labels) == self.classes


def most_confused(
    labels: Sequence[str], confusion: Sequence[Sequence[int]], most: int = MOST_CLASSES
) -> ConfusionPart:
    """Return the part of a confusion matrix with the classes that have most mistakes.

    Args:
        labels: the C classes.
        confusion: C rows (true) of C numbers (predicted).
        most: the largest number of classes to return.
    """
    matrix = np.array(confusion, np.int64).reshape(len(labels), len(labels))
    totals = matrix.sum(axis=1)
    rows = np.arange(len(labels))
    if len(labels) > most:
        mistakes = totals + matrix.sum(axis=0) - 2 * np.diag(matrix)
        # Of equally confused classes, those with most images, then the first ones.
        rows = np.sort(np.lexsort((rows, -totals, -mistakes))[:most])
    shown = tuple(labels[row] for row in rows.tolist())
    return ConfusionPart(shown, matrix[np.ix_(rows, rows)], totals[rows], len(labels))
