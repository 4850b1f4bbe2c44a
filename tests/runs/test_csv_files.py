"""Claims about the one reader and the one writer of CSV files."""

import csv
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autofocus.errors import InputDataError, MissingInputError
from autofocus.runs import csv_files
from autofocus.runs.csv_files import (
    WINDOWS,
    CsvReader,
    CsvWriter,
    csv_lines,
    csv_writer,
    find_encoding,
)

HEADER = "name,label\n"
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1)
)


def write(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def read(path: Path, *columns: str, lenient: bool = False) -> list[list[str]]:
    with CsvReader(path, columns, lenient=lenient) as reader:
        return [reader.columns, *reader]


@settings(max_examples=150)
@given(tables)
@example([["", ",\n"]])
def test_cells_come_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    """Whatever cells hold, line ends and quotation marks included, is read as it was written."""
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with CsvWriter(path, rows[0]) as writer:
        writer.write_all(rows[1:])
    # A byte order mark before the first column is skipped.
    assert [rows[0][0].removeprefix("\ufeff"), *rows[0][1:]] == read(path)[0]
    assert read(path)[1:] == rows[1:]


@pytest.mark.parametrize("letters", ["\r", "\n", "\r\n", ",", '"', "a\rb\r\n"])
def test_other_readers_understand(tmp_path: Path, letters: str) -> None:
    """Python's own reader finds in a file what was written, line ends within cells included."""
    with CsvWriter(tmp_path / "t.csv", ["plain", letters]) as writer:
        writer.write(["next", ""])
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["plain", letters], ["next", ""]]


def test_rows_end_in_line_feeds(tmp_path: Path) -> None:
    """Rows end in a line feed alone, and cells are quoted only where they must be."""
    with CsvWriter(tmp_path / "t.csv", ["a b", "c"]) as writer:
        writer.write([1, "d,e"])
    assert (tmp_path / "t.csv").read_bytes() == b'a b,c\n1,"d,e"\n'


