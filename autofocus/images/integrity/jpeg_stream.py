"""The segments of a JPEG file (ITU-T T.81, annex B), without decoding its pixels."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from autofocus.images.integrity.damage import HOLE

START = b"\xff\xd8"
END = b"\xff\xd9"
_SOF_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_SOF = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
_DHT, _DAC, _SOS, _DQT, _DRI, _EOI = 0xC4, 0xCC, 0xDA, 0xDB, 0xDD, 0xD9
_APP0, _APP14 = 0xE0, 0xEE
_JFIF, _ADOBE = b"JFIF\0", b"Adobe"
# Of version 1.01, with square pixels and no thumbnail.
_PLAIN_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
# Where the colour transform stands in the segment of Adobe, behind marker and length; YCbCr is 1.
_TRANSFORM, _YCBCR, _MAX_TRANSFORM = 15, 1, 2
_COEFFICIENTS, _ALL_BITS = 64, 16
_SCAN = b"\xff\xda"
# Its marker and length, and up to four channels.
_MAX_SCAN_HEADER = 2 + 2 + 1 + 2 * 4 + 3
_ALONE = (0x01, *range(0xD0, 0xD9))
# In the coded pixels, only these markers may stand: a stuffed zero, restarts and fill bytes.
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_BLOCK = 1 << 16
_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True)
class Segment:
    """A segment, and the coded pixels behind it if it begins a scan.

    Attributes:
        marker: its kind.
        body: without marker and length.
        start: where the coded pixels of a scan begin.
        end: where they end.
    """

    marker: int
    body: bytes
    start: int = 0
    end: int = 0


def read_segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments up to the end of the first image; garbage between them is passed over."""
    position = len(START)
    while (position := data.find(b"\xff", position)) >= 0:
        marker = data[position + 1 : position + 2]
        if marker == b"\xff":
            position += 1
            continue
        position += 2
        if not marker or marker[0] == _EOI:
            return
        if marker[0] in _ALONE or marker == b"\0":
            continue
        length = int.from_bytes(data[position : position + 2])
        if length < 2 or position + length > len(data):  # noqa: PLR2004 - of the length itself
            return
        body = data[position + 2 : position + length]
        position += length
        end = _scan_end(data, position) if marker[0] == _SOS else position
        yield Segment(marker[0], body, position, end)
        position = end


def _scan_end(data: bytes, start: int) -> int:
    found = _SCAN_END.search(data, start)
    return found.start() if found else len(data)


def count_before_scan(file: IO[bytes], most: int) -> tuple[int, int]:
    """Count what comes before the first scan of a file.

    Args:
        file: the file.
        most: the counts end when there is more than this.

    Returns:
        The number of segments, and of bytes that belong to none.
    """
    position, segments, strays = len(START), 0, 0
    while max(segments, strays) <= most:
        file.seek(position)
        head = file.read(4)
        if head[:1] != b"\xff" or head[1:2] in (b"\0", b"\xff"):
            found = _MARKER.search(block := head + file.read(_BLOCK))
            skipped = found.start() if found else len(block)
            if not head:
                break
            position, strays = position + max(skipped, 1), strays + max(skipped, 1)
            continue
        if len(head) < 4 or head[1] in (_SOS, _EOI):  # noqa: PLR2004 - marker and length
            break
        segments += 1
        position += 2 if head[1] in _ALONE else 2 + max(2, int.from_bytes(head[2:]))
    return segments, strays


def has_one_scan(data: bytes, channels: int) -> bool:
    """Tell whether the first scan holds all pixels at full precision."""
    position = data.find(_SCAN)
    while True:
        segments = list(read_segments(data[: position + _MAX_SCAN_HEADER]))
        first = next((segment for segment in segments if segment.marker == _SOS), None)
        if first is not None:
            break
        # It was a scan of the thumbnail in the EXIF data.
        position = data.find(_SCAN, position + _MAX_SCAN_HEADER)
        if position < 0:
            return True
    return not is_progressive(segments) and first.body[:1] == bytes([channels])


def is_progressive(segments: Sequence[Segment]) -> bool:
    """Tell whether the pixels come in several scans of rising precision."""
    return any(segment.marker in _SOF_PROGRESSIVE for segment in segments)


def count_scans(data: bytes) -> int:
    """Return the number of scans."""
    return sum(segment.marker == _SOS for segment in read_segments(data))


