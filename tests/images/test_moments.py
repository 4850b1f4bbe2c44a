"""Claims about moments as cameras and programs write them."""

import struct
from collections import Counter
from typing import Any

import pytest

from autofocus.images.moments import MomentCount, moment_keys, parse_moment, parse_reconyx


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016:07:05 14:03:09", "2016-07-05T14:03:09"),
        ("2016: 7: 5  4: 3: 9", "2016-07-05T04:03:09"),
        ("2016/7/5 4:03:09", "2016-07-05T04:03:09"),
        ("2016.07.05 14.03.09", "2016-07-05T14:03:09"),
        ("2016-07-05T14:03:09.250+02:00", "2016-07-05T14:03:09"),
        ("2016-07-05T14:03:09Z", "2016-07-05T14:03:09"),
        ("2016:07:05 02:03:09 CEST", "2016-07-05T02:03:09"),
        ("2016:07:05 02:03:09 PM", "2016-07-05T14:03:09"),
        ("2016:07:05 02:03:09 p. m.", "2016-07-05T14:03:09"),
        ("2016:07:05 12:03:09AM", "2016-07-05T00:03:09"),
        ("2016:07:05 12:03:09 pm", "2016-07-05T12:03:09"),
        ("2016:07:05 14:03:09 PM", "2016-07-05T14:03:09"),
        ("Tue Jul  5 14:03:09 2016", "2016-07-05T14:03:09"),
        ("2016:02:29 00:00:00", "2016-02-29T00:00:00"),
        ("2016:07:05 14:03:09 AM", None),
        ("2016:07:05 02:03:09 nachm.", None),
        ("2016:07:05 24:00:00", None),
        ("2016:07:05 14:03:60", None),
        ("2015:02:29 00:00:00", None),
        ("0000:00:00 00:00:00", None),
        ("0001:01:01 00:00:00", None),
        ("16:07:05 14:03:09", None),
        ("2016:07:05", None),
        ("2016:07:05 14:03", None),
        ("2016:07:05 14:03:0", None),
        ("2016:07:05 14:03:091", None),
        ("", None),
    ],
)
def test_texts(text: str, moment: str | None) -> None:
    """Each form has the one moment that it can mean; where two are possible it has none."""
    parsed = parse_moment(text)
    assert (parsed and parsed.isoformat()) == moment


NOTES = [
    (b"\x01\xf1\x03\0", 0x16, struct.pack("<6H", 31, 8, 9, 5, 7, 2016)),
    (b"\x01\xf1\x03\0", 0x16, struct.pack(">6H", 31, 8, 9, 5, 7, 2016)),
    (b"RECONYXH2\0", 0x3E, struct.pack("<6H", 31, 8, 9, 5, 7, 2016)),
    (b"RECONYXMF\0", 0x4E, struct.pack("<6H", 31, 8, 9, 5, 7, 2016)),
    (b"RECONYXUF\0", 0x3B, struct.pack("<5BH", 31, 8, 9, 7, 5, 2016)),
    (b"RECONYXHF4K\0", 0x2F, struct.pack("<5BH", 31, 8, 9, 7, 5, 2016)),
]


@pytest.mark.parametrize(("start", "offset", "packed"), NOTES)
def test_notes_of_reconyx(start: bytes, offset: int, packed: bytes) -> None:
    """The moment is read from each layout; without all of it, or with nonsense, there is none."""
    note = start.ljust(offset, b"\0") + packed
    parsed = parse_reconyx(note + bytes(99))
    assert parsed is not None
    assert parsed.isoformat() == "2016-05-07T09:08:31"
    assert parse_reconyx(note) == parsed
    assert parse_reconyx(note[:-1]) is None
    assert parse_reconyx(start.ljust(200, b"\0")) is None
    assert parse_reconyx(start.ljust(200, b"\xff")) is None
    assert parse_reconyx(b"OTHER" + note[5:]) is None


def test_images_without_a_moment_are_counted() -> None:
    """A note counts the images without a moment, and how many of them have a MakerNote."""
    captures: list[dict[str, Any]] = [
        {"date": "2016-07-05"},
        {"date": "", "unread_note": True},
        {"date": ""},
    ]
    assert MomentCount.of(Counter(moment_keys(captures[0]))).notes == ()
    tally = Counter(key for capture in captures for key in moment_keys(capture))
    (note,) = MomentCount.of(tally).notes
    assert note == (
        "2 of 3 images have no date and time (EXIF); 1 of them has a MakerNote that is not "
        "understood"
    )
