"""Moments as cameras and programs write them: as text, and in the notes of Reconyx's cameras."""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from autofocus.runs.wording import plural

# `2016:07:05 14:03:09` is what EXIF demands (CIPA DC-008). Others use another separator, a T in
# place of the blank, blanks in place of leading zeros, or a clock of twelve hours. Fractions of a
# second and time zones may follow: all times are those of the camera's clock. Minutes and seconds
# have two places, so that a text that was cut within them is none.
_NUMBER, _PADDED = r"([ \d]?\d)", r"([ \d]\d)"
_MOMENT = re.compile(
    rf"\s*(\d{{4}})[:/.-]{_NUMBER}[:/.-]{_NUMBER}(?:T|[ T]\s*){_NUMBER}[:.]{_PADDED}[:.]{_PADDED}"
    r"(?!\d)(?:[.,]\d+)?(?:\s*([AaPp])\.?\s?[Mm]\b)?"
)
# A word behind it may be a half of the day in another language, which would be half a day off.
_WORD = re.compile(r"\.?\s+(?!UTC|GMT|[A-Z]{3,4}T\b)[^\W\d_]")
# `Tue Jul  5 14:03:09 2016`, as C's asctime writes it.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ASCTIME = re.compile(
    rf"\s*(?:[A-Z][a-z]{{2}}\s+)?({'|'.join(_MONTHS)})\s+(\d?\d)\s+(\d\d):(\d\d):(\d\d)\s+(\d{{4}})"
)
_NOON = 12
# Earlier ones are no years of a camera, but a clock or field that was never set.
_FIRST_YEAR = 1900
# What notes of Reconyx begin with; where date and time are; how they are packed; and which of the
# numbers are year, month, day, hour, minute and second. All numbers are little-endian. Sources:
# ExifTool's and metadata-extractor's tables of tags; for HyperFire and HyperFire 2, images of
# five models as well.
_SHORTS, _BYTES = "<6H", "<5BH"
_MONTH_FIRST, _DAY_FIRST = (5, 3, 4, 2, 1, 0), (5, 4, 3, 2, 1, 0)
_HYPERFIRE = b"\x01\xf1"
_RECONYX = (
    (_HYPERFIRE, 0x16, _SHORTS, _MONTH_FIRST),
    (b"RECONYXH2\0", 0x3E, _SHORTS, _MONTH_FIRST),
    (b"RECONYXMF\0", 0x4E, _SHORTS, _MONTH_FIRST),
    (b"RECONYXUF\0", 0x3B, _BYTES, _DAY_FIRST),
    (b"RECONYXHF4K\0", 0x2F, _BYTES, _DAY_FIRST),
)
# Their years; anything else is damage.
_RECONYX_YEARS = range(2000, 2100)


def parse_moment(text: str) -> datetime | None:
    """Return date and time of a text; None if it holds none, such as all zeros.

    Args:
        text: of a field that holds a moment. A year of two digits, a date without a time, and
            `24:00:00`, which may be of either day, count as none.
    """
    if match := _MOMENT.match(text):
        *numbers, half = match.groups()
        year, month, day, hour, minute, second = map(int, numbers)
        if not half and hour <= _NOON and _WORD.match(text, match.end()):
            return None
        return _to_moment(year, month, day, _to_24_hours(hour, half), minute, second)
    if match := _ASCTIME.match(text):
        name, *numbers = match.groups()
        day, hour, minute, second, year = map(int, numbers)
        return _to_moment(year, _MONTHS.index(name) + 1, day, hour, minute, second)
    return None


def _to_24_hours(hour: int, half: str | None) -> int:
    """Return the hour of the day, given A or P for its half; 24, which no day has, if unclear."""
    if half is None:
        return hour
    is_morning = half.upper() == "A"
    if hour > _NOON:
        # Some clocks of 24 hours have a PM behind the time, too.
        return 24 if is_morning else hour
    return hour % _NOON + (0 if is_morning else _NOON)


def _to_moment(
    year: int, month: int, day: int, hour: int, minute: int, second: int
) -> datetime | None:
    if year < _FIRST_YEAR:
        return None
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def is_of_reconyx(note: bytes) -> bool:
    """Return whether a MakerNote is in one of the layouts of Reconyx."""
    return note.startswith(tuple(start for start, *_ in _RECONYX))


def parse_reconyx(note: bytes) -> datetime | None:
    """Return date and time in a MakerNote of Reconyx; None if it is another one, or damaged."""
    for start, offset, layout, order in _RECONYX:
        if note.startswith(start):
            packed = note[offset : offset + struct.calcsize(layout)]
            # Some HyperFire write these numbers, and no others, big-endian.
            layouts = (layout, ">6H") if start == _HYPERFIRE else (layout,)
            return next(filter(None, (_unpack(packed, one, order) for one in layouts)), None)
    return None


def _unpack(packed: bytes, layout: str, order: tuple[int, ...]) -> datetime | None:
    if len(packed) < struct.calcsize(layout):
        return None
    values = struct.unpack(layout, packed)
    year, month, day, hour, minute, second = (values[place] for place in order)
    if year not in _RECONYX_YEARS:
        return None
    return _to_moment(year, month, day, hour, minute, second)


@dataclass
class MomentCount:
    """How many images have no moment.

    Attributes:
        images: all that can be used.
        without: those without date and time.
        unread_notes: those of them with a MakerNote that is not understood.
    """

    images: int = 0
    without: int = 0
    unread_notes: int = 0

    @classmethod
    def of(cls, tally: Mapping[str, int]) -> "MomentCount":
        """Return the count of images by the keys of `moment_keys`."""
        return cls(tally.get(_IMAGES, 0), tally.get(_WITHOUT, 0), tally.get(_UNREAD, 0))

    @property
    def notes(self) -> tuple[str, ...]:
        """A note, if there are images without a moment."""
        if not self.without:
            return ()
        verb = "has" if self.without == 1 else "have"
        note = f"{self.without:,} of {plural(self.images, 'image')} {verb} no date and time (EXIF)"
        if self.unread_notes:
            verb = "has" if self.unread_notes == 1 else "have"
            note += f"; {self.unread_notes:,} of them {verb} a MakerNote that is not understood"
        return (note,)


_IMAGES, _WITHOUT, _UNREAD = "images", "without_moment", "unread_notes"


def moment_keys(capture: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what an image counts as, given the fields of its `Capture`; see `MomentCount`."""
    without = (_WITHOUT,) if not capture["date"] else ()
    unread = (_UNREAD,) if capture.get("unread_note") else ()
    return (_IMAGES, *without, *unread)
