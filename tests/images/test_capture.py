"""Tests of reading date, time and camera from EXIF data."""

import io
import struct
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from autofocus.images.capture import Capture, read_capture, to_exif
from tests.images.pictures import DATE_TIME, EXIF_FOLDER, MAKE, MODEL, constant, encoded, exif

# Pillow warns of broken EXIF data; the program silences it as the tests do here.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")


def capture(data: Any = None, picture_format: str = "JPEG") -> Capture:
    """Return what is read from an image with these EXIF data."""
    how = {} if data is None else {"exif": data}
    file = io.BytesIO(encoded(constant(16, 16, 90), picture_format, **how))
    with Image.open(file) as image:
        return read_capture(image)


def ifd(*fields: tuple[int, int, int, bytes], order: str = "big") -> bytes:
    """Return EXIF data with these fields: tag, type, count and four bytes, written by hand."""

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, order)  # type: ignore[arg-type]

    start = b"MM\0*\0\0\0\x08" if order == "big" else b"II*\0\x08\0\0\0"
    body = b"".join(
        number(tag, 2) + number(kind, 2) + number(count, 4) + value
        for tag, kind, count, value in fields
    )
    return b"Exif\0\0" + start + number(len(fields), 2) + body + bytes(4)


def test_original_time_goes_first() -> None:
    """DateTimeOriginal counts before DateTime, which changes when a file is edited."""
    data = exif({DATE_TIME: "2019:01:02 03:04:05"}, "2016:07:05 14:03:09")
    assert capture(data) == Capture("2016-07-05", "14:03:09", "DateTimeOriginal")


def test_date_time_goes_second() -> None:
    """DateTime counts where there is no DateTimeOriginal, and the table says so."""
    data = exif({DATE_TIME: "2019:01:02 03:04:05"})
    assert capture(data) == Capture("2019-01-02", "03:04:05", "DateTime")


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_every_format(picture_format: str) -> None:
    """Time and camera are read from each format that keeps them."""
    data = exif({DATE_TIME: "2019:01:02 03:04:05", MAKE: "RECONYX", MODEL: "HC500"})
    expected = Capture("2019-01-02", "03:04:05", "DateTime", "RECONYX", "HC500")
    assert capture(data, picture_format) == expected


def test_nothing_is_invented() -> None:
    """Without EXIF data all is empty; neither the file's time nor today's is taken."""
    assert capture() == Capture("", "", "", "", "")


@pytest.mark.parametrize(
    "moment",
    [
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "2016:13:05 14:03:09",
        "2016:02:30 14:03:09",
        "2016:07:05 24:00:00",
        "2016:07:05",
        "yesterday",
        "",
    ],
)
def test_moment_that_is_none(moment: str) -> None:
    """Zeros, blanks and days that never were count as no time, and DateTime is read."""
    assert capture(exif({}, moment)) == Capture()
    data = exif({DATE_TIME: "2019:01:02 03:04:05"}, moment)
    assert capture(data) == Capture("2019-01-02", "03:04:05", "DateTime")


@pytest.mark.parametrize(
    "moment",
    [
        "2016:07:05 14:03:09",
        "2016-07-05 14:03:09",
        "2016/07/05 14:03:09",
        "2016-07-05T14:03:09",
        "  2016:07:05 14:03:09",
        "2016:07:05 14:03:09.25",
        "2016:07:05 14:03:09+02:00",
        "2016:07:05 14:03:09\0\0\0",
    ],
)
def test_forms_of_a_moment(moment: str) -> None:
    """The forms in which cameras and programs write a moment are understood."""
    assert capture(exif({}, moment)) == Capture("2016-07-05", "14:03:09", "DateTimeOriginal")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("RECONYX", "RECONYX"),
        ("Moultrie\0\0\0\0\0", "Moultrie"),
        ("M-990i  \0garbage", "M-990i"),
        ("  two\t words\n", "two words"),
        ("\0\0\0", ""),
        ("", ""),
    ],
)
def test_camera_is_plain_text(written: str, read: str) -> None:
    """Makers and models are stripped of NULs and blanks that cameras fill their fields with."""
    assert capture(exif({MAKE: written, MODEL: written})) == Capture(
        camera_make=read, camera_model=read
    )


def test_camera_that_is_no_text() -> None:
    """A maker given as a number is left empty, and the rest is read."""
    data = ifd((MAKE, 4, 1, b"\0\0\0\x07"), (MODEL, 2, 4, b"abc\0"))
    assert capture(data) == Capture(camera_model="abc")


@pytest.mark.parametrize("order", ["big", "little"])
def test_both_byte_orders(order: str) -> None:
    """EXIF data are read in either byte order."""
    assert capture(ifd((MODEL, 2, 4, b"abc\0"), order=order)) == Capture(camera_model="abc")


