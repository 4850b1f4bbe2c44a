"""JSON files of any size: the elements of a long array are read one by one."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from autofocus.errors import InputDataError, MissingInputError
from autofocus.runs.wording import shown

# Characters that are read at once; a longer value is read in growing steps.
_CHUNK = 1 << 20
_BLANKS = " \t\n\r"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def stream_object(path: Path, array: str) -> Iterator[tuple[str, Any]]:
    """Yield the members of the object that a file holds.

    Args:
        path: the file.
        array: the key of a long array, whose elements are yielded one by one, each with the key.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it holds no JSON object, or the long array is none.
    """
    if not path.is_file():
        raise MissingInputError(f"There is no file {path}.")
    try:
        with path.open("rb") as start:
            head = start.read(4)
        encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
        with path.open(encoding=encoding, newline="") as file:
            yield from _Reader(file).members(array)
    except UnicodeError:
        raise InputDataError(f"{path} is no text in UTF-8: save it as UTF-8.") from None
    except RecursionError:
        raise InputDataError(f"{path} is not valid JSON: it is nested too deeply.") from None
    except ValueError as error:
        raise InputDataError(f"{path} is not valid JSON: {shown(error)}.") from None


class _Reader:
    """Reads values from a text, of which only the part around the current value is held."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._decode = json.JSONDecoder().raw_decode
        self._text, self._at, self._is_end = "", 0, False
        # The position of the held text in the file, for messages.
        self._before = 0

    def members(self, array: str) -> Iterator[tuple[str, Any]]:
        self._take("{")
        if self._next() == "}":
            self._take("}")
        else:
            while True:
                key = self._value()
                if not isinstance(key, str):
                    raise self._problem("a key is no text")
                self._take(":")
                if key == array:
                    yield from ((key, element) for element in self._elements(key))
                else:
                    yield key, self._value()
                if self._take(",}") == "}":
                    break
        if self._next():
            raise self._problem("something follows its end")

    def _elements(self, key: str) -> Iterator[Any]:
        if self._next() != "[":
            raise self._problem(f"{key} is no array")
        self._take("[")
        if self._next() == "]":
            self._take("]")
            return
        while True:
            yield self._value()
            if self._take(",]") == "]":
                return

    def _value(self) -> Any:
        """Return the next value; the text is read on until the value is whole."""
        self._next()
        size = _CHUNK
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # What is wrong far before the end of the text does not become right behind it.
                if self._is_end or len(self._text) - error.pos > _CHUNK:
                    raise self._problem(error.msg, error.pos) from None
            else:
                # A number at the end of the text may go on.
                if end < len(self._text) or self._is_end:
                    self._at = end
                    return value
            self._read(size)
            size *= 2

    def _take(self, characters: str) -> str:
        """Return the next character, which must be one of some."""
        found = self._next()
        if not found or found not in characters:
            raise self._problem(f"{' or '.join(characters)} is missing")
        self._at += 1
        return found

    def _next(self) -> str:
        """Return the next character that is no blank, and stay before it; empty at the end."""
        while True:
            text, at = self._text, self._at
            while at < len(text) and text[at] in _BLANKS:
                at += 1
            self._at = at
            if at < len(text):
                return text[at]
            if self._is_end:
                return ""
            self._read(_CHUNK)

    def _read(self, size: int) -> None:
        more = self._file.read(size)
        self._is_end = not more
        self._before += self._at
        self._text, self._at = self._text[self._at :] + more, 0

    def _problem(self, words: str, at: int | None = None) -> ValueError:
        place = self._before + (self._at if at is None else at) + 1
        return ValueError(f"{words} at character {place:,}")
