"""Claims about reading tables of detections."""

from pathlib import Path

import polars as pl
import pytest

from autofocus.errors import InputDataError, MissingInputError, SettingError
from autofocus.tables.columns import DETECTIONS
from autofocus.tables.detections import find_tables, image_paths, read_detections
from autofocus.tables.layout import ReadOptions

HEADER = "ImageDate,FilePath,FileName,ShortName\n"


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def frames(*paths: Path) -> list[pl.DataFrame]:
    return [table.frame for table in read_detections(paths)]


def paths(*rows: tuple[str, str], strip: int = 2) -> list[str]:
    table = pl.DataFrame(rows, schema={"FilePath": pl.String, "FileName": pl.String}, orient="row")
    return image_paths(table, strip).to_list()


def test_the_first_components_are_dropped_and_the_name_is_appended() -> None:
    """Backslashes and slashes split alike; empty components don't count."""
    assert paths(("Z:\\Trap\\a\\b\\", "1.JPG"), ("/mnt//Trap/a", "1.JPG")) == [
        "a/b/1.JPG",
        "a/1.JPG",
    ]


@pytest.mark.parametrize(
    ("header", "options"),
    [
        ("filepath,label", ReadOptions()),
        ("filepath,label", ReadOptions(label_separator=";")),
        ("path,label,date,time,location,sequence,count,source", ReadOptions()),
        ("path,deer,fox", ReadOptions({"label": ("deer", "fox")})),
        (HEADER.strip(), ReadOptions()),
        ("File,RelativePath,DateTime,DeleteFlag,label", ReadOptions()),
        ("deployment_id,filename,is_blank,common_name,timestamp,identified_by", ReadOptions()),
    ],
)
def test_a_table_without_rows_has_no_detections(
    tmp_path: Path, header: str, options: ReadOptions
) -> None:
    """A header alone is a table, whatever columns it names."""
    (table,) = read_detections([write(tmp_path / "d.csv", header + "\n")], options)
    assert table.frame.is_empty()


def test_columns_of_counts_are_labels(tmp_path: Path) -> None:
    """Where several columns are named as labels, an animal is there if its count is above 0."""
    table = write(
        tmp_path / "d.csv", "path,deer,fox\n1.JPG,3,0\n2.JPG,0,12\n3.JPG, ,1\n4.JPG,0,0\n"
    )
    (read,) = read_detections([table], ReadOptions({"label": ("deer", "fox")}))
    labels = zip(read.frame["FileName"], read.frame["ShortName"], strict=True)
    assert [*labels] == [("1.JPG", "deer"), ("2.JPG", "fox"), ("3.JPG", "fox"), ("4.JPG", "")]


def test_a_path_that_has_the_name_already_gets_it_once() -> None:
    """FilePath may hold the file's name too, in any case."""
    assert paths(("Z:\\Trap\\a\\1.jpg", "1.JPG"), ("Z:\\Trap\\1.JPG", "1.JPG")) == [
        "a/1.JPG",
        "1.JPG",
    ]


def test_how_many_components_are_dropped_can_be_chosen() -> None:
    """With none to drop the whole path stays."""
    assert paths(("a/b", "1.JPG"), strip=0) == ["a/b/1.JPG"]


def test_a_path_of_too_few_components_leaves_the_name() -> None:
    """Where there is nothing left to stand before it, the name stands alone."""
    assert paths(("Z:\\", "1.JPG")) == ["1.JPG"]


def test_words_for_nothing_stay_labels(tmp_path: Path) -> None:
    """NA, None and null are read as the words that they are."""
    text = HEADER + "".join(f"2016-07-05,a/b,1.JPG,{word}\n" for word in ("NA", "None", "null"))
    (table,) = frames(write(tmp_path / "d.csv", text))
    assert list(table["ShortName"]) == ["NA", "None", "null"]


def test_rows_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    """The header is row 1, so that people find the row in their spreadsheet."""
    (table,) = frames(write(tmp_path / "d.csv", HEADER + "x,x,x,x\n" * 2))
    assert list(table["row"]) == [2, 3]


