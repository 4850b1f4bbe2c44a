"""Folds of whole groups."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FOLDS = 5


def folds_of_groups(groups: Sequence[str]) -> NDArray[np.int64]:
    """Return the fold of each image, by a hash of its group; shape (N,)."""
    order = sorted(set(groups), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    folds = {group: place % _FOLDS for place, group in enumerate(order)}
    return np.array([folds[group] for group in groups], np.int64)
