"""The subsets of a split, and their shares of the images."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Literal

GroupKind = Literal["location", "sequence", "image"]
SplitBy = Literal["auto", "location", "sequence", "image"]

# A subset is near its share if its number of images is between these multiples of it.
_MIN_RATIO, _MAX_RATIO = 0.75, 4 / 3


class Subset(str, Enum):
    """A subset of the split."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


# The most important first: a class that isn't learned can't be tested, and a test says more than
# validation does.
_BY_IMPORTANCE = (Subset.TRAINING, Subset.TEST, Subset.VALIDATION)


@dataclass(frozen=True)
class Shares:
    """The shares of test and validation, in percent of the images; training gets the rest."""

    testing: float
    validation: float

    def of(self, subset: Subset) -> float:
        """Return the share of a subset, 0 to 100."""
        rest = 100.0 - self.testing - self.validation
        return {Subset.TEST: self.testing, Subset.VALIDATION: self.validation}.get(subset, rest)

    @property
    def subsets(self) -> tuple[Subset, ...]:
        """The subsets that are not to be empty, the most important first."""
        return tuple(subset for subset in _BY_IMPORTANCE if self.of(subset) > 0)

    def at(self, position: float) -> Subset:
        """Return the subset at a position from 0 to 100."""
        if position < self.validation:
            return Subset.VALIDATION
        return Subset.TEST if position < self.validation + self.testing else Subset.TRAINING

    def distance(self, position: float, subset: Subset) -> float:
        """Return how far a position is from the range of a subset; 0 within it."""
        low = {Subset.VALIDATION: 0.0, Subset.TEST: self.validation}.get(
            subset, self.validation + self.testing
        )
        return max(low - position, position - (low + self.of(subset)), 0.0)

    def ratio(self, subset: Subset, images: int, total: int) -> float:
        """Return the size of a subset as a multiple of its share."""
        # One image is added to both, so that a single image makes no large difference.
        return (images + 1) / (self.of(subset) / 100 * total + 1)

    def excess(self, subset: Subset, images: int, total: int) -> float:
        """Return how far a subset is from being near its share, on a logarithmic scale, or 0.

        Args:
            subset: the subset.
            images: its number of images.
            total: the number of images of all subsets.
        """
        ratio = self.ratio(subset, images, total)
        return max(math.log(_MIN_RATIO / ratio), math.log(ratio / _MAX_RATIO), 0.0)