def is_complete(data: bytes) -> bool:
    """Tell whether the scans give every coefficient at full precision.

    A file that ends between two scans shows blurred or grey areas, and no decoder warns.
    """
    segments = list(read_segments(data))
    # By channel and coefficient: the number of bits that are still to come.
    missing: dict[int, list[int]] = {}
    for segment in segments:
        if segment.marker in _SOF:
            missing = {one: [_ALL_BITS] * _COEFFICIENTS for one in segment.body[6::3]}
        elif segment.marker == _SOS and len(segment.body) > 4:  # noqa: PLR2004 - is whole
            first, last, bits = segment.body[-3], segment.body[-2], segment.body[-1] & 15
            if not is_progressive(segments):
                first, last, bits = 0, _COEFFICIENTS - 1, 0
            for channel in segment.body[1:-3:2]:
                if channel in missing:
                    missing[channel][first : last + 1] = [bits] * (last + 1 - first)
    return all(not any(bits) for bits in missing.values())


def rebuild(data: bytes) -> bytes:
    """Return the file with nothing but what its pixels need.

    EXIF data, profiles, further images, appended data and garbage between segments are left out,
    and what libjpeg only warns of in headers is put right. The end is added if it is missing.
    """
    segments = list(read_segments(data))
    is_plain = not is_progressive(segments)
    parts = [START]
    for segment in segments:
        parts.append(_essential(segment, is_plain=is_plain))
        parts.append(data[segment.start : segment.end])
    return b"".join([*parts, END])


def _essential(segment: Segment, *, is_plain: bool) -> bytes:
    marker, body = segment.marker, segment.body
    if marker == _APP0 and body.startswith(_JFIF):
        return _PLAIN_JFIF
    if marker == _APP14 and body.startswith(_ADOBE) and len(body) > _TRANSFORM - 4:
        transform = body[_TRANSFORM - 4]
        body = body[: _TRANSFORM - 4] + bytes([min(transform, _MAX_TRANSFORM)])
    elif marker == _SOS and is_plain:
        # All coefficients at full precision, which is the only choice here.
        body = body[:-3] + b"\x00\x3f\x00"
    elif marker not in (_DHT, _DAC, _SOS, _DQT, _DRI, *_SOF):
        return b""
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body


@dataclass
class _Tables:
    """The symbols whose codes consist of zeros, for the tables of the coefficients.

    Attributes:
        first: by class (0: DC, 1: AC) and number of the table.
    """

    first: dict[tuple[int, int], int] = field(default_factory=dict)

    def define(self, body: bytes) -> None:
        while len(body) > 17:  # noqa: PLR2004 - class and number, and 16 counts
            self.first[body[0] >> 4, body[0] & 15] = body[17]
            body = body[17 + sum(body[1:17]) :]


def has_hole(data: bytes) -> bool:
    """Tell whether a run of zeros lies among the coded pixels, where no encoder writes one."""
    return HOLE in data and any(
        data.find(HOLE, scan.start, scan.end) >= 0 for scan in _scans_without_zeros(data)
    )


def may_hold_zeros(data: bytes) -> bool:
    """Tell whether a run of zeros can be coded pixels: flat ones, if the tables allow it."""
    return not any(_scans_without_zeros(data))


def _scans_without_zeros(data: bytes) -> Iterator[Segment]:
    """Yield the scans in which a run of zeros would stand for anything but flat blocks."""
    tables = _Tables()
    segments = list(read_segments(data))
    is_plain = not is_progressive(segments)
    for segment in segments:
        if segment.marker == _DHT:
            tables.define(segment.body)
        elif segment.marker == _SOS and _is_unnatural(
            segment.body, tables.first, is_plain=is_plain
        ):
            yield segment


def _is_unnatural(body: bytes, first: Mapping[tuple[int, int], int], *, is_plain: bool) -> bool:
    """Tell whether zeros stand for anything but flat blocks in a scan."""
    used = [body[2 + 2 * number] for number in range(body[0]) if 2 + 2 * number < len(body)]
    if is_plain:
        return any(first.get((0, one >> 4), 0) or first.get((1, one & 15), 0) for one in used)
    begin, refined = body[-3], body[-1] >> 4
    if refined:
        return False
    if begin == 0:
        return any(first.get((0, one >> 4), 0) for one in used)
    # A symbol without a size ends blocks.
    return any(first.get((1, one & 15), 0) & 15 for one in used)
