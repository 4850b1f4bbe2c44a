"""Judged images for tests."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.judged import Answers, Judged


def made(
    probabilities: Sequence[Sequence[float]] | NDArray[np.float64],
    true: Sequence[int | Sequence[int]],
    *,
    groups: Sequence[str] | None = None,
    sequences: Sequence[str] | None = None,
    slices: Mapping[str, Sequence[str]] | None = None,
    multilabel: bool = False,
) -> Judged:
    """Make images of given probabilities, each of a class, or of several, and of its own group."""
    shares = np.array(probabilities, np.float64)
    targets = np.zeros(shares.shape, np.float32)
    for row, classes in zip(targets, true, strict=True):
        row[np.array(classes, np.int64)] = 1
    odds = shares / (1 - shares) if multilabel else shares
    names = tuple(f"{place:02}.jpg" for place in range(len(shares)))
    return Judged(
        names=names,
        logits=np.log(odds).astype(np.float32),
        targets=targets,
        groups=tuple(groups or names),
        sequences=tuple(sequences or [""] * len(names)),
        slices=slices or {},
        multilabel=multilabel,
    )


def answered(
    true: Sequence[int], answers: Sequence[int], classes: int, groups: Sequence[str] | None = None
) -> Judged:
    """Make images of one class each, with an answer that is 90 % sure."""
    rest = 0.1 / (classes - 1)
    rows = [[0.9 if place == answer else rest for place in range(classes)] for answer in answers]
    return made(rows, true, groups=groups)


def read(judged: Judged) -> Answers:
    """Return the answers to images."""
    return Answers.of(judged)
