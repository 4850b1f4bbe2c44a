"""Checking WebP files, whose decoder shows what it makes of damaged pixels without a word.

The container is that of Google's "WebP Container Specification".
"""

from collections.abc import Iterator

from autofocus.images.integrity.damage import HOLE, corrupt, truncated

# An erased part of a card reads as ones.
_ERASED = b"\xff" * len(HOLE)
_PIXELS = (b"VP8 ", b"VP8L")
# A frame of an animation, and what stands in it before its own chunks.
_FRAME, _FRAME_HEADER = b"ANMF", 16


def check_webp(data: bytes, most: int) -> None:
    """Check the pixels of a WebP file, of its first frame if it is an animation.

    Args:
        data: of the file, from its beginning.
        most: if the file is longer than this, the data end here.

    Raises:
        RejectedImageError: the file is damaged.
    """
    end = 8 + int.from_bytes(data[4:8], "little")
    # Some writers leave out the byte that makes the length even.
    if end > len(data) + 1 and len(data) < most:
        raise truncated(f"{len(data):,} of {end:,} bytes are there")
    pixels = next(_pixels(data, 12, end), b"")
    # Compressed pixels are like random numbers.
    if HOLE in pixels or _ERASED in pixels:
        raise corrupt("a part of the pixels was overwritten")


def _pixels(data: bytes, position: int, end: int) -> Iterator[bytes]:
    while position + 8 <= min(end, len(data)):
        kind, length = data[position : position + 4], data[position + 4 : position + 8]
        start = position + 8
        position = start + int.from_bytes(length, "little")
        if kind == _FRAME:
            yield from _pixels(data, start + _FRAME_HEADER, position)
        elif kind in _PIXELS:
            yield data[start:position]
        position += position % 2
