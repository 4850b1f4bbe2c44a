"""The lines of CSV files without quotation marks, in large blocks, for readers that are fast.

`CsvReader` knows every form of a table, and names the line of an error. Most tables are plain:
no cell is quoted, and each line has as many cells as the header. Whether one is can be told
quickly, and then any reader gives the same cells.
"""

from collections.abc import Iterator

from autofocus.runs.csv_files import UTF8, CsvReader

# Characters, or bytes in UTF-8, that are read at once.
_BLOCK = 1 << 22
# In each window of this size a line must end, so that none is longer than `CsvReader` allows.
_WINDOW = 1 << 16
_MARK = b"\xef\xbb\xbf"


class NotPlainError(Exception):
    """A table has quotation marks, blank lines, or something else that `CsvReader` must read."""


def plain_blocks(reader: CsvReader) -> Iterator[bytes]:
    """Yield the lines below the header in blocks, in UTF-8, each line with its end but the last.

    The reader stays where it is.

    Args:
        reader: a table of which only the header was read.

    Raises:
        NotPlainError: something isn't plain, in the block that would be next. That the cells of a
            line are too many is noticed only by their total number: whoever takes them apart must
            check that no line has more than there are columns.
    """
    rest = b""
    for chunk in _chunks(reader):
        whole, end, rest_of_chunk = chunk.rpartition(b"\n")
        if not end:
            rest += chunk
            if len(rest) > _BLOCK:
                raise NotPlainError
            continue
        block = rest + whole + end
        rest = rest_of_chunk
        _check(block, reader)
        yield block
    if rest:
        _check(rest, reader)
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
    lines = block.count(b"\n") + (not block.endswith(b"\n"))
    cells = lines * (len(reader.columns) - 1)
    returns = block.count(b"\r")
    is_plain = (
        b'"' not in block
        and b"\0" not in block
        and block.count(reader.delimiter.encode()) == cells
        and (not returns or (returns == block.count(b"\r\n") and b"\n\r" not in block))
        and b"\n\n" not in block
        and not block.startswith((b"\n", b"\r", _MARK))
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
