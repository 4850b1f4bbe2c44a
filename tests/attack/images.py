"""Image files of all kinds as cameras and people write them, and damage to them.

Pictures are drawn in code; encoders are Pillow's, with what cameras add around the pixels.
"""

import io
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFile

SECTOR = 512


@dataclass(frozen=True)
class Sound:
    """A sound image file.

    Attributes:
        name: how it was made.
        ending: of its name.
        content: its bytes.
    """

    name: str
    ending: str
    content: bytes


def scene(source: random.Random, width: int, height: int) -> np.ndarray:
    """Return a picture like a camera trap's: uint8, height x width x 3."""
    numbers = np.random.default_rng(source.randrange(1 << 32))
    kind = source.choice(("day", "night", "dark", "flat", "black", "sky", "noise"))
    coarse = Image.fromarray(numbers.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    base = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)
    grain = numbers.normal(0, 1, (height, width, 1))
    if kind == "day":
        picture = base + grain * source.uniform(2, 25)
    elif kind == "night":
        picture = base.mean(axis=2, keepdims=True).repeat(3, axis=2) * 0.6 + grain * 8
    elif kind == "dark":
        picture = base * 0.06 + grain
    elif kind == "flat":
        picture = np.full((height, width, 3), source.randrange(256), dtype=np.float32)
    elif kind == "black":
        picture = np.zeros((height, width, 3), dtype=np.float32)
        picture[: height // 3, width // 4 : width // 2] = base[
            : height // 3, width // 4 : width // 2
        ]
    elif kind == "sky":
        picture = np.clip(base * 2, 0, 255)
    else:
        picture = numbers.normal(128, 60, (height, width, 3))
    if source.random() < 0.4:
        # A footer with an inscription.
        rows = max(2, height // source.choice((8, 12, 20)))
        picture[-rows:] = source.choice((0, 0, 255, 40))
        picture[-rows // 2 :, : width // 5] = 255 - picture[-1, -1, 0]
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def draw_jpeg(source: random.Random, *, sides: tuple[int, int] = (40, 320)) -> Sound:
    """Return a sound JPEG file."""
    width, height = source.randint(*sides), source.randint(*sides)
    image = Image.fromarray(scene(source, width, height))
    mode = source.choice(("RGB", "RGB", "RGB", "L", "CMYK"))
    how: dict[str, object] = {
        "quality": source.choice((1, 10, 30, 50, 70, 80, 85, 90, 95, 100, source.randint(1, 100))),
        "optimize": source.random() < 0.3,
        "progressive": source.random() < 0.2,
    }
    if mode == "RGB":
        how["subsampling"] = source.choice((0, 1, 2))
    restart = source.random()
    if restart < 0.2:
        how["restart_marker_rows"] = source.randint(1, 3)
    elif restart < 0.3:
        how["restart_marker_blocks"] = source.randint(1, 50)
    if source.random() < 0.5:
        how["exif"] = _exif(source)
    if source.random() < 0.2:
        how["icc_profile"] = source.randbytes(source.randint(200, 70_000))
    if source.random() < 0.1:
        how["comment"] = b"made by a camera" * source.randint(1, 50)
    data, around = _as_cameras_write(source, _saved(image.convert(mode), how), image)
    options = ", ".join(
        f"{key} {value}" for key, value in how.items() if not isinstance(value, bytes | Image.Exif)
    )
    return Sound(f"JPEG {mode} {width} x {height}, {options}, {around}", "jpg", data)


def _saved(image: Image.Image, how: dict[str, object]) -> bytes:
    content = io.BytesIO()
    # Pillow's buffer is too small for some images of the highest quality.
    size, ImageFile.MAXBLOCK = ImageFile.MAXBLOCK, 1 << 22
    try:
        image.save(content, "JPEG", **how)
    finally:
        ImageFile.MAXBLOCK = size
    return content.getvalue()


def _exif(source: random.Random) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "RECONYX", "HC500" + "\0" * source.randint(0, 200)
    exif[0x0112] = source.choice((1, 1, 1, 3, 6, 8))
    exif.get_ifd(0x8769)[0x927C] = bytes(source.randint(0, 3000))
    return exif


def _as_cameras_write(source: random.Random, data: bytes, image: Image.Image) -> tuple[bytes, str]:
    """Return a JPEG file with something around its pixels, and what it is."""
    body, end = data[:-2], data[-2:]
    ways: dict[str, Callable[[], bytes]] = {
        "plain": lambda: data,
        "appended": lambda: data + source.randbytes(source.randint(1, 5000)),
        "zeros": lambda: data + bytes(source.randint(1, 40_000)),
        "fill": lambda: body + b"\xff" * source.randint(1, 600) + end,
        "even": lambda: body + bytes(source.randint(1, 3)) + end,
        "padded": lambda: body + bytes(source.randint(1, 500)) + end,
        "no end": lambda: body,
        "thumbnail": lambda: _with_segment(data, 0xE2, b"THUMB\0" + _thumbnail(image)),
        "notes": lambda: _with_segment(data, 0xE5, bytes(source.randint(100, 60_000))),
        "mpo": lambda: _mpo(data, image),
    }
    around = source.choice(("plain", *ways))
    return ways[around](), around


def _thumbnail(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.resize((32, 24)).save(content, "JPEG")
    return content.getvalue()


def _mpo(data: bytes, image: Image.Image) -> bytes:
    """Return a file of two images, unless the first is of a kind that Pillow can't put there."""
    content = io.BytesIO()
    with Image.open(io.BytesIO(data)) as first:
        if first.mode != "RGB" or data[6:10] != b"JFIF":
            return data
        first.save(content, "MPO", save_all=True, append_images=[image.resize((64, 48))])
    return content.getvalue()


def _with_segment(data: bytes, marker: int, body: bytes) -> bytes:
    segment = bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body
    return data[:2] + segment + data[2:]


PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGB", "RGBA", "I;16")


def draw_png(source: random.Random, *, sides: tuple[int, int] = (40, 320)) -> Sound:
    """Return a sound PNG file."""
    width, height = source.randint(*sides), source.randint(*sides)
    picture = scene(source, width, height)
    mode = source.choice(PNG_MODES)
    if source.random() < 0.2:
        return Sound(f"PNG interlaced {width} x {height}", "png", interlaced(picture))
    image = Image.fromarray(picture)
    converted = (
        Image.fromarray(picture[:, :, 0].astype(np.uint16) * 257)
        if mode == "I;16"
        else image.convert(mode)
    )
    content = io.BytesIO()
    level = source.choice((0, 1, 6, 9))
    converted.save(content, "PNG", compress_level=level)
    data = content.getvalue()
    if source.random() < 0.3:
        data = with_chunks(data, source.choice((50, 1000, 8192)))
    if source.random() < 0.2:
        data += source.randbytes(source.randint(1, 3000))
    return Sound(f"PNG {mode} {width} x {height}, level {level}", "png", data)


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return kind and content of the chunks of a PNG file."""
    found, position = [], 8
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4])
        found.append(
            (data[position + 4 : position + 8], data[position + 8 : position + 8 + length])
        )
        position += 12 + length
        if found[-1][0] == b"IEND":
            break
    return found


def with_chunks(data: bytes, size: int) -> bytes:
    """Return a PNG file whose pixels are in chunks of another size."""
    parts = [data[:8]]
    pixels = b"".join(content for kind, content in chunks(data) if kind == b"IDAT")
    for kind, content in chunks(data):
        if kind == b"IDAT":
            parts += [chunk(b"IDAT", pixels[at : at + size]) for at in range(0, len(pixels), size)]
            pixels = b""
        else:
            parts.append(chunk(kind, content))
    return b"".join(parts)


def interlaced(picture: np.ndarray) -> bytes:
    """Return an interlaced PNG file, which Pillow doesn't write."""
    height, width = picture.shape[:2]
    raw = bytearray()
    for left, top, across, down in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        for row in picture[top::down, left::across]:
            if len(row):
                raw += b"\0" + row.tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    parts = [
        chunk(b"IHDR", header),
        chunk(b"IDAT", zlib.compress(bytes(raw))),
        chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


OTHERS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("TIFF", "tif", {"compression": "tiff_lzw"}),
    ("TIFF", "tif", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", "tif", {"compression": "packbits"}),
    ("TIFF", "tif", {"compression": "jpeg"}),
    ("TIFF", "tif", {}),
    ("WEBP", "webp", {"quality": 80}),
    ("WEBP", "webp", {"lossless": True}),
    ("GIF", "gif", {}),
    ("BMP", "bmp", {}),
)


def draw_other(source: random.Random, *, sides: tuple[int, int] = (40, 320)) -> Sound:
    """Return a sound file of another format."""
    width, height = source.randint(*sides), source.randint(*sides)
    image = Image.fromarray(scene(source, width, height))
    name, ending, how = source.choice(OTHERS)
    if source.random() < 0.2:
        image = image.convert("L")
    content = io.BytesIO()
    image.save(content, name, **how)
    words = " ".join(f"{key} {value}" for key, value in how.items())
    return Sound(f"{name} {words} {image.mode} {width} x {height}", ending, content.getvalue())


Damage = Callable[[random.Random, bytes], bytes]


def _cut(source: random.Random, data: bytes) -> bytes:
    return data[: source.randint(len(data) // 20, len(data) - 1)]


def _cut_and_closed(source: random.Random, data: bytes) -> bytes:
    return _cut(source, data) + b"\xff\xd9"


def _overwrite(source: random.Random, data: bytes, content: Callable[[int], bytes]) -> bytes:
    """Overwrite sectors, as a card does, or some other bytes."""
    length = source.choice((SECTOR, 2 * SECTOR, 4096, 16_384, source.randint(64, 6000)))
    start = source.randrange(len(data))
    if source.random() < 0.7:
        start -= start % SECTOR
    length = min(length, len(data) - start)
    return data[:start] + content(length) + data[start + length :]


def _zeros(source: random.Random, data: bytes) -> bytes:
    return _overwrite(source, data, bytes)


def _erased(source: random.Random, data: bytes) -> bytes:
    return _overwrite(source, data, lambda length: b"\xff" * length)


def _garbage(source: random.Random, data: bytes) -> bytes:
    return _overwrite(source, data, source.randbytes)


def _repeated(source: random.Random, data: bytes) -> bytes:
    """Put bytes from elsewhere in the file."""
    start = source.randrange(len(data))
    return _overwrite(source, data, lambda length: (data[start:] + data)[:length])


def _tail(source: random.Random, data: bytes) -> bytes:
    start = source.randint(len(data) // 20, len(data) - 1)
    fill = source.choice((b"\0", b"\xff", b"\xaa"))
    return data[:start] + fill * (len(data) - start)


def _lost(source: random.Random, data: bytes) -> bytes:
    """Take bytes out."""
    start, length = source.randrange(len(data)), source.choice((1, 7, SECTOR, 4096))
    return data[:start] + data[start + length :]


def _bit(source: random.Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    damaged[source.randrange(len(data))] ^= 1 << source.randrange(8)
    return bytes(damaged)


DAMAGES: dict[str, Damage] = {
    "cut": _cut,
    "cut and closed": _cut_and_closed,
    "zeros": _zeros,
    "erased": _erased,
    "garbage": _garbage,
    "repeated": _repeated,
    "tail": _tail,
    "lost": _lost,
    "bit": _bit,
}


def pixels(content: bytes) -> np.ndarray | None:
    """Return what Pillow shows of a file, however damaged it is: RGB, height x width x 3."""
    theirs = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert("RGB"), dtype=np.int16)
    except Exception:
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = theirs


def wrong_rows(shown: np.ndarray | None, true: np.ndarray) -> float:
    """Return the share of rows that differ visibly, 0 to 1; 1 if there are no pixels to compare.

    A row is wrong if its pixels differ by more than 4 of 255 on average.
    """
    if shown is None or shown.shape != true.shape:
        return 1.0
    return float((np.abs(shown - true).mean(axis=(1, 2)) > 4).mean())
