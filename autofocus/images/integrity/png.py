"""Checking PNG files: the sums of their chunks, and that the pixels are complete.

Pillow looks at neither: it shows black where rows are missing. The format is that of the W3C's
recommendation "Portable Network Graphics", third edition.
"""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from PIL import Image

from autofocus.errors import RejectedImageError
from autofocus.images.content import Content
from autofocus.images.integrity.damage import corrupt, truncated
from autofocus.runs.ledger import Reason

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS, _END = b"IDAT", b"IEND"
# The chunks without which the pixels can't be decoded, or mean something else.
_CRITICAL = (b"IHDR", b"PLTE", _PIXELS, _END)
_EXIF = b"eXIf"
_ANIMATION = (b"acTL", b"fcTL")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
# Longer texts and profiles say nothing of the pixels; Pillow gives an image up that has them.
_MAX_TEXT = 1 << 19
_MAX_TEXTS = 1 << 23
# Encoders write some thousand bytes into a chunk; millions of tiny ones take many seconds.
_MAX_CHUNKS = 200_000
_PIECE = 1 << 18
# The first column and row of each pass of an interlaced image, and the steps between them.
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
# The number of channels of each type of colour.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Rows of up to so many bytes in all are handed on as they were inflated.
_MAX_HANDED_ON = 64 << 20


@dataclass(frozen=True)
class _Chunk:
    """A chunk in a file.

    Attributes:
        kind: its four letters.
        start: where its content begins.
        length: of its content.
        is_whole: whether the file holds all of it, and its sum.
    """

    kind: bytes
    start: int
    length: int
    is_whole: bool


def open_png(content: Content) -> Image.Image:
    """Open a PNG file, without what would stop Pillow for no good reason.

    Its EXIF data are known afterwards, for which Pillow would decode all pixels.
    """
    source = content.source
    with content.open() as file:
        chunks = _read_chunks(file, content.size)
        left_out = _useless(file, chunks)
        if left_out:
            kept = [chunk for chunk in chunks if chunk not in left_out]
            source = io.BytesIO(b"".join([_SIGNATURE, *(_copy(file, chunk) for chunk in kept)]))
        exif = next((one for one in chunks if one.kind == _EXIF and one not in left_out), None)
        exif_content = _content(file, exif) if exif else b""
    image = Image.open(source, formats=["PNG"])
    image.info.setdefault("exif", exif_content or _exif_in_text(image))
    return image


def _exif_in_text(image: Image.Image) -> bytes:
    """Return the EXIF data that ImageMagick writes as hexadecimal digits, behind three lines."""
    try:
        return bytes.fromhex("".join(image.info["Raw profile type exif"].split("\n")[3:]))
    except (KeyError, ValueError, AttributeError):
        return b""


def _read_chunks(file: IO[bytes], size: int) -> list[_Chunk]:
    chunks: list[_Chunk] = []
    file.seek(len(_SIGNATURE))
    while len(header := file.read(8)) == 8:  # noqa: PLR2004 - length and kind
        length, start = int.from_bytes(header[:4]), file.tell()
        chunk = _Chunk(header[4:], start, length, start + length + 4 <= size)
        chunks.append(chunk)
        if len(chunks) > _MAX_CHUNKS:
            raise RejectedImageError(Reason.TOO_LARGE, f"more than {_MAX_CHUNKS:,} chunks")
        if chunk.kind == _END or not chunk.is_whole:
            break
        file.seek(start + length + 4)
    return chunks


def _useless(file: IO[bytes], chunks: list[_Chunk]) -> set[_Chunk]:
    """Return the chunks that are broken or far too long, and that the pixels don't need."""
    useless = set()
    texts = 0
    has_pixels = False
    for chunk in chunks:
        has_pixels |= chunk.kind == _PIXELS
        is_readable = chunk.kind.isalpha() and chunk.kind.isascii()
        if chunk.kind in _CRITICAL or (not has_pixels and not (is_readable and chunk.is_whole)):
            continue
        length = _text_length(file, chunk) if chunk.is_whole else _MAX_TEXT + 1
        texts += length
        if length > _MAX_TEXT or texts > _MAX_TEXTS or not _has_right_sum(file, chunk):
            useless.add(chunk)
    return useless


def _text_length(file: IO[bytes], chunk: _Chunk) -> int:
    """Return the length of an inflated text or profile, or a little more than is allowed."""
    if chunk.kind not in (*_TEXTS, b"iCCP"):
        return 0
    if chunk.length > _MAX_TEXT:
        return _MAX_TEXT + 1
    content = _content(file, chunk)
    length = len(content)
    # Where the compressed part begins depends on texts before it: behind one of the NULs.
    for position, byte in enumerate(content[:300]):
        if byte == 0:
            for behind in (1, 2):
                length = max(length, _inflated_length(content[position + behind :]))
    return length


