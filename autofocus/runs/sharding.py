"""Dividing images among several machines."""

import hashlib
import re
from dataclasses import dataclass

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
            raise SettingError(f"shard: must be I/N, such as 0/4, not {shown(text)}.")
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
        folder = camera_folder(name)
        digest = hashlib.md5(folder.encode("utf-8", "surrogatepass"), usedforsecurity=False)
        return int.from_bytes(digest.digest(), "big") % self.of == self.number
