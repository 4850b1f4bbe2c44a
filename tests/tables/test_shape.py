"""Claims about tables in any shape, and about what is said of them."""

import csv
import io
from pathlib import Path

import pytest

from autofocus.errors import SettingError
from autofocus.tables.headings import parse_columns
from autofocus.tables.layout import ReadOptions
from autofocus.tables.shape import describe_table
from tests.tables.importing.samples import COCO, write_json


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "t.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_delimiter_and_encoding_are_detected(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    """What Excel and others write is read the same, letters beyond ASCII included."""
    cells = [["filepath", "label", "remark"], ["a/1.JPG", "renard f\u00eat\u00e9", "x; y, z"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([*cells, ["a/2.JPG", "chat", ""]])
    shape = describe_table(write(tmp_path, text.getvalue(), encoding))
    assert dict(shape.labels) == {"renard f\u00eat\u00e9": 1, "chat": 1}
    assert shape.paths == ("a/1.JPG", "a/2.JPG")
    names = {",": "CSV", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
    assert names[delimiter] in shape.format
    assert ("UTF-16" in shape.format) == encoding.startswith("utf-16")
    assert ("Windows-1252" in shape.format) == (encoding == "cp1252")


def test_the_line_in_which_excel_names_the_delimiter_is_skipped(tmp_path: Path) -> None:
    """The header is then on the second line."""
    shape = describe_table(write(tmp_path, "sep=;\nfilepath;label\na,b/1.JPG;fox\n"))
    assert shape.paths == ("a,b/1.JPG",)


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        (
            "IMAGE DATE,file_path,fileName,Short Name",
            {
                "path": ("file_path", "fileName"),
                "label": ("Short Name",),
                "date": ("IMAGE DATE",),
            },
        ),
        ("filepath,label", {"path": ("filepath",), "label": ("label",)}),
        (
            "Station,Species,DateTimeOriginal,Directory,FileName",
            {
                "path": ("Directory", "FileName"),
                "label": ("Species",),
                "date": ("DateTimeOriginal",),
                "location": ("Station",),
            },
        ),
    ],
)
def test_columns_are_recognised_by_their_headings(
    tmp_path: Path, header: str, roles: dict[str, tuple[str, ...]]
) -> None:
    """Case, blanks and underscores make no difference, and common tables need no settings."""
    row = ",".join(["x"] * (header.count(",") + 1))
    assert dict(describe_table(write(tmp_path, f"{header}\n{row}\n")).roles) == roles


def test_columns_of_other_names_can_be_named(tmp_path: Path) -> None:
    """Each role can be given to a column, and a column that is not there is named."""
    path = write(tmp_path, "Bild;Art;Ort;Anzahl\na/1.JPG;Fuchs;Moor;2\n")
    columns = parse_columns(["path=Bild", "label=art", "location=Ort", "count=Anzahl"])
    shape = describe_table(path, ReadOptions(columns))
    assert dict(shape.labels) == {"Fuchs": 1}
    assert dict(shape.locations) == {"Moor": 1}
    assert shape.given == ("location", "count")
    problem = describe_table(path, ReadOptions(parse_columns(["path=Photo"]))).problem
    assert "lacks the column Photo; it has Bild, Art" in problem


@pytest.mark.parametrize("pair", ["species=x", "label", "label=", "=x"])
def test_what_is_no_role_is_an_error(pair: str) -> None:
    """The roles are listed."""
    with pytest.raises(SettingError, match="the roles are path, label, date"):
        parse_columns([pair])


def test_several_labels_in_a_cell_are_separated(tmp_path: Path) -> None:
    """Each counts once per row, without the blanks around it."""
    path = write(tmp_path, "filepath,label\n1.JPG,fox + deer+fox\n2.JPG,\n")
    shape = describe_table(path, ReadOptions(label_separator="+"))
    assert dict(shape.labels) == {"fox": 1, "deer": 1}


def test_one_row_per_image_with_a_column_per_label(tmp_path: Path) -> None:
    """0/1 columns are labels, but not those that say something else of an image."""
    path = write(tmp_path, "filepath,deer,fox,night\n1.JPG,1,1,1\n2.JPG,0,TRUE,0\n3.JPG,0,,1\n")
    shape = describe_table(path)
    assert dict(shape.labels) == {"fox": 2, "deer": 1}
    assert shape.roles["label"] == ("deer", "fox")


def test_marks_that_are_letters_need_to_be_named(tmp_path: Path) -> None:
    """A column of x may be anything; named as a label, it is one."""
    path = write(tmp_path, "filepath,deer,fox\n1.JPG,x,\n2.JPG,,X\n")
    assert "lacks a column with labels" in describe_table(path).problem
    columns = parse_columns(["label=deer", "label=fox"])
    assert dict(describe_table(path, ReadOptions(columns)).labels) == {"deer": 1, "fox": 1}


def test_words_for_nothing_are_blanks_but_not_as_labels(tmp_path: Path) -> None:
    """`NA` is no date and no location, while None may be what the image shows."""
    text = "filepath,label,date,location\n1.JPG,None,NA,n/a\n2.JPG,NA,2016-07-05,mill\n"
    shape = describe_table(write(tmp_path, text))
    assert dict(shape.labels) == {"None": 1, "NA": 1}
    assert dict(shape.locations) == {"mill": 1}
    assert shape.date_forms == ("year-month-day (ISO)",)


def test_how_a_table_is_read_is_one_sentence(tmp_path: Path) -> None:
    """Format, roles and the form of dates are named; a file without columns says what it gives."""
    path = write(tmp_path, "filepath;label;date\na/1.JPG;fox;42370,5\n")
    assert describe_table(path).description == (
        "t.csv is read as CSV with semicolons: path from filepath, label from label, date from "
        "date (days as Excel counts them)"
    )
    assert describe_table(write_json(tmp_path / "x.json", COCO)).description == (
        "x.json is read as COCO Camera Traps JSON: 2 detections, location, sequence, count, box"
    )


def test_what_keeps_a_table_from_being_read_is_part_of_its_shape(tmp_path: Path) -> None:
    """Ambiguous dates and missing columns are told, with the headings."""
    shape = describe_table(write(tmp_path, "filepath,label,date\n1.JPG,fox,05/07/2016\n"))
    assert "--date-format" in shape.problem
    shape = describe_table(write(tmp_path, "Date,Remark\nx,y\n"))
    assert "lacks a column with the paths" in shape.problem
    assert shape.columns == ("Date", "Remark")


def test_utf16_that_ends_otherwise_is_an_error(tmp_path: Path) -> None:
    """A file that begins in UTF-16 is not taken for another encoding."""
    path = tmp_path / "t.csv"
    path.write_bytes("filepath,label\n".encode("utf-16") + b"x")
    assert "begins in UTF-16" in describe_table(path).problem
