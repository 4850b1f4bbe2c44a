"""Text files that people write: read in the encoding in which their editor saved them."""

import codecs
from pathlib import Path

from autofocus.errors import InputDataError

# The longest first: UTF-32's mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What Windows' editors call ANSI in most of Europe and America.
_WINDOWS = "cp1252"


def read_text(path: Path, name: str = "") -> str:
    """Return the text of a file in UTF-8, in UTF-16 or UTF-32 with a mark, or in Windows-1252.

    Args:
        path: the file.
        name: the name of the file in messages; by default its path.

    Raises:
        InputDataError: it is in none of them.
    """
    content = path.read_bytes()
    encodings = [encoding for mark, encoding in _MARKS if content.startswith(mark)][:1]
    for encoding in encodings or ["utf-8", _WINDOWS]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # In an encoding of the wrong width, every second character is a null.
        if "\0" not in text:
            return text
    raise InputDataError(f"{name or path} is no text in UTF-8: save it as UTF-8.")
