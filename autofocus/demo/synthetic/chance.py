"""Chance, of which everything synthetic is made."""

import numpy as np


def happens(rng: np.random.Generator, share: float) -> bool:
    """Tell whether something happens that happens in this share of all cases, 0 to 1."""
    return bool(rng.random() < share)