def test_a_table_from_windows_is_read_and_said(tmp_path: Path) -> None:
    """A table in Windows-1252 gives its letters, and a note."""
    path = write(tmp_path / "d.csv", HEADER + "x,x,é.JPG,x\n", "cp1252")
    (table,) = read_detections([path])
    assert list(table.frame["FileName"]) == ["é.JPG"]
    assert "Windows-1252" in table.describe()


def test_a_byte_order_mark_and_blanks_do_no_harm(tmp_path: Path) -> None:
    """What spreadsheets put around names and values is taken off."""
    path = write(
        tmp_path / "d.csv", "\ufeffImageDate, FilePath ,FileName,ShortName\n x, y ,z,w \n"
    )
    (table,) = frames(path)
    assert list(table.select(DETECTIONS).row(0)) == ["x", "y", "z", "w"]


def test_missing_columns_are_named(tmp_path: Path) -> None:
    """What is missing and what is there are both said."""
    path = write(tmp_path / "d.csv", "ImageDate,Path\nx,y\n")
    with pytest.raises(InputDataError, match=r"column with labels.*it has ImageDate, Path"):
        read_detections([path])


@pytest.mark.parametrize(
    ("text", "words"), [("", "is empty"), (HEADER + "a,b,c,d,e,f\n", "line 2: 6 cells")]
)
def test_what_is_no_table_is_told(tmp_path: Path, text: str, words: str) -> None:
    """An empty file and rows of other lengths are one clear error."""
    with pytest.raises(InputDataError, match=words):
        read_detections([write(tmp_path / "d.csv", text)])


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    """A table that isn't there is named."""
    with pytest.raises(MissingInputError, match=r"none\.csv"):
        read_detections([tmp_path / "none.csv"])


def test_tables_of_the_same_name_stay_apart(tmp_path: Path) -> None:
    """Two files of one name are told apart by their folders."""
    one, other = (write(tmp_path / name / "d.csv", HEADER + "x,x,x,x\n") for name in "ab")
    assert [table.name for table in read_detections([one, other])] == ["a/d.csv", "b/d.csv"]


def test_the_same_table_twice_is_an_error(tmp_path: Path) -> None:
    """A table that is given twice would count every row twice."""
    path = write(tmp_path / "d.csv", HEADER)
    with pytest.raises(InputDataError, match="twice"):
        read_detections([path, path])


def test_tables_are_found_by_pattern(tmp_path: Path) -> None:
    """Patterns are taken in their order, the tables of each by name, at the depth that it says."""
    for name in ("b.csv", "a.csv", "in/d_2.csv", "in/d_1.csv", "in/deep/d_3.csv", "in/e.txt"):
        write(tmp_path / name, HEADER)

    def found(*patterns: str) -> list[str]:
        paths = find_tables(tmp_path, patterns)
        return [path.relative_to(tmp_path).as_posix() for path in paths]

    assert found("in/d_*.csv", "*.csv") == ["in/d_1.csv", "in/d_2.csv", "a.csv", "b.csv"]
    assert found("in/**/d_3.csv") == ["in/deep/d_3.csv"]


def test_a_pattern_can_name_any_format(tmp_path: Path) -> None:
    """Workbooks, JSON files and the folder of a Camtrap DP are tables, too."""
    for name in ("d/a.json", "d/b.xlsx", "d/p/datapackage.json"):
        write(tmp_path / name, "")
    found = find_tables(tmp_path, ["d/*"])
    assert [path.name for path in found] == ["a.json", "b.xlsx", "p"]


def test_a_pattern_without_a_table_is_told(tmp_path: Path) -> None:
    """Each pattern must fit a table, not one of them alone."""
    write(tmp_path / "a.csv", HEADER)
    with pytest.raises(MissingInputError, match=r"matches b_\*\.csv"):
        find_tables(tmp_path, ["a.csv", "b_*.csv"])


@pytest.mark.parametrize(
    "pattern", ["", "/{root}/a.csv", "{root}/a.csv", "../a.csv", "x/../../*", ".", "./", "**x"]
)
def test_no_pattern_leads_out(tmp_path: Path, pattern: str) -> None:
    """Tables outside the data are refused, though they are there."""
    write(tmp_path / "a.csv", HEADER)
    (tmp_path / "data" / "x").mkdir(parents=True)
    with pytest.raises(SettingError, match="must name tables below the data"):
        find_tables(tmp_path / "data", [pattern.format(root=tmp_path)])
