"""The subsets of a split, and their shares of the images."""

from enum import Enum
from typing import Literal

GroupKind = Literal["location", "sequence", "image"]
SplitBy = Literal["auto", "location", "sequence", "image"]


class Subset(str, Enum):
    """A subset of the split."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"
