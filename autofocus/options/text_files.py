"""Text files that people write: read in the encoding in which their editor saved them."""

import codecs
import json
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError
from autofocus.options.printing import shown

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


def read_json(path: Path, name: str = "") -> Any:
    """Return the content of a JSON file that people or programs wrote.

    Of two values under one key, no reader knows which is meant, and `NaN` is no JSON, so that
    either is an error.

    Args:
        path: the file.
        name: the name of the file in messages; by default its path.

    Raises:
        InputDataError: it is no text, or no JSON.
    """
    text = read_text(path, name)
    try:
        return json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_once, parse_constant=_reject_constant
        )
    except RecursionError:
        raise InputDataError(
            f"{name or path} is not valid JSON: it is nested too deeply."
        ) from None
    except ValueError as error:
        raise InputDataError(f"{name or path} is not valid JSON: {shown(error)}.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"it has {twice!r} twice")
    return values


def _reject_constant(constant: str) -> None:
    raise ValueError(f"it has {constant}, which is no number")
