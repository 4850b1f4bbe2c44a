"""Random decisions."""

import numpy as np


def happens(rng: np.random.Generator, share: float) -> bool:
    """Return True with a given probability, 0 to 1."""
    return bool(rng.random() < share)