def test_names_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    """A file name that isn't in UTF-8 does not end a run."""
    with CsvWriter(tmp_path / "t.csv", ["name"]) as writer:
        writer.write(["x\udcff"])
    assert (tmp_path / "t.csv").read_bytes() == b"name\nx\\udcff\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty: its first line must name the columns."),
        ("\n\n", "is empty: its first line must name the columns."),
        ("name\nx\n", "lacks the column label; it has name."),
        ("x,y\n", "lacks the columns name, label; it has x, y."),
        ("name,label,label\n", "has the column label twice: remove one."),
        (HEADER + "a,x\nb\n", ", line 3: 1 cells, but there are 2 columns."),
        (HEADER + "a,x,y\n", ", line 2: 3 cells, but there are 2 columns."),
        (HEADER + '"a\nb",x\nc\n', ", line 4: 1 cells, but there are 2 columns."),
        (HEADER + 'a,"x\nb,y\n', ", line 3: the file ends within quotation marks."),
        (HEADER + 'a,"x', ", line 2: the file ends within quotation marks."),
        (HEADER + "a," + "x" * 140_000, ", line 2: field larger than field limit (131072)."),
        ("x" * 140_000, ", line 1: field larger than field limit (131072)."),
        (
            "name,label\na,\udcff\n" + "a,b\n" * 9,
            ", line 2: not in UTF-8; save it as UTF-8.",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """An error names the file, and the line where there is one."""
    path = write(tmp_path, text)
    with pytest.raises(InputDataError) as caught:
        read(path, "name", "label")
    assert str(caught.value) in (f"{path}{sentence}", f"{path} {sentence}")


@pytest.mark.parametrize("function", [CsvReader, find_encoding])
def test_a_missing_file_is_named(tmp_path: Path, function: Callable[[Path], object]) -> None:
    """A file that isn't there, or is a folder, is named."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(MissingInputError, match=f"There is no table {path}"):
            function(path)


def test_blank_lines_are_skipped(tmp_path: Path) -> None:
    """A blank line is no row, though an empty cell in quotes is one."""
    assert read(write(tmp_path, '\nname\n\na\n""\n\n')) == [["name"], ["a"], [""]]


def test_a_row_like_the_end_is_read(tmp_path: Path) -> None:
    """No text within a table ends it early."""
    assert read(write(tmp_path, "name\nend\nx")) == [["name"], ["end"], ["x"]]


def test_tables_of_people_may_be_ragged(tmp_path: Path) -> None:
    """Leniently, missing cells are empty, and empty ones behind the last column are dropped."""
    path = write(tmp_path, " name , label\na\nb,x,,\n c ,y\n")
    assert read(path, "name", lenient=True) == [
        ["name", "label"],
        ["a", ""],
        ["b", "x"],
        [" c ", "y"],
    ]
    with pytest.raises(InputDataError, match="line 2: 3 cells, but there are 2 columns"):
        read(write(tmp_path, HEADER + "a,x,y\n"), lenient=True)


def test_columns_that_nobody_reads_may_be_double(tmp_path: Path) -> None:
    """Spreadsheets leave columns without a name behind, which does no harm."""
    assert read(write(tmp_path, "name,,\na,,\n"), "name") == [["name", "", ""], ["a", "", ""]]


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    """What spreadsheets put before the first column's name is no part of it."""
    assert read(write(tmp_path, "\ufeffname\na\n"), "name") == [["name"], ["a"]]


def test_lines_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    """The header is on line 1, and a row is on the line on which it ends."""
    with CsvReader(write(tmp_path, 'name\na\n\n"b\nc"\nd\n')) as reader:
        assert [(reader.line, *row) for row in reader] == [(2, "a"), (5, "b\nc"), (6, "d")]


def test_the_encoding_is_found(tmp_path: Path) -> None:
    """What isn't UTF-8 is Windows-1252, and what is neither is an error."""
    assert find_encoding(write(tmp_path, "é\n")) == "utf-8-sig"
    assert find_encoding(write(tmp_path, "\udce9\n")) == WINDOWS
    with pytest.raises(InputDataError, match="neither in UTF-8 nor in Windows-1252"):
        find_encoding(write(tmp_path, "\udc81\n"))


def test_rows_that_can_not_be_read_come_with_what_is_wrong(tmp_path: Path) -> None:
    """Too many cells, or text behind a quotation mark, cost that row; the others are read."""
    path = write(tmp_path, HEADER + 'a,x\nb,y,z\nc,"x"y\nd,x\n')
    with CsvReader(path, lenient=True) as reader:
        rows = list(reader.rows())
    assert [(cells[0], bool(problem)) for cells, problem in rows] == [
        ("a", False), ("b", True), ("", True), ("d", False),
    ]  # fmt: skip


@pytest.mark.parametrize("rows", ['a,"x\nb,y"\nc,x\n', '"a,x\nb",y\nc,x\n'])
def test_rows_within_one_cell_are_an_error(tmp_path: Path, rows: str) -> None:
    """Two quotation marks that swallow a row don't lose it without a word."""
    with pytest.raises(InputDataError, match="lines 2 to 3: a quotation mark is missing"):
        read(write(tmp_path, HEADER + rows), lenient=True)


def test_a_cell_of_several_lines_is_a_cell(tmp_path: Path) -> None:
    """A comment may have line breaks, and commas in it."""
    assert read(write(tmp_path, HEADER + 'a,"x\ny, z, 1"\n'), lenient=True)[1] == [
        "a",
        "x\ny, z, 1",
    ]


def test_a_letter_may_be_in_two_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter that is cut in two is one of UTF-8, and half a letter before plain ones isn't."""
    monkeypatch.setattr(csv_files, "_CHUNK", 4)
    assert find_encoding(write(tmp_path, "abcé\nplain\n")) == "utf-8-sig"
    assert find_encoding(write(tmp_path, "abc\udcc3plai\udca9n\n")) == WINDOWS
    assert find_encoding(write(tmp_path, "abc\udcc3")) == WINDOWS


def test_two_encodings_in_one_file_are_an_error(tmp_path: Path) -> None:
    """Lines of UTF-8 would be taken for other letters of Windows-1252."""
    path = tmp_path / "t.csv"
    path.write_bytes(HEADER.encode() + "forêt,x\n".encode() + "forêt,x\n".encode(WINDOWS))
    with pytest.raises(InputDataError, match="line 3: not in UTF-8, as other lines are"):
        find_encoding(path)


def test_another_librarys_limit_of_cells_does_not_count(tmp_path: Path) -> None:
    """The limit of Python's reader holds for the whole process, and is set where it matters."""
    before = csv.field_size_limit(10)
    try:
        assert read(write(tmp_path, HEADER + "a," + "x" * 200_000), lenient=True)[1][0] == "a"
    finally:
        csv.field_size_limit(before)


@given(st.lists(st.lists(st.text(',"\r\n a1é'), min_size=1, max_size=3), max_size=5))
@example([["a", "b"], ["c\r", "d"]])
@example([["a", "b"], ["c,", "d"]])
@example([["a\n", "b"]])
@example([['a"', "b"]])
@example([[""], ["a"]])
def test_lines_of_many_rows_are_those_of_the_writer(rows: list[list[str]]) -> None:
    """Whether cells need quotation marks or not, `csv_lines` writes what `csv_writer` does."""
    text = StringIO(newline="")
    csv_writer(text).writerows(rows)
    assert csv_lines(rows) == text.getvalue()
