"""Tests of the checks before a run."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from autofocus.checking.data import detection_tables
from autofocus.checking.report import Level, Report
from autofocus.errors import (
    AutofocusError,
    ExitStatus,
    InputDataError,
    MissingInputError,
    OutputConflictError,
    StoreUnavailableError,
)
from autofocus.grouping.locations import DEFAULT_PATTERN
from autofocus.run import check, run
from autofocus.run_settings import COMMAND
from autofocus.runs.workspace import Workspace
from tests.conftest import S3

LABELS = ["deer", "empty", "Fox"]


def make_data(folder: Path, sites: int = 3, images: int = 4) -> Path:
    """Make images without content, as the checks don't open them, and a table of detections."""
    rows = ["ImageDate,FilePath,FileName,ShortName"]
    for number in range(sites * images):
        site = f"site{number % sites}"
        path = folder / "photos" / site / f"IMG_{number:04}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        rows.append(rf"2016-05-0{number % 9 + 1},Z:\zoo\{site},{path.name},{LABELS[number % 3]}")
    (folder / "table.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "data")


def parameters(data: Path, **sections: Any) -> Path:
    """Write a parameter file; a section replaces one of the same name."""
    content = {
        "local_data": str(data),
        "preprocess_images": {"indir": "photos"},
        "clean_detections": {"detections": ["*.csv"]},
        **sections,
    }
    path = data.parent / "run.yaml"
    path.write_text(
        json.dumps({key: value for key, value in content.items() if value or value is False})
    )
    return path


def texts(report: Report, level: Level) -> str:
    return "\n".join(map(str, report.of(level)))


def test_a_name_that_is_not_in_utf8_passes(data: Path) -> None:
    """A run takes an image of such a name, and so do the checks."""
    (data / "photos" / os.fsdecode(b"\xff.JPG")).touch()
    report = check(parameters(data), data.parent / "out")
    assert report.of(Level.ERROR) == []
    assert "12 of 13 images have a detection" in texts(report, Level.OK)


def test_data_that_fit_pass(data: Path) -> None:
    """Images, tables, classes, disk and MLflow are reported, and nothing is written."""
    before = sorted(data.parent.rglob("*"))
    report = check(parameters(data), data.parent / "out")
    before.append(data.parent / "run.yaml")
    assert sorted(data.parent.rglob("*")) == sorted(before)
    assert report.of(Level.WARNING, Level.ERROR) == []
    said = texts(report, Level.OK)
    assert "12 images in" in said
    assert "12 of 12 detections match an image, and 12 of 12 images have a detection" in said
    assert "3 classes: Fox 4, deer 4, empty 4" in said
    assert "free" in said
    report.check()


def test_all_errors_are_collected(data: Path) -> None:
    """Every error is listed, not only the first, and none is hidden by another."""
    params = parameters(
        data,
        clean_detections={"detections": ["none*.csv"]},
        link_images_by_label={"labelmap_path": "none.json", "label_priority_path": "none.txt"},
        retrain={"location_pattern": "^(x+)"},
        predict={"table": "none.csv"},
    )
    said = texts(check(params, data.parent / "out"), Level.ERROR)
    assert len(said.splitlines()) == 5
    for part in (
        "none.csv (table of predict)",
        "matches none*.csv (detections of clean_detections)",
        "There is no label map",
        "There is no file of priority rules",
        "'^(x+)' matches none of the 12 images",
    ):
        assert part in said


def test_tables_that_match_no_image(data: Path) -> None:
    """Where no detection has an image, the error names the folder of the images."""
    text = (data / "table.csv").read_text().replace("IMG_", "PICT")
    (data / "table.csv").write_text(text)
    said = texts(check(parameters(data), data.parent / "out"), Level.ERROR)
    assert "No detection matches an image" in said
    assert "autofocus-check" not in said


def test_tables_that_begin_below_a_folder(data: Path) -> None:
    """Where the tables' paths begin below a folder of the images, the error names it."""
    text = (data / "table.csv").read_text().replace("Z:\\zoo\\", "")
    (data / "table.csv").write_text(text)
    params = parameters(data, preprocess_images={"indir": ""})
    said = texts(check(params, data.parent / "out"), Level.ERROR)
    assert "(0 of 12), but the paths fit images below photos: read the images from there" in said


def test_data_that_are_not_there(tmp_path: Path) -> None:
    """A folder that does not exist is one error, which names the key."""
    report = check(parameters(tmp_path / "nowhere"), tmp_path / "out")
    with pytest.raises(MissingInputError, match=r"There is no folder .*nowhere \(local_data\)\."):
        report.check()


@pytest.mark.parametrize(
    ("pattern", "level", "part"),
    [
        (DEFAULT_PATTERN, Level.OK, "the folder of an image is its location, 3 folders such as"),
        ("^([^/]+)/", Level.OK, "matches 12 of 12 images and gives 3 locations: site0 for site0/"),
        ("(site[01])", Level.WARNING, "matches 8 of 12 images and gives 2 locations"),
        ("(site)", Level.ERROR, "gives the location 'site' for all 12 images"),
    ],
)
def test_location_pattern(data: Path, pattern: str, level: Level, part: str) -> None:
    """The share of paths that match is reported with examples; one value for all is an error."""
    params = parameters(data, retrain={"location_pattern": pattern})
    assert part in texts(check(params, data.parent / "out"), level)


@pytest.mark.parametrize(
    ("pattern", "level", "part"),
    [
        (r"IMG_(\d{3})", Level.OK, "matches 12 of 12 images: 000 for site0/IMG_0000.JPG"),
        ("burst", Level.ERROR, "sequence_pattern: 'burst' matches none of the 12 images"),
    ],
)
def test_sequence_pattern(data: Path, pattern: str, level: Level, part: str) -> None:
    """A pattern of sequences that fits no path is an error before anything long begins."""
    params = parameters(data, retrain={"sequence_pattern": pattern})
    assert part in texts(check(params, data.parent / "out"), level)


def test_sequences_of_a_column_need_no_pattern(data: Path) -> None:
    """Where a column tells the sequences, a pattern that matches nothing is no error."""
    table = data / "table.csv"
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([f"{head},seq_id", *(f"{row},s1" for row in rows)]))
    params = parameters(
        data,
        clean_detections={"detections": ["*.csv"], "columns": ["sequence=seq_id"]},
        retrain={"sequence_pattern": "burst"},
    )
    report = check(params, data.parent / "out")
    report.check()
    assert "a column tells the sequence of 12 images" in texts(report, Level.OK)


