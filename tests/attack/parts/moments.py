"""Dates and times of images: in all forms, fields and notes, sound and damaged."""

import random
import struct
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from autofocus.images.reading import read_moment
from tests.attack.attack import Attack, Scale, Trial
from tests.images.pictures import constant, encoded

PART = "Moments"
FOLDER, DATE_TIME, TAKEN, DIGITIZED, NOTE, XMP = 0x8769, 0x0132, 0x9003, 0x9004, 0x927C, 700
# Texts of a moment, and those that hold none. `%` as in strftime.
FORMS = (
    "%Y:%m:%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S", "%Y:%m:%d %H:%M:%S\0", "%Y:%m:%d %H:%M:%S\0\0garbage",
    " %Y:%m:%d %H:%M:%S", "%Y:%m:%d  %H:%M:%S", "%Y:%m:%d %H:%M:%S.25", "%Y:%m:%d %H:%M:%S+02:00",
    "%Y:%m:%d %H:%M:%SZ", "%Y:%m:%d %H:%M:%S UTC", "%Y:%m:%d %I:%M:%S %p", "%Y/%m/%d %I:%M:%S%p",
    "%a %b %d %H:%M:%S %Y", "%Y:{month:2}:%d {hour:2}:%M:%S", "%Y/{month}/{day} {hour}:%M:%S",
)  # fmt: skip
EMPTY = (
    "0000:00:00 00:00:00", "    :  :     :  :  ", "", "\0" * 20, "%Y:13:05 %H:%M:%S",
    "%Y:02:30 %H:%M:%S", "%Y:%m:%d 24:00:00", "%Y:%m:%d 10:61:00", "%Y:%m:%d 10:00:60", "%Y:%m:%d",
    "%y:%m:%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%H:%M:%S", "none",
    "\xff" * 20, "0001:01:01 00:00:00", "%Y:%m:%d 02:00:00 nachmittags", "20%Y:%m:%d %H:%M:%S",
)  # fmt: skip
# Start, offset and layout of the notes of each kind, and its numbers in their order.
NOTES: tuple[tuple[bytes, int, str, str], ...] = (
    (b"\x01\xf1\x02\0", 0x16, "<6H", "smhMdY"),
    (b"\x01\xf1\x03\0", 0x16, "<6H", "smhMdY"),
    (b"\x01\xf1\x04\0", 0x16, "<6H", "smhMdY"),
    (b"\x01\xf1\x03\0", 0x16, ">6H", "smhMdY"),
    (b"RECONYXH2\0", 0x3E, "<6H", "smhMdY"),
    (b"RECONYXMF\0", 0x4E, "<6H", "smhMdY"),
    (b"RECONYXUF\0", 0x3B, "<5BH", "smhdMY"),
    (b"RECONYXHF4K\0", 0x2F, "<5BH", "smhdMY"),
)


