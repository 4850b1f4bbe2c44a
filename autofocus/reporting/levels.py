"""The groups that a split never divides, in words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """The group that a split never divides, in words.

    Attributes:
        where: the images that the accuracy holds for; goes after "images".
        short: the same for a heading under the accuracy.
        group: the group.
        groups: its plural.
        sequences: the sequences that the accuracy by sequence holds for; goes after "sequences".
    """

    where: str
    short: str
    group: str
    groups: str
    sequences: str


LEVELS = {
    "location": Level(
        "from locations that it has never seen",
        "at locations that it has never seen",
        "location",
        "locations",
        "at locations that it has never seen",
    ),
    "sequence": Level(
        "from other sequences, at locations that it may have seen",
        "in other sequences, at locations that it may have seen",
        "sequence",
        "sequences",
        "at locations that it may have seen",
    ),
    "image": Level(
        "similar to its training images",
        "if similar to its training images",
        "image",
        "images",
        "similar to its training images",
    ),
}
