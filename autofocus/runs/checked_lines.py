"""Lines of JSON with a checksum in front, by which a torn, edited or damaged one is noticed."""

import json
import zlib
from typing import Any


def checked_line(value: Any) -> str:
    """Return plain JSON values as a line."""
    text = json.dumps(value)
    return f"{_checksum(text)} {text}\n"


def read_checked_line(line: str) -> Any:
    """Return the values of a line.

    Raises:
        ValueError: it is torn, or was edited or damaged.
    """
    checksum, _, text = line.rstrip("\n").partition(" ")
    if checksum != _checksum(text):
        raise ValueError("another checksum")
    return json.loads(text)


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode('utf-8', 'replace')):08x}"
