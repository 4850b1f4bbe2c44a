"""Claims about tables as frames: read in blocks, and written in blocks."""

import csv
import io
import random
from pathlib import Path

import polars as pl
import pytest

from autofocus.errors import InputDataError
from autofocus.runs.csv_files import UTF8, CsvReader, CsvWriter
from autofocus.tables import frames, plain_csv
from autofocus.tables.frames import csv_lines, to_frame, use_parts
from autofocus.tables.plain_csv import NotPlainError

LETTERS = ("ab", "a #'", "a\u00e9 \x1c\x0b", "a\ufeff")


def make_table(source: random.Random, width: int, encoding: str) -> bytes:
    """Return a table whose cells, line ends and lengths of rows may be odd."""
    letters = source.choice(LETTERS[:3] if encoding == "cp1252" else LETTERS)

    def make_cell() -> str:
        return "".join(source.choices(letters, k=source.choice((0, 1, 20))))

    number = source.choice((0, 1, 5, 30))
    rows = [",".join(make_cell() for _ in range(width)) for _ in range(number)]
    if rows and source.random() < 0.5:
        place = source.randrange(len(rows))
        row = rows[place]
        rows[place] = source.choice((row + ",", row.replace(",", "", 1), row + '"'))
    end = source.choice(("\n", "\r\n"))
    header = ",".join(f"c{number}" for number in range(width))
    text = end.join([header, *rows]) + source.choice((end, "", end + end))
    return text.encode(encoding) + b"\xff" * (source.random() < 0.05)


def read(path: Path, columns: list[str], encoding: str) -> object:
    try:
        with CsvReader(path, encoding=encoding, lenient=True) as reader:
            return to_frame(reader, columns, with_problems=True).rows()
    except InputDataError as error:
        return str(error)


def read_parts(path: Path, columns: list[str], encoding: str) -> object:
    try:
        with CsvReader(path, encoding=encoding, lenient=True) as reader:
            return use_parts(
                reader, columns, lambda parts: [row for part in parts for row in part.rows()]
            )
    except InputDataError as error:
        return str(error)


@pytest.mark.parametrize("encoding", [UTF8, "cp1252", "utf-16"])
def test_a_table_in_blocks_is_as_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """The fast reader gives the cells, problems and errors of the strict one; so do parts."""
    source, path = random.Random(1), tmp_path / "t.csv"  # noqa: S311 - of tables

    def not_plain(_: CsvReader) -> None:
        raise NotPlainError

    for _ in range(150):
        width = source.choice((1, 2, 4))
        path.write_bytes(make_table(source, width, encoding))
        columns = source.sample(
            [f"c{number}" for number in range(width)], source.randint(1, width)
        )
        monkeypatch.setattr(plain_csv, "_BLOCK", source.choice((16, 1 << 22)))
        fast = read(path, columns, encoding)
        with monkeypatch.context() as patch:
            patch.setattr(frames, "plain_blocks", not_plain)
            assert read(path, columns, encoding) == fast
            assert read_parts(path, columns, encoding) == fast
        assert read_parts(path, columns, encoding) == fast


def test_rows_are_written_as_the_csv_module_writes_them(tmp_path: Path) -> None:
    """Only cells with a comma, a quotation mark or a line break are quoted."""
    cells = ["", "x", " y ", "a,b", 'say "no"', "a\nb", "a\rb", "\u00e9;|'"]
    table = pl.DataFrame({"a": cells, "b": cells[::-1], "n": range(len(cells))})
    with CsvWriter(tmp_path / "t.csv", table.columns) as writer:
        writer.write_all(table.rows())
    header, _, lines = (tmp_path / "t.csv").read_bytes().partition(b"\n")
    assert csv_lines(table) == lines
    rows = list(csv.reader(io.StringIO(lines.decode(), newline="")))
    assert rows == [[a, b, str(number)] for a, b, number in table.rows()]
    assert header == b"a,b,n"


@pytest.mark.parametrize("cell", ["x\u06a9\u06cc", "x\x01", "x^2"])
def test_a_cell_that_begins_as_a_compressed_stream_is_text(tmp_path: Path, cell: str) -> None:
    """A table whose first bytes are also those of a compressed stream is read as text."""
    path = tmp_path / "table.csv"
    path.write_text(f"path,label\n{cell},cat\nb,dog\n", encoding="utf-8")

    with CsvReader(path, ["path", "label"]) as reader:
        table = to_frame(reader, ["path", "label"])

    assert table.rows() == [(cell, "cat"), ("b", "dog")]


def test_a_table_of_rows_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Whether in parts or not, the last row's problem is told, with its line."""
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2,3\n1,2,3,4\n", encoding="utf-8")
    problem = f"{path}, line 3: 4 cells, but there are 2 columns."
    assert read(path, ["a", "b"], UTF8) == read_parts(path, ["a", "b"], UTF8) == problem


def test_columns_of_few_distinct_cells_keep_their_names(tmp_path: Path) -> None:
    """A column that is coded while it is read is text of the same name in the end."""
    path = tmp_path / "table.csv"
    path.write_text("name,label\n" + "".join(f"n{n},deer\n" for n in range(1000)))
    with CsvReader(path) as reader:
        table = to_frame(reader, ["label", "name"])
    assert table.columns == ["label", "name"]
    assert table["label"].to_list() == ["deer"] * 1000
