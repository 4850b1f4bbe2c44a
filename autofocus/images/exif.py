"""Fields of EXIF data (CIPA DC-008), each read by itself.

Pillow reads a directory as a whole: one broken entry takes those behind it along. Here a broken
entry is left out, and nothing else.
"""

import struct
from collections.abc import Iterator

_HEADER = b"Exif\0\0"
_ORDERS = {b"II": "<", b"MM": ">"}
# Where the offset of the first directory is, and the tag of the offset of the second one.
_FIRST, EXIF_FOLDER = 4, 0x8769
# Bytes, text, undefined and text in UTF-8: the types of what is text, or a camera's own.
_TEXT_TYPES = frozenset((1, 2, 7, 129))
# Those of offsets: 16 or 32 bits.
_OFFSET_TYPES = {3: "H", 4: "I", 13: "I"}
_ENTRY = 12
_INLINE = 4


def read_fields(data: bytes) -> dict[tuple[int, int], bytes]:
    """Return the fields that hold text or a camera's own bytes.

    Args:
        data: EXIF data, with or without the header `Exif`.

    Returns:
        The value by directory (0, or `EXIF_FOLDER`) and tag. Values that end beyond the data are
        cut there; broken entries are missing.
    """
    while data.startswith(_HEADER):
        data = data[len(_HEADER) :]
    order = _ORDERS.get(data[:2])
    if order is None or len(data) < _FIRST + 4:
        return {}
    (first,) = struct.unpack_from(f"{order}I", data, _FIRST)
    fields = _texts(data, first, order, 0)
    for tag, kind, _, value in _entries(data, first, order):
        if tag == EXIF_FOLDER and kind in _OFFSET_TYPES:
            (offset,) = struct.unpack_from(f"{order}{_OFFSET_TYPES[kind]}", value)
            return fields | _texts(data, offset, order, EXIF_FOLDER)
    return fields


def _texts(data: bytes, offset: int, order: str, folder: int) -> dict[tuple[int, int], bytes]:
    fields: dict[tuple[int, int], bytes] = {}
    for tag, kind, size, value in _entries(data, offset, order):
        if kind in _TEXT_TYPES:
            fields.setdefault((folder, tag), _value(data, size, value, order))
    return fields


def _entries(data: bytes, offset: int, order: str) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield tag, type, count and the four bytes of value or offset of a directory's entries."""
    if offset + 2 > len(data):
        return
    (number,) = struct.unpack_from(f"{order}H", data, offset)
    number = min(number, (len(data) - offset - 2) // _ENTRY)
    for start in range(offset + 2, offset + 2 + number * _ENTRY, _ENTRY):
        tag, kind, count = struct.unpack_from(f"{order}HHI", data, start)
        yield tag, kind, count, data[start + 8 : start + _ENTRY]


def _value(data: bytes, size: int, value: bytes, order: str) -> bytes:
    if size <= _INLINE:
        return value[:size]
    (offset,) = struct.unpack(f"{order}I", value)
    return data[offset : offset + size]