def _texts(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("texts")
    places: dict[str, Callable[[str], dict[str, Any]]] = {
        "DateTimeOriginal": lambda text: {"exif": _exif(folder={TAKEN: text})},
        "DateTimeDigitized": lambda text: {"exif": _exif(folder={DIGITIZED: text})},
        "DateTime": lambda text: {"exif": _exif(top={DATE_TIME: text})},
        "original beside the camera": lambda text: {"exif": _exif(top={TAKEN: text})},
        "behind zeros": lambda text: {
            "exif": _exif(top={DATE_TIME: text}, folder={TAKEN: "0000:00:00 00:00:00"})
        },
    }
    for number in range(scale.count(120, 1_500)):
        moment = _random_moment(source)
        is_one = source.random() < 2 / 3
        form = source.choice(FORMS if is_one else EMPTY)
        text = (
            moment.strftime(form).replace("{", "{0.").format(moment)
            if is_one
            else (moment.strftime(form))
        )
        place = source.choice(list(places))
        kind = source.choice(["JPEG", "JPEG", "PNG", "TIFF", "WEBP"])
        content = encoded(constant(16, 16, 90), kind, **places[place](text))
        expected = moment.isoformat() if is_one else ""
        yield _trial(folder, f"{number}: {text!r} as {place} of {kind}", content, {expected})


def _notes(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("notes")
    for number in range(scale.count(80, 1_000)):
        start, offset, layout, order = source.choice(NOTES)
        moment = _random_moment(source)
        parts = {
            "s": moment.second, "m": moment.minute, "h": moment.hour, "d": moment.day,
            "M": moment.month, "Y": moment.year,
        }  # fmt: skip
        packed = struct.pack(layout, *(parts[letter] for letter in order))
        end = offset + len(packed)
        note = bytearray(start.ljust(offset, b"\0") + packed + source.randbytes(120))
        damage, expected = "sound", {moment.isoformat()}
        match source.randrange(5):
            case 0:
                note, damage, expected = note[: source.randrange(end)], "cut", {""}
            case 1:
                note[0] ^= 1 << source.randrange(8)
                damage, expected = "of another kind", {""}
            case 2:
                for place in source.sample(range(len(start), offset), 3):
                    note[place] = source.randrange(256)
                damage = "damaged before the moment"
            case 3:
                note[offset:end] = source.choice([b"\0", b"\xff"]) * len(packed)
                damage, expected = "without a moment", {""}
        content = encoded(constant(16, 16, 90), "JPEG", exif=_exif(folder={NOTE: bytes(note)}))
        yield _trial(folder, f"{number}: {start!r} {damage}", content, expected)


def _damage(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("damage")
    for number in range(scale.count(100, 2_000)):
        moment = _random_moment(source)
        text = moment.strftime(FORMS[0])
        exif = _exif(
            top={0x010F: "RECONYX", 0x0110: "HC500 HYPERFIRE", DATE_TIME: text},
            folder={TAKEN: text, DIGITIZED: text, NOTE: b"\x01\xf1\x03\0" + bytes(80)},
        )
        data = bytearray(exif.tobytes())
        texts = [at for at in range(len(data)) if data.startswith(text.encode(), at)]
        inside = {at + more for at in texts for more in range(len(text))}
        # Damage of the digits themselves makes another moment, which nobody can tell.
        places = [at for at in range(6, len(data)) if at not in inside]
        for place in source.sample(places, source.choice([1, 2, 5, 20])):
            data[place] = source.randrange(256)
        if source.random() < 0.2:
            del data[source.randrange(10, len(data)) :]
        content = encoded(constant(16, 16, 90), "JPEG", exif=bytes(data))
        # A cut may leave a moment without its last digits, which must not count as one.
        yield _trial(folder, f"{number}: {data.hex()}", content, {"", moment.isoformat()})


def _trial(folder: Path, name: str, content: bytes, expected: set[str]) -> Trial:
    path = folder / "image"
    path.write_bytes(content)
    try:
        found = read_moment(path)
    except Exception as error:  # whatever it is, it is wrong
        return Trial(name, repr(error))
    return Trial(name, "" if found in expected else f"{found!r} in place of {expected}")


def _random_moment(source: random.Random) -> datetime:
    return datetime(2000, 1, 1) + timedelta(seconds=source.randrange(40 * 365 * 86_400))


def _exif(top: dict[int, str] | None = None, folder: dict[int, Any] | None = None) -> Image.Exif:
    exif = Image.Exif()
    # Without a field at the top, Pillow writes no EXIF data into some formats.
    for tag, value in {0x0110: "Model", **(top or {})}.items():
        exif[tag] = value
    exif.get_ifd(FOLDER).update(folder or {})
    exif[FOLDER] = exif.get_ifd(FOLDER)
    return exif


ATTACKS = (
    Attack("a moment is written in another form, or holds nothing", _texts),
    Attack("the moment is in a MakerNote, sound or damaged", _notes),
    Attack("EXIF data are damaged or cut", _damage),
)
