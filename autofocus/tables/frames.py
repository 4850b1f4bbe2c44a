"""Tables as polars frames: every cell is text, and one that is missing is empty."""

import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from autofocus.errors import InputDataError
from autofocus.runs.csv_files import UTF8, CsvReader
from autofocus.tables.plain_csv import NotPlainError, plain_blocks
from autofocus.tables.texts import coded_type, column_as_text, load_polars, put

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
# Rows that are lists of Python's strings at one time; a frame holds them in a fraction of the
# memory.
_ROWS = 20_000
# What makes a cell need quotation marks.
_SPECIAL = r'[",\r\n]'
# A column whose cells in one block are so often the same is held once for each distinct cell.
_REPEATED = 8
# The column of what is wrong with a row; no heading of a table has a line break at its end.
PROBLEM = "problem\n"


def read_frame(
    path: Path, columns: Sequence[str], encoding: str = UTF8, *, kept: Sequence[str] = ()
) -> "pl.DataFrame":
    """Read some columns of a CSV file that people may have written.

    Args:
        path: the file.
        columns: the file must have each once.
        encoding: the file's.
        kept: those to read; by default all of `columns`.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it lacks a column, or can't be read; the message names the line.
    """
    with CsvReader(path, columns, encoding=encoding, lenient=True) as reader:
        return to_frame(reader, kept or columns)


def to_frame(
    reader: CsvReader,
    columns: Sequence[str],
    *,
    with_problems: bool = False,
    are_coded: bool = False,
) -> "pl.DataFrame":
    """Read some columns of all rows of an open CSV file.

    Words such as `NA` or `None` stay what they are: they can be labels.

    Args:
        reader: the file, of which only the header was read.
        columns: those to read.
        with_problems: whether rows that can't be read stay, with what is wrong with them in a
            column `PROBLEM`; without, they are an error.
        are_coded: whether columns of few distinct cells may be coded; see `texts.is_coded`.

    Raises:
        InputDataError: the file lacks a column, or a row can't be read; with problems, no row can.
    """
    load_polars()
    import polars as pl

    reader.check(columns)
    places = {name: reader.columns.index(name) for name in columns}
    try:
        frame = _read_plain(reader, places, are_coded=are_coded)
    except NotPlainError:
        names = [*columns, PROBLEM] if with_problems else columns
        parts = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))]
        parts += _other_parts(reader, places, with_problems=with_problems)
        return pl.concat(parts, rechunk=True)
    return frame.with_columns(pl.lit("").alias(PROBLEM)) if with_problems else frame


def use_parts(
    reader: CsvReader, columns: Sequence[str], use: "Callable[[Iterator[pl.DataFrame]], T]"
) -> T:
    """Return what a function makes of a table whose rows never are in memory together.

    Args:
        reader: the file, of which only the header was read.
        columns: those to read.
        use: given some columns of all rows as text, and `PROBLEM`: what is wrong with a row, or
            nothing. They come as frames of some ten thousand rows. It is called anew where a table
            turns out to have quotation marks.

    Raises:
        InputDataError: the file lacks a column, or no row can be read.
    """
    load_polars()
    import polars as pl

    reader.check(columns)
    places = {name: reader.columns.index(name) for name in columns}
    nothing = pl.lit("").alias(PROBLEM)
    try:
        return use(part.with_columns(nothing) for part in _plain_parts(reader, places))
    except NotPlainError:
        return use(_other_parts(reader, places, with_problems=True))


def _other_parts(
    reader: CsvReader, places: Mapping[str, int], *, with_problems: bool
) -> "Iterator[pl.DataFrame]":
    """Yield the cells at some places of any table.

    Raises:
        InputDataError: a row can't be read; with problems, no row can.
    """
    if not with_problems:
        yield from _collect(iter(reader), places)
        return
    places = {**places, PROBLEM: len(reader.columns)}
    last, is_any_good = "", False
    for part in _collect(([*row, problem] for row, problem in reader.rows()), places):
        problems = part[PROBLEM]
        last, is_any_good = problems[-1], is_any_good or bool((problems == "").any())
        yield part
    if last and not is_any_good:
        # Behind the last line, the reader stands on one that isn't there.
        raise InputDataError(f"{reader.path}, line {reader.line - 1}: {last}.")


def _collect(rows: Iterator[list[str]], places: Mapping[str, int]) -> "Iterator[pl.DataFrame]":
    """Yield the cells at some places of rows as frames."""
    import polars as pl

    schema = dict.fromkeys(places, pl.String)
    while part := list(islice(rows, _ROWS)):
        cells = {name: [row[at] for row in part] for name, at in places.items()}
        yield pl.DataFrame(cells, schema=schema)


def _read_plain(
    reader: CsvReader, places: Mapping[str, int], *, are_coded: bool
) -> "pl.DataFrame":
    """Return the cells at some places of a table without quotation marks.

    Raises:
        NotPlainError: it has some, or its lines have other numbers of cells.
    """
    import polars as pl

    parts = [pl.DataFrame(schema=dict.fromkeys(places, pl.String))]
    repeated: dict[str, pl.DataType] = {}
    for part in _plain_parts(reader, places):
        if len(parts) == 1:
            repeated = {
                name: coded_type()
                for name in places
                if part[name].n_unique() * _REPEATED < len(part)
            }
            parts = [parts[0].cast(repeated)]  # type: ignore[arg-type]
        parts.append(part.cast(repeated))  # type: ignore[arg-type]
    columns = take_columns(parts)
    return pl.DataFrame({one.name: one if are_coded else column_as_text(one) for one in columns})


def take_columns(parts: "Sequence[pl.DataFrame]") -> "Iterator[pl.Series]":
    """Yield the columns of frames of the same shape, joined and taken from the frames.

    One after the other, as each is in memory twice for a while.
    """
    import polars as pl

    for name in parts[0].columns if parts else ():
        yield pl.concat([part.drop_in_place(name) for part in parts], rechunk=True)


def _plain_parts(reader: CsvReader, places: Mapping[str, int]) -> "Iterator[pl.DataFrame]":
    """Yield the cells at some places of a table without quotation marks, as text.

    Raises:
        NotPlainError: it has some, or its lines have other numbers of cells.
    """
    import polars as pl

    names = sorted(places, key=places.__getitem__)
    for block in plain_blocks(reader):
        part = pl.read_csv(
            block,
            columns=[places[name] for name in names],
            has_header=False,
            separator=reader.delimiter,
            quote_char=None,
            infer_schema=False,
            empty_string_is_null=False,
        )
        part.columns = names
        yield part.select(*places)


def csv_lines(table: "pl.DataFrame", plain: Collection[str] = ()) -> bytes:
    """Return the rows of a frame in the form of `CsvWriter`, without a header.

    Args:
        table: of more than one column.
        plain: columns of which no cell needs quotation marks.
    """
    import polars as pl

    quoted = [
        quote(table[name]).alias(name)
        for name in table.columns
        if name not in plain and table[name].dtype == pl.String and needs_quotes(table[name])
    ]
    lines = io.BytesIO()
    table.with_columns(quoted).write_csv(lines, include_header=False, quote_style="never")
    return lines.getvalue()


def needs_quotes(column: "pl.Series") -> bool:
    """Tell whether a cell needs quotation marks in a CSV file."""
    return bool(column.str.contains(_SPECIAL).any())


def quote(column: "pl.Series") -> "pl.Series":
    """Return a column with quotation marks around those cells that need them."""
    rows = column.str.contains(_SPECIAL).arg_true()
    cells = column.gather(rows).str.replace_all('"', '""', literal=True)
    return put(column, rows, '"' + cells + '"')