def test_images_in_one_folder_have_no_location(tmp_path: Path) -> None:
    """Where nothing tells images apart, the check says that their location is unknown."""
    report = check(parameters(make_data(tmp_path / "data", sites=1)), tmp_path / "out")
    assert "unknown: all images are in one folder" in texts(report, Level.WARNING)


def test_frames_of_videos_are_images(data: Path) -> None:
    """With a frame rate, a video counts as an image that the table's row of it matches."""
    (data / "photos" / "site0" / "a.MP4").touch()
    with (data / "table.csv").open("a") as table:
        table.write("2016-05-01,Z:\\zoo\\site0,a.MP4,deer\n")
    params = parameters(data, preprocess_images={"indir": "photos", "frame_rate": 1})
    assert "13 of 13 detections match an image" in texts(check(params, data / "o"), Level.OK)


def test_locations_of_a_column_need_no_pattern(data: Path) -> None:
    """Where a column tells the locations, a pattern that matches nothing is no error."""
    table = data / "table.csv"
    head, *rows = table.read_text().splitlines()
    sites = [row.rpartition("\\")[2].partition(",")[0] for row in rows]
    cells = [f"{row},{site}" for row, site in zip(rows, sites, strict=True)]
    table.write_text("\n".join([f"{head},Site", *cells]))
    params = parameters(
        data,
        clean_detections={"detections": ["*.csv"], "location_column": "Site"},
        retrain={"location_pattern": "^(x+)"},
    )
    report = check(params, data.parent / "out")
    report.check()
    assert "a column tells the location of 12 images" in texts(report, Level.OK)


