"""Digests of files as S3 computes them: CRCs, hashes, and digests of the digests of parts."""

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from autofocus.runs import files

# The sizes of the blocks that `Crc` folds, in bytes: the largest first.
_BLOCKS = (1024, 64)


class Digest(Protocol):
    """What computes a digest piece by piece, such as those of `hashlib`."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def digest(self) -> bytes:
        """Return the digest of all bytes so far."""


class Crc:
    """A reflected CRC whose register begins with ones and is inverted at the end.

    For a polynomial P over GF(2), P(x)^n = P(x^n) where n is a power of 2. So the CRC of many
    bytes can be folded in blocks of n bits, each of which is one large integer for Python: that is
    dozens of times as fast as byte by byte.

    Args:
        polynomial: without its highest term, the highest bit first.
        bits: its degree.
    """

    def __init__(self, polynomial: int, bits: int) -> None:
        self._bits = bits
        self._steps = [bits - power for power in range(bits) if polynomial >> power & 1]
        self._table = _table(polynomial, bits)
        self._ones = (1 << bits) - 1
        self._register = self._ones

    def update(self, data: bytes, /) -> None:
        """Add bytes."""
        width = self._bits // 8
        if len(data) > self._bits * _BLOCKS[-1]:
            head = int.from_bytes(data[:width], "little") ^ self._register
            data = head.to_bytes(width, "little") + data[width:]
            self._register = 0
            for block in _BLOCKS:
                data = self._fold(data, block)
        register, table = self._register, self._table
        for byte in data:
            register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
        self._register = register

    def digest(self) -> bytes:
        """Return the digest of all bytes so far, the highest byte first."""
        return (self._register ^ self._ones).to_bytes(self._bits // 8, "big")

    def _fold(self, data: bytes, block: int) -> bytes:
        """Return fewer bytes with the same remainder, for a register of zeros."""
        # Zeros in front don't change it.
        data = bytes(-len(data) % block) + data
        blocks = [
            int.from_bytes(data[start : start + block], "little")
            for start in range(0, len(data), block)
        ]
        for index in range(len(blocks) - self._bits):
            top = blocks[index]
            for step in self._steps:
                blocks[index + step] ^= top
        return b"".join(each.to_bytes(block, "little") for each in blocks[-self._bits :])


def _table(polynomial: int, bits: int) -> list[int]:
    reflected = int(f"{polynomial:0{bits}b}"[::-1], 2)
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (reflected if value & 1 else 0)
        table.append(value)
    return table


class _Crc32:
    """The CRC of zlib."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


# By the names in S3's `x-amz-checksum-` headers; the best first.
CHECKSUMS: dict[str, Callable[[], Digest]] = {
    "sha256": lambda: hashlib.sha256(usedforsecurity=False),
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "crc64nvme": lambda: Crc(0xAD93D23594C93659, 64),
    "crc32c": lambda: Crc(0x1EDC6F41, 32),
    "crc32": _Crc32,
}


def md5() -> Digest:
    """Return a new MD5."""
    return hashlib.md5(usedforsecurity=False)


def checksum(path: Path, new: Callable[[], Digest]) -> str:
    """Return the digest of a file as S3 writes it, in base 64.

    Args:
        path: the file.
        new: returns a new digest.
    """
    (digest,) = _digests(path, [path.stat().st_size], new)
    return base64.b64encode(digest).decode()


def composite_checksum(path: Path, sizes: Sequence[int], new: Callable[[], Digest]) -> str:
    """Return the digest of the digests of a file's parts as S3 writes it: base 64 and a number.

    Args:
        path: the file.
        sizes: of its parts, in bytes.
        new: returns a new digest.
    """
    return f"{base64.b64encode(_of_parts(path, sizes, new)).decode()}-{len(sizes)}"


def multipart_etag(path: Path, sizes: Sequence[int]) -> str:
    """Return the ETag of a file that was uploaded in parts.

    Args:
        path: the file.
        sizes: of its parts, in bytes.
    """
    return f"{_of_parts(path, sizes, md5).hex()}-{len(sizes)}"


def _of_parts(path: Path, sizes: Sequence[int], new: Callable[[], Digest]) -> bytes:
    whole = new()
    for digest in _digests(path, sizes, new):
        whole.update(digest)
    return whole.digest()


def _digests(path: Path, sizes: Sequence[int], new: Callable[[], Digest]) -> Iterator[bytes]:
    with path.open("rb") as file:
        for size in sizes:
            digest, left = new(), size
            while left and (chunk := file.read(min(left, files.CHUNK))):
                digest.update(chunk)
                left -= len(chunk)
            yield digest.digest()
