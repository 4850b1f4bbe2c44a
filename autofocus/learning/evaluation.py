"""How good a classifier is on photographs that it did not learn from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The 97.5 % quantile of the normal distribution: two-sided 95 % intervals.
_Z = 1.959963984540054


@dataclass(frozen=True)
class Evaluation:
    """Counts of right and wrong answers.

    Attributes:
        labels: the classes, in the order of the matrix.
        confusion: shape (C, C): row the true class, column the answer, value how many images.
    """

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]

    @property
    def images(self) -> int:
        """How many images were judged."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float | None:
        """The share of right answers, 0 to 1; None without images."""
        return _share(int(np.trace(self.confusion)), self.images)

    @property
    def most_common(self) -> tuple[str, float] | None:
        """The most common true class and its share: what always giving it would score."""
        if not self.images:
            return None
        sizes = self.confusion.sum(axis=1)
        top = int(sizes.argmax())
        return self.labels[top], float(sizes[top] / self.images)

    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval of the accuracy, after Wilson (1927); None without images.

        It takes images for independent; frames of one burst are not, and make it too narrow.
        """
        return wilson(int(np.trace(self.confusion)), self.images)

    def per_class(self) -> list[dict[str, Any]]:
        """Return precision, recall, F1 and the number of images of each class."""
        rows = []
        for number, label in enumerate(self.labels):
            right = int(self.confusion[number, number])
            precision = _share(right, int(self.confusion[:, number].sum()))
            recall = _share(right, int(self.confusion[number].sum()))
            rows.append(
                {
                    "label": label,
                    "images": int(self.confusion[number].sum()),
                    "precision": precision,
                    "recall": recall,
                    "f1": _harmonic_mean(precision, recall),
                }
            )
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return all figures as plain JSON values."""
        return {
            "images": self.images,
            "accuracy": self.accuracy,
            "accuracy_95_percent_interval": self.interval(),
            "most_common_class": self.most_common,
            "per_class": self.per_class(),
            "confusion_matrix": self.confusion.tolist(),
        }


def evaluate(
    labels: Sequence[str], true: NDArray[np.int64], answers: NDArray[np.int64]
) -> Evaluation:
    """Count how often each class was answered for each.

    Args:
        labels: the classes.
        true: the number of each image's class, shape (N,).
        answers: the number of the class that was answered, shape (N,).
    """
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (true, answers), 1)
    return Evaluation(tuple(labels), confusion)


def wilson(right: int, number: int) -> tuple[float, float] | None:
    """Return the 95 % score interval of a share (E. B. Wilson, JASA 22, 1927)."""
    if not number:
        return None
    share, z2 = right / number, _Z * _Z
    middle = share + z2 / (2 * number)
    half = _Z * math.sqrt(share * (1 - share) / number + z2 / (4 * number * number))
    scale = 1 + z2 / number
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _harmonic_mean(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return None
    return 2 * one * other / (one + other) if one + other else 0.0
