"""Date, time and camera of an image from its EXIF data (CIPA DC-008); nothing is guessed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

_TAGS, _EXIF_IFD = ExifTags.Base, ExifTags.IFD.Exif
_MOMENT = re.compile(r"\s*(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)")


@dataclass(frozen=True)
class Capture:
    """Date, time and camera of an image; each is empty if unknown.

    Attributes:
        date: YYYY-MM-DD.
        time: HH:MM:SS, by the camera's clock.
        time_source: the EXIF field that date and time are from.
        camera_make: the manufacturer.
        camera_model: the model.
    """

    date: str = ""
    time: str = ""
    time_source: str = ""
    camera_make: str = ""
    camera_model: str = ""

    @property
    def moment(self) -> str:
        """Date and time in ISO format, to the second; empty if unknown."""
        return f"{self.date}T{self.time}" if self.date else ""

    @property
    def camera(self) -> str:
        """Manufacturer and model; empty if unknown."""
        make, model = self.camera_make, self.camera_model
        # Many models begin with their manufacturer's name.
        return model if model.casefold().startswith(make.casefold()) else f"{make} {model}".strip()


def read_capture(image: Image.Image) -> Capture:
    """Read date, time and camera from an image's EXIF data."""
    top = image.getexif
    camera = {"camera_make": _field(top, _TAGS.Make), "camera_model": _field(top, _TAGS.Model)}
    candidates = {
        "DateTimeOriginal": _field(lambda: top().get_ifd(_EXIF_IFD), _TAGS.DateTimeOriginal),
        "DateTime": _field(top, _TAGS.DateTime),
    }
    for source, value in candidates.items():
        if moment := _moment(value):
            date, time = moment.date().isoformat(), moment.time().isoformat()
            return Capture(date, time, source, **camera)
    return Capture(**camera)


def _field(fields: Callable[[], Mapping[int, Any]], tag: int) -> str:
    """Return a field's text; empty if it is missing or broken, whichever way."""
    try:
        return _text(fields().get(tag))
    except Exception:
        return ""


def _moment(text: str) -> datetime | None:
    """Parse EXIF's date and time format; None if invalid, such as all zeros."""
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
    # Cameras pad their fields with NULs and blanks.
    printable = "".join(letter if letter.isprintable() else " " for letter in value.split("\0")[0])
    return " ".join(printable.split())


def to_exif(capture: Capture) -> Image.Exif:
    """Return EXIF data with date, time and camera, for an image made of the original."""
    exif = Image.Exif()
    exif[_TAGS.Make], exif[_TAGS.Model] = capture.camera_make, capture.camera_model
    if capture.date:
        moment = f"{capture.date.replace('-', ':')} {capture.time}"
        if capture.time_source == "DateTime":
            exif[_TAGS.DateTime] = moment
        else:
            exif.get_ifd(_EXIF_IFD)[_TAGS.DateTimeOriginal] = moment
    return exif
