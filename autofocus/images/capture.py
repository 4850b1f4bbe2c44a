"""When a photograph was taken and with what, as its EXIF data tell; nothing is ever invented.

Fields: DateTimeOriginal (0x9003), DateTime (0x0132), Make (0x010F), Model (0x0110), of the EXIF
specification (CIPA DC-008).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import Image

_MAKE, _MODEL, _DATE_TIME = 0x010F, 0x0110, 0x0132
_EXIF_FOLDER, _DATE_TIME_ORIGINAL = 0x8769, 0x9003
_MOMENT = re.compile(r"\s*(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)")


@dataclass(frozen=True)
class Capture:
    """Date, time and camera of a photograph; each empty where it isn't told.

    Attributes:
        date: YYYY-MM-DD.
        time: HH:MM:SS, by the camera's clock.
        time_source: the EXIF field that date and time are from.
        camera_make: the maker's name.
        camera_model: the model's name.
    """

    date: str = ""
    time: str = ""
    time_source: str = ""
    camera_make: str = ""
    camera_model: str = ""


def read_capture(image: Image.Image) -> Capture:
    """Read date, time and camera from an image's EXIF data."""
    top = image.getexif
    camera = {"camera_make": _field(top, _MAKE), "camera_model": _field(top, _MODEL)}
    candidates = {
        "DateTimeOriginal": _field(lambda: top().get_ifd(_EXIF_FOLDER), _DATE_TIME_ORIGINAL),
        "DateTime": _field(top, _DATE_TIME),
    }
    for source, value in candidates.items():
        if moment := _moment(value):
            date, time = moment.date().isoformat(), moment.time().isoformat()
            return Capture(date, time, source, **camera)
    return Capture(**camera)


def _field(fields: Callable[[], Mapping[int, Any]], tag: int) -> str:
    """Return one field's text; whatever is wrong with it, the picture and other fields count."""
    try:
        return _text(fields().get(tag))
    except Exception:
        return ""


def _moment(text: str) -> datetime | None:
    """Read EXIF's form of a moment; None where it is no moment, such as all zeros."""
    match = _MOMENT.match(text)
    try:
        return datetime(*map(int, match.groups())) if match else None  # type: ignore[arg-type]
    except ValueError:
        return None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    if not isinstance(value, str):
        return ""
    # Cameras fill up their fields with NULs and blanks.
    shown = "".join(letter if letter.isprintable() else " " for letter in value.split("\0")[0])
    return " ".join(shown.split())


def to_exif(capture: Capture) -> Image.Exif:
    """Return EXIF data that keep date, time and camera with a derived picture."""
    exif = Image.Exif()
    exif[_MAKE], exif[_MODEL] = capture.camera_make, capture.camera_model
    if capture.date:
        moment = f"{capture.date.replace('-', ':')} {capture.time}"
        if capture.time_source == "DateTime":
            exif[_DATE_TIME] = moment
        else:
            exif.get_ifd(_EXIF_FOLDER)[_DATE_TIME_ORIGINAL] = moment
    return exif
