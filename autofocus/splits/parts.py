"""What is divided into training, validation and test."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from autofocus.grouping.frames import Frame

Level = Literal["location", "sequence", "image"]
SplitBy = Literal["auto", "location", "sequence", "image"]


class Part(str, Enum):
    """A part of the data."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True)
class Member:
    """One photograph that is to belong to a part.

    Attributes:
        frame: which camera took it, when and where; its name is unique.
        labels: what it shows.
        digest: the SHA-256 of its content.
    """

    frame: Frame
    labels: tuple[str, ...]
    digest: str
