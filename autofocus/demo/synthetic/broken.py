"""Broken files with the names of images."""

import struct
import zlib
from collections.abc import Callable

from autofocus.demo.synthetic.kinds import Kind

SIDE_OF_BOMB = 60000
# The share of a file that is left when copying it was interrupted.
_LEFT = 0.55


def spoil(kind: Kind, photograph: Callable[[], bytes]) -> bytes:
    """Return the content of a broken file.

    Args:
        kind: how it is broken; not one whose file is a picture of its own.
        photograph: makes the whole file, where something of it is left.
    """
    if kind is Kind.TRUNCATED:
        whole = photograph()
        return whole[: int(len(whole) * _LEFT)]
    return {
        Kind.EMPTY_FILE: b"",
        Kind.TEXT: b"SYNTHETIC: this is text under a photograph's name.\n",
        Kind.APPLE_DOUBLE: _apple_double(),
        Kind.BOMB: _bomb(),
    }[kind]


def _apple_double() -> bytes:
    """Return an AppleDouble file (RFC 1740) of macOS: a header and finder info."""
    magic, version, entries = 0x00051607, 0x00020000, 1
    finder_info, offset, length = 9, 38, 32
    header = struct.pack(">II16xH", magic, version, entries)
    return header + struct.pack(">III", finder_info, offset, length) + b"SYNTHETIC".ljust(length)


def _bomb() -> bytes:
    """Return a small PNG file whose header declares 3.6 billion pixels."""
    header = struct.pack(">IIBBBBB", SIDE_OF_BOMB, SIDE_OF_BOMB, 8, 0, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"tEXt", b"Comment\0SYNTHETIC"),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
