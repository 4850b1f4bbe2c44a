"""Predictions for images by heads that were trained without the images' groups."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autofocus.splits.split import Assignment
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.recipe import Recipe

# Two ways of splitting are compared on at most this many images, plus the rest of a group.
MAX_COMPARED = 4000


def out_of_fold_logits(
    source: DatasetFeatures, images: Sequence[Assignment], folds: NDArray[np.int64], recipe: Recipe
) -> NDArray[np.float32]:
    """Return the logits of each image by a head that was trained on the other folds.

    Args:
        source: gives the features.
        images: N images.
        folds: the fold of each image, shape (N,).
        recipe: how the model's head was trained, with all choices made; see `Recipe.fixed`.

    Returns:
        Shape (N, C).
    """
    logits = np.zeros((len(images), len(source.dataset.labels)), np.float32)
    for fold in np.unique(folds):
        is_tested = folds == fold
        training = [images[number] for number in np.flatnonzero(~is_tested).tolist()]
        tested = [images[number] for number in np.flatnonzero(is_tested).tolist()]
        head = recipe.train(source, training).head
        logits[is_tested] = head.logits(source.features(tested, recipe.view))
    return logits


def folds_by_image(images: Sequence[Assignment], number: int) -> NDArray[np.int64]:
    """Divide images into folds one by one, by a hash of their content."""
    digests = [hashlib.sha256(f"fold {row.image.digest}".encode()).hexdigest() for row in images]
    return np.array([int(digest, 16) % number for digest in digests], np.int64)


def sample_groups(images: Sequence[Assignment]) -> list[Assignment]:
    """Return the images of randomly chosen whole groups, about `MAX_COMPARED`; deterministic."""
    groups: dict[str, list[Assignment]] = {}
    for image in images:
        groups.setdefault(image.group, []).append(image)
    order = sorted(groups, key=lambda group: hashlib.sha256(group.encode()).hexdigest())
    chosen: list[Assignment] = []
    for group in order:
        if len(chosen) >= MAX_COMPARED:
            break
        chosen += groups[group]
    return chosen
