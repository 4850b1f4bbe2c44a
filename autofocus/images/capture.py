"""Date, time and camera of an image from its EXIF data (CIPA DC-008) and XMP, without guesses."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from PIL import ExifTags, Image

from autofocus.images.exif import EXIF_FOLDER, read_fields
from autofocus.images.moments import is_of_reconyx, parse_moment, parse_reconyx

# The version of what is read: an image that an earlier one found no moment in is read again.
READING = 2
_TAGS = ExifTags.Base
_RECONYX = "RECONYX"
# Properties of XMP that hold when the original was taken, and when the file was made.
_XMP_TAKEN = ("exif:DateTimeOriginal", "photoshop:DateCreated")
_XMP_MADE = ("exif:DateTimeDigitized", "xmp:CreateDate")
# An XMP packet may hold anything; what says when an image was taken is near its beginning.
_MAX_XMP = 1 << 20


@dataclass(frozen=True)
class Capture:
    """Date, time and camera of an image; each is empty if unknown.

    Attributes:
        date: YYYY-MM-DD.
        time: HH:MM:SS, by the camera's clock.
        time_source: the field that date and time are from: one of EXIF, or MakerNote or XMP.
        camera_make: the manufacturer.
        camera_model: the model.
        unread_note: whether there is a MakerNote that holds no moment that is understood, and
            date and time are unknown.
    """

    date: str = ""
    time: str = ""
    time_source: str = ""
    camera_make: str = ""
    camera_model: str = ""
    unread_note: bool = False

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
    """Read date, time and camera from an image's EXIF data, else from its XMP."""
    fields = _Fields(image)
    make, model = fields.text(_TAGS.Make), fields.text(_TAGS.Model)
    if not make and is_of_reconyx(fields.note):
        make = _RECONYX
    for source, moment in fields.moments():
        if moment is not None:
            date, time = moment.date().isoformat(), moment.time().isoformat()
            return Capture(date, time, source, make, model)
    return Capture(camera_make=make, camera_model=model, unread_note=bool(fields.note))


@dataclass(frozen=True)
class _Fields:
    """The fields of an image, each empty if it is missing or broken, whichever way."""

    image: Image.Image

    def moments(self) -> Iterator[tuple[str, datetime | None]]:
        """Yield when the image was taken, as each field says, the most reliable ones first."""
        for tag in (_TAGS.DateTimeOriginal, _TAGS.DateTimeDigitized):
            # Some programs write them beside the camera's name.
            yield (
                tag.name,
                parse_moment(self.text(tag, EXIF_FOLDER)) or parse_moment(self.text(tag)),
            )
        yield "MakerNote", parse_reconyx(self.note)
        yield "XMP", self._xmp(_XMP_TAKEN)
        # It changes when a file is edited.
        yield "DateTime", parse_moment(self.text(_TAGS.DateTime))
        yield "XMP", self._xmp(_XMP_MADE)

    def text(self, tag: int, folder: int = 0) -> str:
        """Return the text of a field of EXIF."""
        return _text(self._field(tag, folder))

    @cached_property
    def note(self) -> bytes:
        """What the camera wrote for itself."""
        note = self._field(_TAGS.MakerNote, EXIF_FOLDER)
        if isinstance(note, str):
            note = note.encode("latin-1", "replace")
        return note if isinstance(note, bytes) else b""

    @cached_property
    def _exif(self) -> Mapping[tuple[int, int], bytes] | None:
        """The fields of EXIF; None if Pillow keeps them in another way, as of TIFF files."""
        data = self.image.info.get("exif")
        return read_fields(data) if isinstance(data, bytes) else None

    def _field(self, tag: int, folder: int) -> object:
        if self._exif is not None:
            return self._exif.get((folder, tag))

        def read() -> object:
            exif = self.image.getexif()
            fields: Mapping[int, Any] = exif.get_ifd(folder) if folder else exif
            return fields.get(tag)

        return _or_none(read)

    def _xmp(self, names: tuple[str, ...]) -> datetime | None:
        packet = _or_none(lambda: _xmp_packet(self.image))
        if not isinstance(packet, str):
            return None
        for name in names:
            # An attribute, or an element of its own.
            match = re.search(rf"{name}\s*(?:=\s*[\"']|>)([^<\"']{{1,64}})", packet)
            if match and (moment := parse_moment(match[1])):
                return moment
        return None


def _xmp_packet(image: Image.Image) -> str:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    if isinstance(packet, bytes):
        packet = packet[:_MAX_XMP].decode("utf-8", errors="replace")
    return packet[:_MAX_XMP] if isinstance(packet, str) else ""


def _or_none(read: Callable[[], object]) -> object:
    """Return what is read; None if it is broken: Pillow raises almost anything then."""
    try:
        return read()
    except Exception:
        return None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    if not isinstance(value, str):
        return ""
    # Cameras pad their fields with NULs and blanks.
    printable = "".join(letter if letter.isprintable() else " " for letter in value.split("\0")[0])
    return " ".join(printable.split())


def is_read(record: Mapping[str, Any]) -> bool:
    """Return whether a record of an image has its moment, as far as this version can read it.

    Args:
        record: with the `moment`, and the version `READING` that recorded it, if it is a later one
            than the first.
    """
    return bool(record.get("moment")) or record.get("reading") == READING


def to_exif(capture: Capture) -> Image.Exif:
    """Return EXIF data with date, time and camera, for an image made of the original."""
    exif = Image.Exif()
    exif[_TAGS.Make], exif[_TAGS.Model] = capture.camera_make, capture.camera_model
    if capture.date:
        moment = f"{capture.date.replace('-', ':')} {capture.time}"
        if capture.time_source == "DateTime":
            exif[_TAGS.DateTime] = moment
        else:
            folder = exif.get_ifd(EXIF_FOLDER)
            folder[_TAGS.DateTimeOriginal] = moment
            # Without it, Pillow writes no such field into TIFF files.
            exif[EXIF_FOLDER] = folder
    return exif
