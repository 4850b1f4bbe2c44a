"""CSV files: the one reader and the one writer of every table in the package.

They stand on the floor of the ledger, which is a table too, below all packages that read or write
others. Rows are read one at a time, so that memory stays flat however large a table is;
`autofocus.tables.frames` makes frames of them.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from autofocus.errors import InputDataError, MissingInputError
from autofocus.runs.spelling import clean_name
from autofocus.runs.wording import listed, shown

if TYPE_CHECKING:
    from _csv import Writer

UTF8, WINDOWS = "utf-8-sig", "cp1252"
UTF16, UTF16_LITTLE, UTF16_BIG = "utf-16", "utf-16-le", "utf-16-be"
UTF32 = "utf-32"
_NAMES = {
    UTF8: "UTF-8", WINDOWS: "Windows-1252", UTF16: "UTF-16",
    UTF16_LITTLE: "UTF-16", UTF16_BIG: "UTF-16", UTF32: "UTF-32",
}  # fmt: skip
# The longest first: UTF-32's mark begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, UTF32),
    (codecs.BOM_UTF32_BE, UTF32),
    (codecs.BOM_UTF16_LE, UTF16),
    (codecs.BOM_UTF16_BE, UTF16),
)
_CHUNK = 1 << 20
# Longer cells are mistakes, such as a quotation mark that is never closed. The limit holds for the
# whole process, and any library may change it. Comments of people's tables may be long.
_MAX_CELL, _MAX_OWN_CELL = 1 << 20, 1 << 17
# It is set again after so many lines.
_OFTEN = 64
_END = "end"
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


def need_table(path: Path) -> None:
    """Check that a table exists.

    Raises:
        MissingInputError: it does not.
    """
    if not path.is_file():
        raise MissingInputError(f"There is no table {path}.")


class CsvReader:
    """A CSV file, open for reading row by row.

    Blank lines are skipped. Used in a `with` block, it closes the file.

    Args:
        path: the file.
        columns: those that it must have; it may have others.
        encoding: a byte order mark is skipped in any case.
        lenient: for tables that people give. Blanks around the names of columns are removed, the
            cells that a row lacks are empty, and empty cells beyond the last column are dropped.
        delimiter: what separates the cells.
        skip: the number of lines before the header.

    Attributes:
        path: the file.
        columns: the names of all its columns, in order.
        delimiter: what separates the cells.
        encoding: the file's.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it is empty, lacks a column or has it twice, or isn't in this encoding.
    """

    def __init__(
        self,
        path: Path,
        columns: Iterable[str] = (),
        *,
        encoding: str = UTF8,
        lenient: bool = False,
        delimiter: str = ",",
        skip: int = 0,
    ) -> None:
        need_table(path)
        self.path = path
        self._lenient = lenient
        self._file = path.open(encoding=encoding, newline="")
        self._is_at_end = False
        self.delimiter, self.encoding = delimiter, encoding
        # Not strict, the reader would take what stands behind a closing quotation mark as text.
        self._reader = csv.reader(chain(self._file, self._end()), delimiter=delimiter, strict=True)
        self._before = 0
        self._skip = skip
        try:
            for _ in range(skip):
                self._file.readline()
            self.columns = self._header()
            self.check(columns)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "CsvReader":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def line(self) -> int:
        """The number of the line on which the last row ended; the header is on line 1."""
        return self._skip + self._reader.line_num

    def check(self, columns: Iterable[str]) -> None:
        """Check that the file has each of these columns once.

        Raises:
            InputDataError: it lacks one, or has it twice.
        """
        names = list(columns)
        if missing := [name for name in names if name not in self.columns]:
            raise InputDataError(
                f"{self.path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}; "
                f"it has {listed(self.columns)}."
            )
        for name in names:
            if self.columns.count(name) > 1:
                raise InputDataError(
                    f"{self.path} has the column {shown(name)} twice: remove one."
                )

    def __iter__(self) -> Iterator[list[str]]:
        """Yield the cells of each row below the header, as many as there are columns.

        Raises:
            InputDataError: a row has too few or too many cells, or can't be read; the message
                names the line.
        """
        for row, problem in self.rows():
            if problem:
                raise InputDataError(f"{self.path}, line {self.line}: {problem}.")
            yield row

    def rows(self) -> Iterator[tuple[list[str], str]]:
        """Yield each row below the header as `__iter__` does, and what is wrong with it.

        For tables whose rows are rejected one by one: a row with too many cells, or one that can't
        be read, comes with the cells that it has, and a problem; of the others it is empty.

        Raises:
            InputDataError: what is wrong goes beyond one row.
        """
        width = len(self.columns)
        for row, problem in self._rows():
            if problem or len(row) == width:
                yield row[:width] + [""] * (width - len(row)), problem
            elif self._lenient and not any(row[width:]):
                yield row[:width] + [""] * (width - len(row)), ""
            else:
                cells = f"{len(row)} cells, but there are {width} columns"
                yield row[:width] + [""] * (width - len(row)), cells

    def _header(self) -> list[str]:
        names, problem = next(self._rows(), (None, ""))
        if problem:
            raise InputDataError(f"{self.path}, line {self.line}: {problem}.")
        if names is None:
            raise InputDataError(f"{self.path} is empty: its first line must name the columns.")
        return [clean_name(name) for name in names] if self._lenient else names

    def _rows(self) -> Iterator[tuple[list[str], str]]:
        """Yield the rows that aren't blank, and what is wrong with each."""
        reader, limit = self._reader, _MAX_CELL if self._lenient else _MAX_OWN_CELL
        while True:
            self._before = reader.line_num
            if self._before % _OFTEN == 0:
                csv.field_size_limit(limit)
            try:
                row, problem = next(reader), ""
            except StopIteration:
                return
            except (csv.Error, UnicodeError) as error:
                row, problem = [], self._explain(error)
            if self._is_at_end:
                self._check_end(row)
            elif row or problem:
                # This project's own tables have the marks that their names need.
                if self._lenient and reader.line_num > self._before + 1:
                    self._check_lines(row, problem)
                yield row, problem

    def _explain(self, error: Exception) -> str:
        """Return why a row can't be read; that it isn't in this encoding concerns the file."""
        if isinstance(error, UnicodeError):
            raise self._undecodable() from None
        return str(error)

    def _check_lines(self, row: Sequence[str], problem: str) -> None:
        """Check that a row of several lines isn't several rows.

        A quotation mark that is missing, or one too many, makes cells of whole rows: for each line
        break in such a cell, it has as many delimiters as a row.
        """
        width = len(getattr(self, "columns", row))
        breaks = ((cell, len(_LINE_BREAK.findall(cell))) for cell in row)
        if problem or any(
            number and width > 1 and cell.count(self.delimiter) == number * (width - 1)
            for cell, number in breaks
        ):
            first = self._skip + self._before + 1
            raise InputDataError(
                f"{self.path}, lines {first} to {self.line}: a quotation mark is missing or one "
                "too many, so that several rows are one cell."
            )

    def _undecodable(self) -> InputDataError:
        encoding = self._file.encoding
        if encoding != UTF8:
            return InputDataError(f"{self.path} is not in {_NAMES[encoding]}: save it as UTF-8.")
        return InputDataError(
            f"{self.path}, line {self._undecodable_line()}: not in UTF-8; save it as UTF-8."
        )

    def _undecodable_line(self) -> int:
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    line.decode(self._file.encoding)
                except UnicodeDecodeError:
                    return number
        return self.line + 1

    def _end(self) -> Iterator[str]:
        """Yield a line after the last, which is a row of its own if the last row is complete."""
        self._is_at_end = True
        yield _END

    def _check_end(self, row: list[str]) -> None:
        if row != [_END]:
            raise InputDataError(
                f"{self.path}, line {self.line - 1}: the file ends within quotation marks."
            )


