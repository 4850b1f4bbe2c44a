"""Dividing photographs among several machines."""

import hashlib
import re
from dataclasses import dataclass

from autofocus.errors import SettingError


@dataclass(frozen=True)
class Shard:
    """One part of all photographs.

    A part is made of whole folders: a folder is one camera's deployment, and the frames of a
    burst, or those before and after a photograph, must be at hand where it is looked at. So parts
    are as even as the folders are many and alike, and no more.

    Attributes:
        number: which part, from 0.
        of: how many there are.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Read a text such as ``0/4``.

        Raises:
            SettingError: it is no such text.
        """
        found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text, re.ASCII)
        if found is None:
            raise SettingError(f"shard: must be I/N, such as 0/4, not {text!r}.")
        number, of = int(found[1]), int(found[2])
        if number >= of:
            raise SettingError(
                f"shard: I/N counts from 0, so I must be less than N, which {text!r} is not."
            )
        return cls(number, of)

    def has(self, name: str) -> bool:
        """Tell whether a photograph is of this part; it stays so when others come and go.

        Args:
            name: its path or key, with `/` between parts.
        """
        folder = name.rpartition("/")[0]
        digest = hashlib.md5(folder.encode("utf-8", "surrogatepass"), usedforsecurity=False)
        return int.from_bytes(digest.digest(), "big") % self.of == self.number
