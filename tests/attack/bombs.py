"""Small image files that would take much memory or time to decode."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.attack.images import chunk

_PNG = b"\x89PNG\r\n\x1a\n"
_SIDE = 10_000


def _png(
    width: int, height: int, colour: int, depth: int, before: bytes = b"", raw: int | None = None
) -> bytes:
    """Return a black PNG file, with its pixels packed as tightly as possible."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    length = height * (1 + (width * channels * depth + 7) // 8) if raw is None else raw
    compressor = zlib.compressobj(1)
    parts = [
        compressor.compress(bytes(min(1 << 24, length - at))) for at in range(0, length, 1 << 24)
    ]
    pixels = b"".join([*parts, compressor.flush()])
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(768)) if colour == 3 else b""
    return b"".join(
        [
            _PNG,
            chunk(b"IHDR", header),
            before,
            palette,
            chunk(b"IDAT", pixels),
            chunk(b"IEND", b""),
        ]
    )


def _small_png(before: bytes = b"", after: bytes = b"") -> bytes:
    whole = _png(64, 48, 2, 8, before)
    return whole[:-12] + after + whole[-12:]


def _jpeg(image: Image.Image, **how: object) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", **how)
    return content.getvalue()


def _grey(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), 90 if mode == "L" else (90, 99, 80))


def _resized(jpeg: bytes, width: int, height: int) -> bytes:
    """Return a JPEG file whose header tells another size."""
    at = next(
        jpeg.find(bytes([0xFF, kind])) for kind in (0xC0, 0xC2) if bytes([0xFF, kind]) in jpeg
    )
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def _many_scans(number: int, width: int, height: int) -> bytes:
    """Repeat a scan that refines all coefficients of a progressive file."""
    whole = _resized(_jpeg(_grey(mode="L"), progressive=True), width, height)
    last = whole.rfind(b"\xff\xda")
    return whole[:last] + whole[last:-2] * number + whole[-2:]


def _many_plain_scans(number: int) -> bytes:
    """Give one channel of a file that isn't progressive again and again."""
    whole = _jpeg(_grey(16, 16, "L"))
    at, scan = whole.find(b"\xff\xc0"), whole.find(b"\xff\xda")
    header = struct.pack(">BHHB", 8, 13_000, 13_000, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    frame = b"\xff\xc0" + (len(header) + 2).to_bytes(2) + header
    return whole[:at] + frame + whole[at + 13 : scan] + whole[scan:-2] * number + b"\xff\xd9"


def _with_exif(exif: bytes) -> bytes:
    whole = _jpeg(_grey())
    body = b"Exif\0\0" + exif
    return whole[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body + whole[2:]


def _entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def _tiff(entries: list[bytes], after: bytes = b"", following: int = 0) -> bytes:
    """Return a little-endian TIFF structure with one directory."""
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", 8) + directory + after


def _tiff_image(width: int, height: int, compression: int, data: bytes, **more: int) -> bytes:
    """Return a TIFF file of one channel and one strip."""
    values = {256: width, 257: height, 258: 8, 259: compression, 262: 1, 277: 1, 278: height}
    values |= {int(key[1:]): value for key, value in more.items()}
    offset = 8 + 2 + 12 * (len(values) + 2) + 4
    values |= {273: offset, 279: more.get("t279", len(data))}
    entries = [_entry(tag, 4, 1, value) for tag, value in sorted(values.items())]
    return _tiff(entries, data)


def _tiff_of_strips(number: int) -> bytes:
    """Let all strips of a TIFF file be the same one."""
    data = zlib.compress(bytes(_SIDE))
    entries = 10
    offset = 8 + 2 + 12 * entries + 4
    values = {256: _SIDE, 257: number, 258: 8, 259: 8, 262: 1, 277: 1, 278: 1}
    directory = [_entry(tag, 4, 1, value) for tag, value in values.items()]
    directory += [_entry(273, 4, number, offset), _entry(279, 4, number, offset + 4 * number)]
    directory += [_entry(282, 4, 1, 1)]
    place = offset + 8 * number
    tables = struct.pack("<I", place) * number + struct.pack("<I", len(data)) * number
    directory.sort(key=lambda entry: entry[:2][::-1])
    return _tiff(directory, tables + data)


def _tiff_of_pages(number: int) -> bytes:
    """Return a TIFF file of many directories, all of which show the same pixels."""
    values = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 8, 279: 64}
    directory = struct.pack("<H", len(values))
    directory += b"".join(_entry(tag, 4, 1, value) for tag, value in values.items())
    step, start = len(directory) + 4, 8 + 64
    places = [start + step * (page + 1) for page in range(number - 1)] + [0]
    pages = b"".join(directory + struct.pack("<I", place) for place in places)
    return b"II*\0" + struct.pack("<I", start) + bytes(64) + pages


def _gif(width: int, height: int, frames: int = 1, data: bytes = b"\2\2\x4c\1\0") -> bytes:
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6)
    frame = b"," + struct.pack("<HHHH", 0, 0, width, height) + b"\0" + data
    return head + frame * frames + b";"


def _saved(image: Image.Image, name: str, **how: object) -> bytes:
    content = io.BytesIO()
    image.save(content, name, **how)
    return content.getvalue()


def _bmp(width: int, height: int, compression: int = 0, data: bytes = b"\0\1") -> bytes:
    depth = 24 if not compression else 8
    palette = b"" if not compression else bytes(1024)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, depth, compression, 0, 0, 0, 0, 0)
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + palette + data


