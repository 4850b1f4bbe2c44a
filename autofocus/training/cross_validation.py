"""Answers for images by a classifier layer that did not learn from their group."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autofocus.splits.split import Assignment
from autofocus.training.fitting import Fitting, fit
from autofocus.training.samples import Samples

# Comparing two ways of splitting needs no more images than this.
MOST_COMPARED = 4000


def out_of_fold(
    samples: Samples, folds: NDArray[np.int64], fitting: Fitting, strength: float
) -> NDArray[np.float32]:
    """Return the logits that each image gets from a layer that was trained on the other folds.

    Args:
        samples: N images.
        folds: the fold of each, shape (N,).
        fitting: how to train.
        strength: of the regularisation, chosen before.

    Returns:
        Shape (N, C).
    """
    logits = np.zeros(samples.targets.shape, np.float32)
    nothing = samples.rows(np.zeros(len(samples), bool))
    alone = replace(fitting, strengths=(strength,))
    for fold in np.unique(folds):
        tested = folds == fold
        training = samples.rows(~tested)
        head = fit(training, nothing, (), alone).head
        logits[tested] = head.logits(samples.features[tested])
    return logits


def by_image(images: Sequence[Assignment], number: int) -> NDArray[np.int64]:
    """Divide images into folds one by one, by a digest of their content."""
    digests = [hashlib.sha256(f"fold {one.image.digest}".encode()).hexdigest() for one in images]
    return np.array([int(digest, 16) % number for digest in digests], np.int64)


def thinned(images: Sequence[Assignment]) -> list[Assignment]:
    """Return whole groups of images, up to enough, by a chance that is always the same."""
    groups: dict[str, list[Assignment]] = {}
    for image in images:
        groups.setdefault(image.group, []).append(image)
    order = sorted(groups, key=lambda group: hashlib.sha256(group.encode()).hexdigest())
    chosen: list[Assignment] = []
    for group in order:
        if len(chosen) >= MOST_COMPARED:
            break
        chosen += groups[group]
    return chosen
