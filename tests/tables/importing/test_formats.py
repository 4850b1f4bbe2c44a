"""Claims about files of other programs as tables of detections."""

import datetime
import sys
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import polars.testing
import pytest

from autofocus.errors import InputDataError, MissingDependencyError, MissingInputError
from autofocus.tables.columns import BOX
from autofocus.tables.importing.formats import read_table, table_files
from autofocus.tables.layout import ReadOptions
from autofocus.tables.records import DetectionTable
from tests.tables.importing.samples import COCO, MEGADETECTOR, write_json, write_package

TIMELAPSE = "RootFolder,File,RelativePath,DateTime,DeleteFlag,Observer,Animal seen,Count0\n"
WILDLIFE = (
    "project_id,deployment_id,image_id,filename,location,is_blank,identified_by,wi_taxon_id,"
    "class,order,family,genus,species,common_name,number_of_objects,timestamp\n"
)


def read(path: Path, **options: object) -> DetectionTable:
    return read_table(path, ReadOptions(**options))  # type: ignore[arg-type]


def rows(frame: pl.DataFrame, *columns: str) -> list[tuple[str, ...]]:
    """Return columns row by row; of the paths, folder and name together."""
    path = (frame["FilePath"] + "/" + frame["FileName"]).str.strip_chars_start("/").alias("path")
    return frame.with_columns(path).select("path", "ShortName", *columns).rows()


def test_coco_gives_locations_sequences_dates_and_boxes(tmp_path: Path) -> None:
    """Annotations of one label are one detection, with their number and the largest box."""
    table = read(write_json(tmp_path / "x", COCO))
    assert table.format == "COCO Camera Traps JSON"
    assert rows(table.frame, "ImageDate", "location", "sequence", "count") == [
        ("s1/1.JPG", "deer", "2016-07-05 10:00:00", "mill", "q1", "2"),
        ("s1/2.JPG", "empty", "", "mill", "q1", ""),
    ]
    first = table.frame.row(0, named=True)
    assert [first[name] for name in BOX[:4]] == ["0.5000", "0.5000", "0.4000", "0.4000"]


def test_boxes_without_the_size_of_their_image_are_left_out(tmp_path: Path) -> None:
    """Pixels can't be made shares, and a note says so."""
    images = [{**COCO["images"][0], "width": None}]  # type: ignore[index]
    table = read(write_json(tmp_path / "x", {**COCO, "images": images}))
    assert "box_left" not in table.frame.columns
    assert table.notes == (
        "x: 2 boxes left out, of images without a size",
        "x: 1 annotation left out, of images not in the file",
    )


def test_megadetector_gives_categories_and_the_best_box(tmp_path: Path) -> None:
    """Boxes count from the threshold, an image without one is empty, a failure is rejected."""
    table = read(write_json(tmp_path / "x", MEGADETECTOR))
    assert rows(table.frame, "count", "source", "box_score", "reason") == [
        ("s1/1.JPG", "animal", "2", "model", "0.9000", ""),
        ("s1/1.JPG", "person", "1", "model", "0.9000", ""),
        ("s1/2.JPG", "empty", "", "model", "", ""),
        ("s1/3.JPG", "", "", "", "", "unreadable"),
    ]
    assert "1 image rejected" in table.notes[1]
    strict = read(tmp_path / "x", box_threshold=0.95)
    assert list(strict.frame["ShortName"])[:2] == ["empty", "empty"]


@pytest.mark.parametrize("ids", [["5", 0.7], [5, 0.7]])
def test_a_classified_box_has_the_label_of_its_class(tmp_path: Path, ids: list[object]) -> None:
    """The most probable class counts, whether ids are text or, as some write them, numbers."""
    box = {
        "category": "1",
        "conf": 0.9,
        "bbox": [0, 0, 1, 1],
        "classifications": [["4", 0.1], ids],
    }
    content = {
        **MEGADETECTOR,
        "classification_categories": {"4": "fox", "5": "deer"},
        "images": [{"file": "1.JPG", "detections": [box]}],
    }
    table = read(write_json(tmp_path / "x", content))
    assert list(table.frame["ShortName"]) == ["deer"]