def test_labels_that_map_and_rules_do_not_match(data: Path) -> None:
    """Labels that the map leaves, and what map and rules don't match, are warnings."""
    (data.parent / "map.json").write_text('{"DEER": "animal", "wolf": "animal"}')
    (data.parent / "rules.txt").write_text("human > *")
    params = parameters(
        data,
        link_images_by_label={"labelmap_path": "map.json", "label_priority_path": "rules.txt"},
    )
    report = check(params, data.parent / "out")
    said = texts(report, Level.WARNING)
    assert "does not name, so that they stay as they are: Fox, empty." in said
    assert "label map names labels that no image has: wolf." in said
    assert "Rules name labels that no image has: human." in said
    assert "animal 4" in texts(report, Level.OK)


def test_detections_that_do_not_fit_are_counted(data: Path) -> None:
    """Few matches, rejected detections, and images with several labels are warnings."""
    with (data / "table.csv").open("a") as table:
        for number in range(4):
            table.write(f"2016-05-01,Z:\\zoo\\nowhere,{number}.JPG,deer\n")
        table.write("someday,Z:\\zoo\\site0,IMG_0000.JPG,deer\n")
        table.write("2016-05-02,Z:\\zoo\\site1,IMG_0001.JPG,deer\n")
    said = texts(check(parameters(data), data.parent / "out"), Level.WARNING)
    assert "14 of 18 detections match an image" in said
    assert "detections that would be rejected: bad_date 1" in said
    assert "1 image with several labels would be left out, such as site1/IMG_0001.JPG" in said


def test_results_beside_the_images(data: Path) -> None:
    """Results below the images are a warning, and their tables are no detections."""
    outdir = data / "photos" / "results"
    with Workspace(data, "clean_detections", {}, output="clean.csv") as workspace:
        workspace.claim([data / "clean.csv"], data / "ledger.csv")
    (data / "clean.csv").write_text("filepath\n")
    report = check(parameters(data), outdir)
    report.check()
    assert "is not searched for images" in texts(report, Level.WARNING).replace("\n", " ")
    (data / "table.csv").unlink()
    with pytest.raises(MissingInputError, match="Only tables that Autofocus wrote match"):
        check(parameters(data), outdir).check()


@pytest.mark.parametrize(
    ("pattern", "stage", "is_taken"),
    [
        ("*.csv", "clean_detections", False),
        ("more.csv", "clean_detections", True),
        ("*.csv", "import_corrections", True),
        ("more.csv", "import_corrections", True),
    ],
)
def test_tables_that_autofocus_wrote(
    data: Path, pattern: str, stage: str, *, is_taken: bool
) -> None:
    """A stage's table is one of detections if it is named, or has corrections of labels."""
    with Workspace(data, stage, {}, output="more.csv") as workspace:
        workspace.claim([data / "more.csv"], data / "ledger.csv")
    (data / "more.csv").write_text("filepath,label\n")
    found = detection_tables(data, ["table.csv", pattern])
    assert ((data / "more.csv") in found) == is_taken


def test_images_where_a_stage_writes(data: Path) -> None:
    """Images in a folder that a stage would write to are an error."""
    (data / "photos").rename(data / "links")
    params = parameters(data, preprocess_images={"indir": "links"})
    with pytest.raises(OutputConflictError, match="is or holds the folder of the images"):
        check(params, data).check()


def test_videos_are_a_warning(data: Path) -> None:
    """Videos that no option asks for are named with what to do."""
    (data / "photos" / "a.MP4").touch()
    said = texts(check(parameters(data), data.parent / "out"), Level.WARNING)
    assert "1 video (.mp4): to use its frames as images, set --frame-rate" in said