def find_encoding(path: Path, encodings: Sequence[str] = (UTF8, WINDOWS)) -> str:
    """Return the encoding of a file: UTF-16, or the first of these that fits the whole file.

    Windows-1252 fits nearly all bytes, so UTF-16, which Excel calls Unicode text, is told by its
    byte order mark or by the zero bytes of its first letters.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: none fits.
    """
    need_table(path)
    wide = _find_wide(path)
    for encoding in (wide,) if wide else encodings:
        if encoding == WINDOWS:
            _check_unmixed(path)
        if _fits(path, encoding):
            return encoding
    if wide:
        raise InputDataError(
            f"{path} begins in {_NAMES[wide]}, but ends otherwise: save it as UTF-8."
        )
    raise InputDataError(f"{path} is neither in UTF-8 nor in Windows-1252: save it as UTF-8.")


def _fits(path: Path, encoding: str) -> bool:
    """Tell whether a whole file can be read in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                # ASCII is UTF-8, unless it follows half a letter.
                if encoding != UTF8 or decoder.getstate()[0] or not chunk.isascii():
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return True


def _check_unmixed(path: Path) -> None:
    """Check that a file that isn't in UTF-8 has no lines in it: such files were put together.

    Read as Windows-1252, the letters of those lines would be taken for others.
    """
    other, accented = 0, False
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.isascii():
                continue
            try:
                line.decode(UTF8)
            except UnicodeDecodeError:
                other = other or number
            else:
                accented = True
    if other and accented:
        raise InputDataError(
            f"{path}, line {other}: not in UTF-8, as other lines are; save it as UTF-8."
        )


def _find_wide(path: Path) -> str:
    """Return the form of UTF-16 or UTF-32 that a file is in, or nothing."""
    with path.open("rb") as file:
        start = file.read(256)
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    low, high = start[::2], start[1::2]
    if high and high.count(0) > 0.8 * len(high) and not low.count(0):
        return UTF16_LITTLE
    if low and low.count(0) > 0.8 * len(low) and not high.count(0):
        return UTF16_BIG
    return ""


def encoding_name(encoding: str) -> str:
    """Return the name of an encoding as people know it."""
    return _NAMES[encoding]


class CsvWriter:
    """A CSV file, open for writing: UTF-8, and a line feed behind each row on every system.

    A name that can't be written in UTF-8 is escaped. Used in a `with` block, it closes the file.

    Args:
        path: the file to write, usually an unfinished one that is renamed later.
        columns: the header.

    Attributes:
        write: writes one row.
        write_all: writes the rows of an iterable.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        self._writer = csv_writer(self._file)
        self.write = self._writer.writerow
        self.write_all = self._writer.writerows
        self.write(columns)

    def __enter__(self) -> "CsvWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write_lines(self, lines: bytes) -> None:
        """Write whole rows that are text in this form already."""
        self._file.flush()
        self._file.buffer.write(lines)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def csv_writer(file: IO[str]) -> "Writer":
    """Return a writer of rows to an open text file, in the form that `CsvWriter` describes."""
    # With "\n" for `lineterminator`, the writer would leave a carriage return within a cell
    # unquoted, and readers take it for the row's end; macOS has files with one in their names.
    return csv.writer(_UnixLineEnds(file), lineterminator="\r\n")


def csv_lines(rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as `csv_writer` writes them, in a fraction of the time where cells are plain."""
    lines = _join(rows)
    if lines is not None:
        return lines
    text = StringIO(newline="")
    csv_writer(text).writerows(rows)
    return text.getvalue()


def _join(rows: Sequence[Sequence[Any]]) -> str | None:
    """Return the lines of rows of texts that need no quotation marks; None for others.

    They need none if the lines have no more commas and ends than there are between cells and rows.
    """
    sizes = [len(row) for row in rows]
    if min(sizes, default=0) < 2:  # noqa: PLR2004 - an empty cell alone has quotation marks
        return None
    try:
        lines = "\n".join(map(",".join, rows)) + "\n"
    except TypeError:
        return None
    is_plain = (
        '"' not in lines
        and "\r" not in lines
        and lines.count("\n") == len(rows)
        and lines.count(",") == sum(sizes) - len(sizes)
    )
    return lines if is_plain else None


class _UnixLineEnds:
    """A text file to which rows come with CR LF and go with LF."""

    def __init__(self, file: IO[str]) -> None:
        self._write = file.write

    def write(self, row: str) -> int:
        return self._write(row[:-2] + "\n")
