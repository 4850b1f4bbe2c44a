"""Dividing images among several machines."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from autofocus.errors import SettingError
from autofocus.options.settings import shown
from autofocus.runs.cameras import camera_folder


@dataclass(frozen=True)
class Shard:
    """One shard of all images.

    A shard consists of whole folders: a folder is one camera's deployment, and the frames of a
    sequence, and those before and after an image, are needed together; so are the folders that a
    camera makes by itself, such as 100RECNX and 101RECNX. So shards are only as even as the
    folders are.

    Attributes:
        number: the shard's number, from 0.
        of: the number of shards.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read a text such as ``0/4``.

        Raises:
            SettingError: the text has another form.
        """
        match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text, re.ASCII)
        if match is None:
            raise SettingError(
                f"shard: must be I/N, such as 0/4, or I-J/N, such as 0-49/2000, not {shown(text)}."
            )
        number, of = int(match[1]), int(match[2])
        if number >= of:
            raise SettingError(
                f"shard: I/N counts from 0, so I must be less than N, which {shown(text)} is not."
            )
        return cls(number, of)

    def has(self, name: str) -> bool:
        """Tell whether an image is in this shard; that does not depend on other images.

        Args:
            name: the path or key of the image, with `/` between parts.
        """
        return shard_number(name, self.of) == self.number

    def __str__(self) -> str:
        """Return the shard as `parse` reads it."""
        return f"{self.number}/{self.of}"


@dataclass(frozen=True)
class Shards:
    """Successive shards of all images, which one machine takes one after the other.

    Attributes:
        first: the number of the first shard, from 0.
        last: the number of the last shard, inclusive.
        of: the number of all shards.
    """

    first: int
    last: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shards":
        """Read a text such as ``0-49/2000``, or ``3/24`` for a single shard.

        Raises:
            SettingError: the text has another form.
        """
        match = re.fullmatch(r"\s*(\d{1,9})\s*-\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text, re.ASCII)
        if match is None:
            shard = Shard.parse(text)
            return cls(shard.number, shard.number, shard.of)
        first, last, of = int(match[1]), int(match[2]), int(match[3])
        if not first <= last < of:
            raise SettingError(
                f"shard: I-J/N counts from 0, so I must be at most J, and J less than N, unlike "
                f"{shown(text)}."
            )
        return cls(first, last, of)

    @classmethod
    def divide(cls, of: int, parts: int) -> "list[Shards]":
        """Divide all shards into so many successive parts that are as even as possible.

        Args:
            of: the number of all shards.
            parts: the number of parts, 1 to `of`.
        """
        starts = [part * of // parts for part in range(parts + 1)]
        return [cls(first, end - 1, of) for first, end in pairwise(starts)]

    @property
    def parts(self) -> tuple[Shard, ...]:
        """The shards in rising order."""
        return tuple(Shard(number, self.of) for number in range(self.first, self.last + 1))

    def __len__(self) -> int:
        """Return how many shards these are."""
        return self.last - self.first + 1

    def has_number(self, number: int) -> bool:
        """Tell whether the shard of a number is among these."""
        return self.first <= number <= self.last

    def has(self, name: str) -> bool:
        """Tell whether an image is in one of these shards.

        Args:
            name: the path or key of the image, with `/` between parts.
        """
        return self.has_number(shard_number(name, self.of))

    def __str__(self) -> str:
        """Return the shards as `parse` reads them."""
        one_or_more = str(self.first) if len(self) == 1 else f"{self.first}-{self.last}"
        return f"{one_or_more}/{self.of}"


def shard_number(name: str, of: int) -> int:
    """Return the number of the shard that an image is in.

    Args:
        name: the path or key of the image, with `/` between parts.
        of: the number of all shards.
    """
    return _digest(camera_folder(name)) % of


@lru_cache(maxsize=1 << 12)
def _digest(folder: str) -> int:
    digest = hashlib.md5(folder.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    return int.from_bytes(digest.digest(), "big")