@pytest.mark.parametrize(
    "data",
    [
        b"Exif\0\0",
        b"Exif\0\0garbage that is no header",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        ifd((MAKE, 2, 99_999, b"\xff\xff\xff\xff")),
        ifd((MAKE, 99, 1, b"abcd")),
        ifd((EXIF_FOLDER, 4, 1, b"\xff\xff\xff\xff")),
        ifd((EXIF_FOLDER, 9, 1, b"\xff\xff\xff\xff")),
        ifd((EXIF_FOLDER, 2, 4, b"abc\0")),
    ],
)
def test_broken_exif(data: bytes) -> None:
    """Broken EXIF data are as good as none, and raise nothing."""
    assert capture(data) == Capture()


# An unsigned and a signed number: far behind the end of the data, and before their beginning.
@pytest.mark.parametrize("kind", [4, 9])
def test_broken_part_of_exif(kind: int) -> None:
    """Where the part with DateTimeOriginal is broken, the camera is read nevertheless."""
    data = ifd((MODEL, 2, 4, b"abc\0"), (EXIF_FOLDER, kind, 1, b"\xff\xff\xff\xff"))
    assert capture(data).camera_model == "abc"


@pytest.mark.parametrize("source", ["DateTimeOriginal", "DateTime"])
@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_capture_is_kept(source: str, picture_format: str) -> None:
    """A derived image has the same date, time, source and camera as the original."""
    original = Capture("2016-07-05", "14:03:09", source, "RECONYX", "HC500")
    assert capture(to_exif(original), picture_format) == original


def test_nothing_is_kept_of_nothing() -> None:
    """An image derived from one without EXIF data has no data either."""
    assert capture(to_exif(Capture())) == Capture()


def test_the_order_of_the_fields() -> None:
    """Original, digitized, MakerNote, XMP of the original, DateTime, XMP of the file; in turn."""
    note = b"\x01\xf1\x03\0".ljust(0x16, b"\0") + struct.pack("<6H", 3, 3, 3, 3, 3, 2003)
    values = {"DateTimeOriginal": 2001, "DateTimeDigitized": 2002, "MakerNote": 2003, "XMP": 2004}
    values |= {"DateTime": 2005, "made": 2006}
    packet = (
        '<x exif:DateTimeOriginal="{XMP}-01-01T00:00:00">'
        "<xmp:CreateDate>{made}-01-01T00:00:00</xmp:CreateDate></x>"
    )
    for source, year in list(values.items()):
        file = Image.Exif()
        folder = file.get_ifd(EXIF_FOLDER)
        for name, tag in [("DateTimeOriginal", 0x9003), ("DateTimeDigitized", 0x9004)]:
            if name in values:
                folder[tag] = f"{values[name]}:01:01 00:00:00"
        if "MakerNote" in values:
            folder[0x927C] = note
        if "DateTime" in values:
            file[DATE_TIME] = f"{values['DateTime']}:01:01 00:00:00"
        xmp = packet.format(**{"XMP": "none", **values}).encode()
        content = encoded(constant(16, 16, 90), "JPEG", exif=file, xmp=xmp)
        with Image.open(io.BytesIO(content)) as image:
            found = read_capture(image)
        assert found.date.startswith(str(year)), source
        assert found.time_source == ("XMP" if source == "made" else source)
        assert found.camera_make == ("RECONYX" if "MakerNote" in values else "")
        del values[source]


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_xmp_in_every_format(picture_format: str) -> None:
    """A moment in XMP alone is read from each format that keeps it."""
    xmp = b'<x:xmpmeta><rdf:Description xmp:CreateDate="2016-07-05T14:03:09+02:00"/></x:xmpmeta>'
    how: dict[str, Any] = {"xmp": xmp}
    if picture_format == "PNG":
        how = {"pnginfo": PngInfo()}
        how["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode())
    if picture_format == "TIFF":
        how = {"tiffinfo": {700: xmp}}
    file = io.BytesIO(encoded(constant(16, 16, 90), picture_format, **how))
    with Image.open(file) as image:
        assert read_capture(image) == Capture("2016-07-05", "14:03:09", "XMP")


def test_a_note_that_is_not_understood() -> None:
    """Without a moment, a MakerNote is remembered, whatever its type."""
    for value in (b"\x01\xf1", b"OTHER\0\0\0", "Q 0"):
        file = Image.Exif()
        file.get_ifd(EXIF_FOLDER)[0x927C] = value
        assert capture(file).unread_note
        file.get_ifd(EXIF_FOLDER)[0x9003] = "2016:07:05 14:03:09"
        assert not capture(file).unread_note
