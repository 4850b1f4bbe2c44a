"""Which part of the data a photograph belongs to: training, validation or test.

The part follows from a digest of the photograph's content alone, so that it stays when others are
added, and equal files never stand in two parts. Frames of one burst can: see `docs/training.md`.
"""

from enum import Enum

# Digests are spread over so many places; percentages need not be whole numbers.
_PLACES = 1 << 32


class Part(str, Enum):
    """A part of the data."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


def part_of(digest: str, testing_percentage: float, validation_percentage: float) -> Part:
    """Return the part that a photograph belongs to.

    Args:
        digest: the SHA-256 of its content, as hex digits.
        testing_percentage: how much of the data is for the test, 0 to 100.
        validation_percentage: how much is for validation, 0 to 100.
    """
    place = 100.0 * (int(digest[:8], 16) / _PLACES)
    if place < validation_percentage:
        return Part.VALIDATION
    if place < validation_percentage + testing_percentage:
        return Part.TEST
    return Part.TRAINING