def test_camtrap_dp_gives_observations_of_images_and_events(tmp_path: Path) -> None:
    """Counts add up; an event counts for images in its time that have no observation."""
    table = read(write_package(tmp_path / "p"))
    assert rows(table.frame, "location", "sequence", "count", "source") == [
        ("media/d1/1.JPG", "Vulpes vulpes", "Mill", "e1", "3", "human"),
        ("media/d1/2.JPG", "human", "Mill", "e1", "", "model"),
        ("media/d2/4.JPG", "empty", "d2", "", "", "model"),
    ]
    assert table.frame["box_width"][0] == "0.3000"


def test_a_package_is_read_from_its_descriptor_and_from_a_zip_file(tmp_path: Path) -> None:
    """The folder, its datapackage.json and a zip file with it in a folder are the same."""
    folder = write_package(tmp_path / "p")
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"camtrap/{path.name}")
    frames = [read(path).frame for path in (folder, folder / "datapackage.json", tmp_path / "z")]
    for frame in frames[1:]:
        polars.testing.assert_frame_equal(frame, frames[0])


def test_a_zip_file_that_would_fill_the_disk_is_an_error(tmp_path: Path) -> None:
    """A table that unpacks to over 200 times its size is not unpacked."""
    folder = write_package(tmp_path / "p")
    with zipfile.ZipFile(tmp_path / "z", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.iterdir():
            content = path.read_bytes()
            archive.writestr(path.name, content + b"\n" * 110_000_000 * (path.stem == "media"))
    with pytest.raises(InputDataError, match=r"media\.csv unpacks to 110 MB"):
        read(tmp_path / "z")


def test_all_files_of_a_package_count_as_inputs(tmp_path: Path) -> None:
    """A changed table of a package changes what a stage is made from."""
    folder = write_package(tmp_path / "p")
    names = {path.name for path in table_files(folder)}
    assert names == {path.name for path in folder.iterdir()}
    assert table_files(folder / "media.csv") == [folder / "media.csv"]


@pytest.mark.parametrize("path", ["../media.csv", "/media.csv", "..\\\\media.csv"])
def test_a_table_outside_its_package_is_an_error(tmp_path: Path, path: str) -> None:
    """No path in a descriptor leads out of its folder."""
    folder = write_package(tmp_path / "p")
    descriptor = folder / "datapackage.json"
    descriptor.write_text(descriptor.read_text().replace("media.csv", path))
    with pytest.raises(InputDataError, match="the table media must be one file beside it"):
        read(folder)


def test_timelapse_needs_the_column_of_its_labels(tmp_path: Path) -> None:
    """Without it, one sentence lists the columns that hold words; named, it is read."""
    path = tmp_path / "x"
    path.write_text(TIMELAPSE + "r,1.JPG,s1,2016-07-05 10:00:00,false,Ann,fox,2\n")
    with pytest.raises(InputDataError, match=r"Observer, Animal seen might hold them.*--columns"):
        read(path)
    table = read(path, columns={"label": ("animal seen",), "count": ("Count0",)})
    assert table.format == "Timelapse table (CSV)"
    assert rows(table.frame, "ImageDate", "count") == [
        ("s1/1.JPG", "fox", "2016-07-05 10:00:00", "2")
    ]


def test_wildlife_insights_names_species_and_blanks(tmp_path: Path) -> None:
    """The common name counts, else genus and species; what is blank is empty."""
    path = tmp_path / "x"
    path.write_text(
        WILDLIFE
        + "1,D1,i1,1.JPG,gs://b/1,0,Ann,t,M,C,F,Vulpes,vulpes,Red Fox,2,2016-07-05 10:00:00\n"
        + "1,D1,i2,2.JPG,gs://b/2,1,Computer vision,t,,,,,,Blank,,2016-07-05 10:00:00\n"
        + "1,D1,i3,a/3.JPG,gs://b/3,0,Ann,t,M,C,F,Felis,catus,,1,2016-07-05 10:00:00\n"
    )
    table = read(path)
    assert rows(table.frame, "location", "count", "source") == [
        ("D1/1.JPG", "Red Fox", "D1", "2", "human"),
        ("D1/2.JPG", "empty", "D1", "", "model"),
        ("a/3.JPG", "Felis catus", "D1", "1", "human"),
    ]


def test_a_workbook_is_read_from_the_sheet_with_detections(tmp_path: Path) -> None:
    """Other sheets and blank rows are skipped; dates are written out."""
    book = openpyxl.Workbook()
    book.worksheets[0].append(["About"])
    book.worksheets[0].append(["this table"])
    sheet = book.create_sheet("Data")
    for row in (
        ["File", "Species", "Date", "Count"],
        ["a/1.JPG", "fox", datetime.datetime(2016, 7, 5, 10), 2.0],
        [],
        ["a/2.JPG", "deer", datetime.datetime(2016, 7, 6), None],
    ):
        sheet.append(row)
    book.save(tmp_path / "x.xlsx")
    (tmp_path / "x.xlsx").rename(tmp_path / "x")
    table = read(tmp_path / "x")
    assert table.format == "Excel workbook, sheet Data"
    assert rows(table.frame, "ImageDate", "count") == [
        ("a/1.JPG", "fox", "2016-07-05 10:00:00", "2"),
        ("a/2.JPG", "deer", "2016-07-06", ""),
    ]


def test_without_openpyxl_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workbook can't be read without the package, and the hint installs it."""
    openpyxl.Workbook().save(tmp_path / "x.xlsx")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingDependencyError, match=r"autofocus\[xlsx\]"):
        read(tmp_path / "x.xlsx")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is not valid JSON"),
        (b'{"a": 1}', "is JSON, but neither COCO"),
        (b"[1]", "is JSON, but neither COCO"),
        (b'{"images": [{}], "annotations": [], "categories": []}', "'id' is missing"),
        (b'{"images": [3], "detection_categories": {}}', "is not as its format requires"),
        (b"\xd0\xcf\x11\xe0", "an old Excel: save it as .xlsx"),
        (b"PK\x05\x06" + bytes(18), "neither an Excel workbook"),
        (b"[" * 100_000, "is not valid JSON"),
        (b'{"images": [{"file": 1, "detections": 2}], "detection_categories": {}}', "requires"),
        (
            (
                b'{"images": [{"id": 1, "file_name": "a", "width": "0", "height": 1}], '
                b'"annotations": [{"image_id": 1, "bbox": [1, 2, 3, 4]}], "categories": []}'
            ),
            "division by zero",
        ),
    ],
)
def test_what_is_in_no_known_format_is_one_sentence(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """The sentence names the file and what it should be."""
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputDataError, match=words):
        read(tmp_path / "x")


@pytest.mark.parametrize("name", ["datapackage.json", "xl/workbook.xml"])
def test_a_damaged_archive_is_one_sentence(tmp_path: Path, name: str) -> None:
    """A package or workbook with a member that can't be unpacked is named as such."""
    path = tmp_path / "x"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<")
        archive.writestr(name, "{" * 1000)
    content = path.read_bytes()
    start = content.index(name.encode()) + len(name)
    path.write_bytes(content[:start] + b"\xff\xff" + content[start + 2 :])
    with pytest.raises(InputDataError, match=r"x can't be (unpacked|read as an Excel workbook)"):
        read(path)


def test_a_folder_without_a_package_is_an_error(tmp_path: Path) -> None:
    """A folder is a table only if it is a Camtrap DP."""
    with pytest.raises(MissingInputError, match=r"has no datapackage\.json"):
        read(tmp_path)