def _inflated_length(content: bytes) -> int:
    try:
        return len(zlib.decompressobj().decompress(content, _MAX_TEXT + 1))
    except zlib.error:
        return 0


def _content(file: IO[bytes], chunk: _Chunk) -> bytes:
    file.seek(chunk.start)
    return file.read(chunk.length)


def _has_right_sum(file: IO[bytes], chunk: _Chunk) -> bool:
    if not chunk.is_whole:
        return False
    file.seek(chunk.start)
    total, left = zlib.crc32(chunk.kind), chunk.length
    while left:
        piece = file.read(min(left, _PIECE))
        total, left = zlib.crc32(piece, total), left - len(piece)
        if not piece:
            return False
    return int.from_bytes(file.read(4)) == total


def _copy(file: IO[bytes], chunk: _Chunk) -> bytes:
    file.seek(chunk.start - 8)
    return file.read(chunk.length + 12)


def check_png(content: Content) -> IO[bytes] | None:
    """Check the pixels of a PNG file.

    Returns:
        The same image as a file that is fast to decode; None if it is too large for that, so that
        the file itself is to be decoded.

    Raises:
        RejectedImageError: the file is damaged.
    """
    with content.open() as file:
        chunks = _read_chunks(file, content.size)
        header = next((chunk for chunk in chunks if chunk.kind == b"IHDR"), None)
        if header is None or header.length < 13:  # noqa: PLR2004 - its fixed length
            raise corrupt("the header is missing")
        for chunk in chunks:
            if chunk.kind in (b"IHDR", b"PLTE") and not _has_right_sum(file, chunk):
                raise corrupt(f"the checksum of {chunk.kind.decode()} is wrong")
        expected = _raw_length(_content(file, header))
        keep = expected <= _MAX_HANDED_ON
        rows = _inflate(file, chunks, expected, keep=keep)
        return _stored(file, chunks, rows) if keep else None


def _raw_length(header: bytes) -> int:
    """Return the number of bytes of all rows, with the byte before each that tells its filter."""
    width, height = int.from_bytes(header[:4]), int.from_bytes(header[4:8])
    bits = header[8] * _CHANNELS.get(header[9], 1)
    if not header[12]:
        return height * (1 + (width * bits + 7) // 8)
    total = 0
    for left, top, across, down in _PASSES:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


def _inflate(file: IO[bytes], chunks: list[_Chunk], expected: int, *, keep: bool) -> list[bytes]:
    """Inflate all pixels, and return them if they are to be kept."""
    inflater, length, rows = zlib.decompressobj(), 0, []
    for piece in _read_pixels(file, chunks):
        rest = piece
        while rest and length <= expected:
            try:
                inflated = inflater.decompress(rest, _PIECE)
            except zlib.error:
                raise corrupt("the compressed pixels are broken") from None
            length += len(inflated)
            rest = inflater.unconsumed_tail
            if keep:
                rows.append(inflated)
    if length < expected:
        raise truncated(f"{length:,} of {expected:,} bytes of pixels are there")
    return rows


def _read_pixels(file: IO[bytes], chunks: list[_Chunk]) -> Iterator[bytes]:
    """Yield the compressed pixels, and check the sums of their chunks."""
    is_over = False
    for previous, chunk in zip([None, *chunks], chunks, strict=False):
        if chunk.kind != _PIXELS:
            is_over |= previous is not None and previous.kind == _PIXELS
            continue
        if is_over:
            return
        file.seek(chunk.start)
        total, left = zlib.crc32(_PIXELS), chunk.length
        while left:
            piece = file.read(min(left, _PIECE))
            if not piece:
                raise truncated("the file ends among its pixels")
            total, left = zlib.crc32(piece, total), left - len(piece)
            yield piece
        if file.read(4) != total.to_bytes(4):
            raise _wrong_sum(chunk)


def _wrong_sum(chunk: _Chunk) -> RejectedImageError:
    if not chunk.is_whole:
        return truncated("the file ends among its pixels")
    return corrupt(f"the checksum of the pixels from byte {chunk.start:,} on is wrong")


def _stored(file: IO[bytes], chunks: list[_Chunk], rows: list[bytes]) -> IO[bytes]:
    """Return the image with its pixels stored, which costs no time to inflate again."""
    content, left_out = io.BytesIO(), _useless(file, chunks)
    content.write(_SIGNATURE)
    for chunk in chunks:
        if chunk.kind == _PIXELS:
            break
        if chunk not in left_out and chunk.kind not in (*_TEXTS, *_ANIMATION):
            content.write(_copy(file, chunk))
    compressor = zlib.compressobj(0)
    pixels = b"".join([*map(compressor.compress, rows), compressor.flush()])
    content.write(len(pixels).to_bytes(4) + _PIXELS + pixels + bytes(4))
    content.write(bytes(4) + _END + zlib.crc32(_END).to_bytes(4))
    content.seek(0)
    return content
