"""The content of an image file: read once into memory, or on the disk if it is large."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from autofocus.errors import RejectedImageError
from autofocus.runs import files
from autofocus.runs.ledger import Reason

# Files of cameras are smaller; what is larger is read as it is needed, within a limit of memory.
_MAX_IN_MEMORY = 16 << 20
_START_BYTES = 12


@dataclass(frozen=True)
class Content:
    """What an image file holds.

    Attributes:
        data: all its bytes; None if they are on the disk.
        path: the file; None if there is none.
        size: in bytes.
    """

    data: bytes | None
    path: Path | None
    size: int

    @classmethod
    def of_bytes(cls, data: bytes) -> "Content":
        """Return the content of a file that is in memory.

        Raises:
            RejectedImageError: it is empty.
        """
        return cls(_not_empty(data), None, len(data))

    @classmethod
    def of_file(cls, path: Path, *, whole: bool = True) -> "Content":
        """Read a file.

        Args:
            path: the file.
            whole: whether all of it is going to be needed, so that it is best read at once.

        Raises:
            RejectedImageError: it is empty, or can't be read.
        """
        try:
            # Reading a pipe would block forever.
            if not path.is_file():
                raise RejectedImageError(Reason.UNREADABLE, "no plain file, or a link to nowhere")
            with path.open("rb", buffering=0) as file:
                size = file.seek(0, io.SEEK_END)
                file.seek(0)
                is_kept = whole and size <= _MAX_IN_MEMORY
                data = file.readall() if is_kept else file.read(_START_BYTES)
        except OSError as error:
            raise RejectedImageError(Reason.UNREADABLE, words_of(error)) from None
        _not_empty(data)
        return cls(data, path, len(data)) if is_kept else cls(None, path, size)

    @property
    def source(self) -> IO[bytes] | Path:
        """What Pillow opens."""
        return self._on_disk if self.data is None else io.BytesIO(self.data)

    def open(self) -> IO[bytes]:
        """Open the content for reading."""
        return self._on_disk.open("rb") if self.data is None else io.BytesIO(self.data)

    def read(self, most: int) -> bytes:
        """Return the content from its beginning, of at most so many bytes."""
        if self.data is not None:
            return self.data if self.size <= most else self.data[:most]
        with self._on_disk.open("rb") as file:
            return file.read(min(most, self.size + 1))

    @property
    def start(self) -> bytes:
        """The first bytes, by which formats are told."""
        return self.read(_START_BYTES)

    @property
    def digest(self) -> str:
        """The SHA-256 of the content, in hex digits."""
        if self.data is None:
            return files.digest_file(self._on_disk)
        return hashlib.sha256(self.data).hexdigest()

    @property
    def _on_disk(self) -> Path:
        if self.path is None:
            raise TypeError("There is no file.")
        return self.path


def words_of(error: BaseException) -> str:
    """Return what an error says, without what differs from machine to machine."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split()) or type(error).__name__
    # A decoder may quote the file's path.
    return text.split(" '/")[0][:200]


def _not_empty(data: bytes) -> bytes:
    if not data:
        raise RejectedImageError(Reason.EMPTY_FILE, "the file has no bytes")
    return data