def _text(kind: bytes) -> bytes:
    bomb = zlib.compress(bytes(100 << 20), 1)
    start = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}[kind]
    return chunk(kind, start + bomb)


def _exif_loop() -> bytes:
    return _with_exif(_tiff([_entry(0x8769, 4, 1, 8), _entry(0x8825, 4, 1, 8)], following=8))


# How each is made, by name and ending.
BOMBS: dict[str, Callable[[], bytes]] = {
    "png grey.png": lambda: _png(_SIDE, _SIDE, 0, 8),
    "png colour.png": lambda: _png(_SIDE, _SIDE, 2, 8),
    "png alpha.png": lambda: _png(_SIDE, _SIDE, 6, 8),
    "png deep.png": lambda: _png(_SIDE, _SIDE, 0, 16),
    "png palette.png": lambda: _png(_SIDE, _SIDE, 3, 8),
    "png one bit.png": lambda: _png(_SIDE, _SIDE, 0, 1),
    "png narrow.png": lambda: _png(1, 100_000_000, 2, 8),
    "png of far more rows.png": lambda: _png(64, 48, 2, 8, raw=1 << 30),
    "png of false size.png": lambda: _png(2**31 - 1, 2**31 - 1, 2, 8, raw=1000),
    "png text.png": lambda: _small_png(_text(b"zTXt")),
    "png text behind.png": lambda: _small_png(after=_text(b"iTXt")),
    "png profile.png": lambda: _small_png(_text(b"iCCP")),
    "png texts.png": lambda: _small_png(chunk(b"tEXt", b"a\0" + b"b" * 900) * 100_000),
    "png of chunks.png": lambda: _small_png(after=chunk(b"IDAT", b"") * 1_000_000),
    "jpeg of scans.jpg": lambda: _many_scans(5000, 3000, 2000),
    "jpeg of large scans.jpg": lambda: _many_scans(300, 60_000, 2900),
    "jpeg of plain scans.jpg": lambda: _many_plain_scans(1000),
    "jpeg of false size.jpg": lambda: _resized(_jpeg(_grey()), 65_000, 65_000),
    "jpeg progressive.jpg": lambda: _resized(_jpeg(_grey(), progressive=True), 13_000, 13_000),
    "jpeg progressive, not as large.jpg": lambda: _resized(
        _jpeg(_grey(), progressive=True), 9000, 9000
    ),
    "jpeg large.jpg": lambda: _jpeg(_grey(12_000, 12_000), quality=10),
    "jpeg with a gap.jpg": lambda: _jpeg(_grey())[:20] + bytes(200 << 20) + _jpeg(_grey())[20:],
    "jpeg of fill bytes.jpg": lambda: b"\xff\xd8" + b"\xff" * (100 << 20) + _jpeg(_grey())[2:],
    "jpeg of comments.jpg": lambda: (
        b"\xff\xd8" + (b"\xff\xfe\0\2" * 2_000_000) + _jpeg(_grey())[2:]
    ),
    "jpeg of restarts.jpg": lambda: _jpeg(_grey())[:-2] + b"\xff\xd0" * 20_000_000,
    "exif in a circle.jpg": _exif_loop,
    "exif of false counts.jpg": lambda: _with_exif(
        _tiff([_entry(tag, 2, 2**32 - 1, 8) for tag in (0x010F, 0x0110, 0x0132, 0x9003)])
    ),
    "exif of fields.jpg": lambda: _with_exif(
        _tiff([_entry(0x9000 + number, 2, 60_000, 8) for number in range(5000)])
    ),
    "gif of false size.gif": lambda: _gif(65_000, 65_000),
    "gif large.gif": lambda: _saved(_grey(_SIDE, _SIDE, "L"), "GIF"),
    "gif of frames.gif": lambda: _gif(60, 60, frames=300_000),
    "tiff lzw.tif": lambda: _saved(_grey(_SIDE, _SIDE, "L"), "TIFF", compression="tiff_lzw"),
    "tiff deflate.tif": lambda: _tiff_image(_SIDE, 10_000, 8, zlib.compress(bytes(1 << 27), 1)),
    "tiff group 4.tif": lambda: _saved(
        Image.new("1", (_SIDE, _SIDE)), "TIFF", compression="group4"
    ),
    "tiff of false size.tif": lambda: _tiff_image(2**31, 2**31, 8, b"abc"),
    "tiff of false strips.tif": lambda: _tiff_image(4000, 4000, 1, b"abc", t279=2**32 - 1),
    "tiff of strips.tif": lambda: _tiff_of_strips(9_000),
    "tiff of pages.tif": lambda: _tiff_of_pages(20_000),
    "tiff in a circle.tif": lambda: _tiff([_entry(256, 4, 1, 100)], following=8),
    "tiff of channels.tif": lambda: _tiff_image(4000, 4000, 1, b"abc", t277=65_000),
    "tiff of numbers.tif": lambda: _saved(
        Image.fromarray(np.zeros((6000, 6000), dtype=np.float32)), "TIFF", compression="tiff_lzw"
    ),
    "webp.webp": lambda: _saved(_grey(8000, 8000), "WEBP", lossless=True, method=0),
    "bmp of false size.bmp": lambda: _bmp(_SIDE, _SIDE),
    "bmp of runs.bmp": lambda: _bmp(_SIDE, _SIDE, 1, b"\xff\0" * 100_000),
}


def hollow(path: Path, start: bytes, size: int) -> None:
    """Write a file of zeros that takes no room on the disk."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)
