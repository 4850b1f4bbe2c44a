"""Tests of `autofocus init`."""

import json
import os
import shutil
import sys
from pathlib import Path

import openpyxl
import pytest
import yaml

from autofocus.clean_detections import clean_detections
from autofocus.demo.uploading import upload_folder
from autofocus.errors import MissingInputError, OutputConflictError
from autofocus.init import init
from autofocus.init_settings import COMMAND
from autofocus.link_images_by_label import link_images_by_label
from autofocus.preprocess_images import preprocess_images
from autofocus.run import read_parameters
from autofocus.tables.detections import find_tables
from tests.conftest import S3
from tests.images.footers import write_camera

LABELS = ("fuchs", "leer", "Mensch", "Reh", "reh")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs of two cameras, a table from a German Excel, and a label map."""
    folder = tmp_path_factory.mktemp("data")
    write_camera(folder / "fotos" / "north", "RECONYX", 32)
    write_camera(folder / "fotos" / "south", "MOULTRIE", 68)
    lines = ["Datei;Art;Datum"]
    for place in ("north", "south"):
        for index, label in enumerate(LABELS):
            lines.append(rf"C:\Projekt\{place}\{index:03}.JPG;{label};05.07.2016")
    text = "\r\n".join(lines).replace("Datei", "FilePath").replace("Art", "Label")
    (folder / "tabelle.csv").write_bytes(text.encode("cp1252"))
    (folder / "karte.json").write_text(json.dumps({"fuchs": "fox", "reh": "deer"}))
    (folder / "notes.txt").write_text("no table, at all")
    return folder


def test_the_file_runs(data: Path, tmp_path: Path) -> None:
    """With what was found, all images get their labels, without any change to the file."""
    init(str(data), tmp_path / "run.yaml")
    parameters = read_parameters(tmp_path / "run.yaml")
    settings, arguments = parameters.settings, parameters.arguments
    indir = parameters.values["local_data"] / arguments["preprocess_images"]["indir"]
    small = tmp_path / "small"
    prepared = preprocess_images(indir, small, settings["preprocess_images"])
    tables = find_tables(
        parameters.values["local_data"], arguments["clean_detections"]["detections"]
    )
    clean = clean_detections(
        tables, small, prepared.properties, tmp_path / "clean.csv", settings["clean_detections"]
    )
    linked = link_images_by_label(
        clean.table, tmp_path / "links", settings["link_images_by_label"]
    )
    assert (linked.counts.ok, linked.counts.rejected) == (10, 0)
    assert sorted(path.name for path in (tmp_path / "links").iterdir() if path.is_dir()) == [
        ".autofocus",
        "Mensch",
        "deer",
        "fox",
        "leer",
    ]


def test_each_choice_is_made_and_explained(data: Path, tmp_path: Path) -> None:
    """Settings and comments tell what was found: footers, table, paths, locations, labels."""
    init(str(data), tmp_path / "run.yaml")
    text = (tmp_path / "run.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    assert content["preprocess_images"] == {
        "indir": "fotos",
        "trim_by_camera": ["MOULTRIE=68", "RECONYX=32"],
        "trim_bottom": "auto",
        "trim_top": "auto",
    }
    assert content["clean_detections"] == {"detections": ["tabelle.csv"], "strip_components": 2}
    assert content["retrain"]["empty_labels"] == ["leer"]
    assert content["retrain"]["human_labels"] == ["Mensch"]
    assert Path(content["link_images_by_label"]["labelmap_path"]).name == "karte.json"
    sentences = " ".join(line.strip("# ") for line in text.splitlines())
    for sentence in (
        "RECONYX 320 x 272: 32 at the bottom (5 of 5 images)",
        "10 of 10 (100%) lead to an image below fotos",
        "2 folders: north 5, south 5.",
        "4 labels: Reh 4, fuchs 2, leer 2, Mensch 2.",
        "It covers 2 of 4 labels. Not covered, so that they stay",
        "labels of their own: leer, Mensch.",
        "10 of 10 images looked at have a date and time",
    ):
        assert sentence in sentences


@pytest.mark.parametrize(
    ("date", "order"), [("05/07/2016", "day-month-year"), ("07/05/2016", "month-day-year")]
)
def test_the_images_tell_the_order_of_day_and_month(tmp_path: Path, date: str, order: str) -> None:
    """Where a table's dates can be read in two ways, those of the images decide."""
    table = tmp_path / "in" / "t.csv"
    write_camera(tmp_path / "in" / "cam", "RECONYX", 32, 3)
    rows = [f"cam/{index:03}.JPG,fox,{date}" for index in range(3)]
    table.write_text("\n".join(["path,label,date", *rows]))
    init(str(tmp_path / "in"), tmp_path / "run.yaml")
    settings = read_parameters(tmp_path / "run.yaml").settings["clean_detections"]
    assert settings.date_format == order
    assert "To do" not in (tmp_path / "run.yaml").read_text().partition("retrain")[0]


