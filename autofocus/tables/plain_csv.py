"""The lines of CSV files without quotation marks, in large blocks, for readers that are fast.

`CsvReader` knows every form of a table, and names the line of an error. Most tables are plain:
no cell is quoted, and each line has as many cells as the header. Whether one is can be told
quickly, and then any reader gives the same cells.
"""

from collections.abc import Iterator

import numpy as np

from autofocus.errors import InputDataError
from autofocus.runs.csv_files import UTF8, CsvReader

# Characters, or bytes in UTF-8, that are read at once.
_BLOCK = 1 << 20
# In each window of this size a line must end, so that none is longer than `CsvReader` allows.
_WINDOW = 1 << 16
_END = ord("\n")
_MARK = b"\xef\xbb\xbf"
# With these letters begin streams that are compressed, which polars expands without being asked:
# the second byte of the last is also that of Persian and Urdu letters.
_COMPRESSED = (b"x\x01", b"x^", b"x\xda")


class NotPlainError(InputDataError):
    """Used inside: a table has quotation marks or something else that `CsvReader` must read."""


def plain_blocks(reader: CsvReader) -> Iterator[bytes]:
    """Yield the lines below the header in blocks, in UTF-8, each line with its end but the last.

    The reader stays where it is.

    Args:
        reader: a table of which only the header was read.

    Raises:
        NotPlainError: something isn't plain, in the block that would be next.
    """
    rest = b""
    for chunk in _chunks(reader):
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest += chunk
            if len(rest) > _BLOCK:
                raise NotPlainError
            continue
        block = rest + chunk[:end]
        rest = chunk[end:]
        _check(block, reader)
        yield block
    if rest:
        _check(rest + b"\n", reader)
        yield rest


def _chunks(reader: CsvReader) -> Iterator[bytes]:
    try:
        if reader.encoding != UTF8:
            with reader.path.open(encoding=reader.encoding, newline="") as text:
                _skip((line.encode() for line in text), reader.line)
                while part := text.read(_BLOCK):
                    yield part.encode()
            return
        with reader.path.open("rb") as file:
            if file.read(len(_MARK)) != _MARK:
                file.seek(0)
            _skip(file, reader.line)
            while chunk := file.read(_BLOCK):
                yield chunk
    except UnicodeError:
        raise NotPlainError from None


def _skip(lines: Iterator[bytes], number: int) -> None:
    for _ in range(number):
        line = next(lines, b'"')
        if b'"' in line or line.count(b"\r") != line.endswith(b"\r\n"):
            raise NotPlainError


def _check(block: bytes, reader: CsvReader) -> None:
    """Check lines that all have an end.

    Raises:
        NotPlainError: they aren't plain.
    """
    returns = block.count(b"\r")
    is_plain = (
        b'"' not in block
        and b"\0" not in block
        and (not returns or returns == block.count(b"\r\n"))
        and not block.startswith((_MARK, *_COMPRESSED))
        and _are_whole(block, reader.delimiter, len(reader.columns))
        and all(
            block.find(b"\n", start, start + _WINDOW) >= 0
            for start in range(0, len(block) - _WINDOW, _WINDOW)
        )
    )
    if not is_plain:
        raise NotPlainError
    if reader.encoding == UTF8 and not block.isascii():
        try:
            block.decode()
        except UnicodeDecodeError:
            raise NotPlainError from None


def _are_whole(block: bytes, delimiter: str, width: int) -> bool:
    """Tell whether each line has so many cells; a line of one cell must not be blank."""
    if width == 1:
        is_blank = b"\n\n" in block or b"\n\r\n" in block or block.startswith((b"\n", b"\r"))
        return delimiter.encode() not in block and not is_blank
    letters = np.frombuffer(block, np.uint8)
    are_ends = letters == _END
    ends = np.flatnonzero(are_ends | (letters == ord(delimiter)))
    lines = int(np.count_nonzero(are_ends))
    # Of all ends of cells, each that is due is the end of a line, and there are no others.
    return len(ends) == lines * width and bool(are_ends[ends[width - 1 :: width]].all())