def test_a_bucket_is_listed_and_its_tables_are_fetched(s3: S3, tmp_path: Path) -> None:
    """Without local data, keys and tables of the bucket are compared, and no image is fetched."""
    data = make_data(tmp_path / "data")
    for path in data.rglob("*"):
        if path.is_file():
            s3.put(path.relative_to(data).as_posix(), path.read_bytes())
    download = {"bucket": s3.bucket, "endpoint_url": s3.endpoint_url}
    params = parameters(data, local_data=None, download_images=download)
    report = check(params, tmp_path / "out")
    report.check()
    said = texts(report, Level.OK)
    assert "13 objects" in said
    assert "12 of 12 detections match an image" in said
    assert not (tmp_path / "out").exists()
    # A large image needs disk space, unless the originals are not kept.
    s3.put("photos/large.JPG", bytes(8_000_000))
    needed = []
    for keep in (True, False):
        params = parameters(data, local_data=None, download_images=download, keep_raw=keep)
        said = texts(check(params, tmp_path / "out"), Level.OK)
        needed.append(float(said.partition("disk: about ")[2].split()[0]))
    assert needed[0] - needed[1] == pytest.approx(8, abs=0.2)


def test_a_bucket_that_does_not_fit(s3: S3, tmp_path: Path) -> None:
    """Neither images nor tables where the parameters look for them: both are said."""
    s3.put("a.txt", b"1")
    download = {"bucket": s3.bucket, "endpoint_url": s3.endpoint_url}
    (tmp_path / "data").mkdir()
    params = parameters(tmp_path / "data", local_data=None, download_images=download)
    said = texts(check(params, tmp_path / "out"), Level.ERROR)
    assert f"No key of {s3.bucket}/photos ends in JPG, JPEG, PNG" in said
    assert "No key of the bucket matches *.csv" in said


class _Denies(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(401)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """A server that responds, if only to ask for credentials."""
    with HTTPServer(("127.0.0.1", 0), _Denies) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_mlflow_that_responds(data: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that responds passes, whatever it says, and its password is not shown."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@{server}")
    report = check(parameters(data), data.parent / "out")
    report.check()
    assert "responds" in texts(report, Level.OK)
    assert "secret" not in str(report)


def test_mlflow_that_is_away(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not respond is an error of the environment, before anything begins."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    with pytest.raises(StoreUnavailableError, match="does not respond"):
        run(parameters(data), data.parent / "out")
    assert not (data.parent / "out").exists()


def test_the_command(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` prints a line per finding, and ends with status 0, or 3 after an error."""
    words = ["--params", str(parameters(data)), "--outdir", str(data.parent / "out"), "--check"]
    assert COMMAND.main(words) == 0
    assert capsys.readouterr().out.endswith("check: 0 errors, 0 warnings\n")
    parameters(data, retrain={"location_pattern": "(site)"}, preprocess_images={"indir": "x"})
    assert COMMAND.main(words) == 3
    output = capsys.readouterr()
    assert "error    images: " in output.out
    assert output.err.startswith("autofocus run: error: There is no folder")


def test_a_run_shows_warnings_first(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run begins with the checks: errors and warnings are shown, and it ends there."""
    (data / "photos" / "a.MP4").touch()
    params = parameters(
        data, retrain={"location_pattern": "(site)"}, predict={"table": "none.csv"}
    )
    with pytest.raises(InputDataError, match="2 errors, listed above, would end this run"):
        run(params, data.parent / "out")
    said = capsys.readouterr().err
    assert "warning  images: 12 images" in said
    assert said.count("error    ") == 2


@pytest.mark.parametrize(
    ("errors", "status"),
    [
        ([StoreUnavailableError("a"), StoreUnavailableError("b")], ExitStatus.ENVIRONMENT),
        ([StoreUnavailableError("a"), InputDataError("b")], ExitStatus.INPUT),
        ([StoreUnavailableError("a")], ExitStatus.ENVIRONMENT),
    ],
)
def test_status_of_several_errors(errors: list[AutofocusError], status: ExitStatus) -> None:
    """Several errors end with the status of their kind, or with that of inputs."""
    report = Report()
    for error in errors:
        report.fail("x", error)
    with pytest.raises(AutofocusError) as caught:
        report.check()
    assert caught.value.exit_status == status