def test_the_same_folder_gives_the_same_file(data: Path, tmp_path: Path) -> None:
    """A second time the file is written again, with the same bytes."""
    init(str(data), tmp_path / "run.yaml")
    first = (tmp_path / "run.yaml").read_bytes()
    init(str(data), tmp_path / "run.yaml")
    assert (tmp_path / "run.yaml").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["run.yaml"]


@pytest.mark.parametrize("change", ["retrain: {}\n", None])
def test_other_files_are_not_overwritten(data: Path, tmp_path: Path, change: str | None) -> None:
    """A file that a person wrote, or changed, stays as it is."""
    path = tmp_path / "run.yaml"
    if change is None:
        init(str(data), path)
        change = path.read_text(encoding="utf-8").replace("RECONYX=32", "RECONYX=30")
    path.write_text(change, encoding="utf-8")
    with pytest.raises(OutputConflictError, match=r"run\.yaml exists, and was not written by"):
        init(str(data), path)
    assert path.read_text(encoding="utf-8") == change


def test_without_tables_the_file_says_what_is_missing(tmp_path: Path) -> None:
    """Photographs alone make a file that can be read, with what to do about the table."""
    write_camera(tmp_path / "in" / "cam", "RECONYX", 32, 3)
    assert COMMAND.main([str(tmp_path / "in"), "--outpath", str(tmp_path / "run.yaml")]) == 0
    assert read_parameters(tmp_path / "run.yaml").values["local_data"] == tmp_path / "in"
    text = (tmp_path / "run.yaml").read_text(encoding="utf-8")
    assert "No table of labels was found." in text
    assert "no location can be told" in text


def test_files_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    """Neither a broken link nor a pipe nor odd JSON among the images stops the command."""
    data = tmp_path / "data"
    write_camera(data / "north", "RECONYX", 32)
    (data / "gone.csv").symlink_to("/nonexistent")
    os.mkfifo(data / "pipe.csv")
    (data / "deep.json").write_text("[" * 100_000)
    init(str(data), tmp_path / "run.yaml")
    assert "No table of labels was found" in (tmp_path / "run.yaml").read_text()


def test_a_folder_without_images_is_an_error(tmp_path: Path) -> None:
    """Nothing is written where there is nothing to inspect."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(MissingInputError):
            init(str(folder), tmp_path / "run.yaml")
    assert not (tmp_path / "run.yaml").exists()


def test_a_folder_of_videos_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """Where there are videos only, the option for their frames is named."""
    (tmp_path / "a.MP4").touch()
    with pytest.raises(MissingInputError, match=r"1 video \(.mp4\).*--frame-rate"):
        init(str(tmp_path), tmp_path / "run.yaml")


def test_a_bucket_is_inspected_by_a_sample(s3: S3, data: Path, tmp_path: Path) -> None:
    """Of a bucket the same is found, and nothing of it is left behind."""
    upload_folder(data, s3.bucket)
    init(str(data), tmp_path / "folder.yaml")
    init(f"s3://{s3.bucket}", tmp_path / "bucket.yaml")
    of_folder, of_bucket = (
        yaml.safe_load((tmp_path / name).read_text(encoding="utf-8"))
        for name in ("folder.yaml", "bucket.yaml")
    )
    assert of_bucket.pop("download_images") == {"bucket": s3.bucket}
    del of_folder["local_data"]
    # A file in a bucket has no path as yet.
    assert of_folder.pop("link_images_by_label")
    assert of_bucket.pop("link_images_by_label") == {}
    assert of_bucket == of_folder
    assert read_parameters(tmp_path / "bucket.yaml")


@pytest.mark.parametrize("has_openpyxl", [True, False])
def test_a_workbook_that_is_not_understood_is_named(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_openpyxl: bool
) -> None:
    """The file says what a workbook lacks, or what is needed to read it."""
    folder = tmp_path / "data"
    shutil.copytree(data / "fotos", folder / "fotos")
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Bild", "Art"])
    book.worksheets[0].append(["north/000.JPG", "fuchs"])
    book.save(folder / "tabelle.xlsx")
    if not has_openpyxl:
        monkeypatch.setitem(sys.modules, "openpyxl", None)
    init(str(folder), tmp_path / "run.yaml")
    text = " ".join((tmp_path / "run.yaml").read_text().replace("#", " ").split())
    if has_openpyxl:
        assert "To do: tabelle.xlsx lacks a column with the paths of images" in text
    else:
        assert "autofocus[xlsx]" in text
