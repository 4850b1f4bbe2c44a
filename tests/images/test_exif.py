"""Claims about fields of EXIF data."""

import struct

import pytest

from autofocus.images.exif import EXIF_FOLDER, read_fields

MAKE, TAKEN = 0x010F, 0x9003


def data(order: str, *, damage: bool = False) -> bytes:
    """Return EXIF data with a maker, a field that may be damaged, and a moment."""
    number = "<" if order == "II" else ">"
    entries = [
        (MAKE, 2, 8, 200),
        (0x0110, 2, 0xFFFFFFFF if damage else 4, 0xFFFFFFF0 if damage else 0),
        (EXIF_FOLDER, 4, 1, 100),
    ]
    first = b"".join(struct.pack(f"{number}HHII", *entry) for entry in entries)
    second = struct.pack(f"{number}H", 1) + struct.pack(f"{number}HHII", TAKEN, 2, 20, 220)
    head = order.encode() + struct.pack(f"{number}HI", 42, 8) + struct.pack(f"{number}H", 3)
    body = (head + first).ljust(100, b"\0") + second
    return b"Exif\0\0" + body.ljust(200, b"\0") + b"RECONYX\0".ljust(20) + b"2016:07:05 14:03:09\0"


@pytest.mark.parametrize("order", ["II", "MM"])
@pytest.mark.parametrize("damage", [False, True])
def test_a_broken_field_costs_no_other(order: str, damage: bool) -> None:
    """Fields are read in both byte orders, those behind a broken one too."""
    fields = read_fields(data(order, damage=damage))
    assert fields[0, MAKE] == b"RECONYX\0"
    assert fields[EXIF_FOLDER, TAKEN] == b"2016:07:05 14:03:09\0"


def test_data_that_are_cut() -> None:
    """However the data are cut, what remains is read."""
    whole = data("II")
    for length in range(len(whole)):
        fields = read_fields(whole[:length])
        assert b"2016:07:05 14:03:09\0".startswith(fields.get((EXIF_FOLDER, TAKEN), b""))
        assert b"RECONYX\0".startswith(fields.get((0, MAKE), b""))
