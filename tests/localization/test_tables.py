"""Claims about the table of all boxes, as preprocess_images writes it."""

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.detector.detecting import Detector
from autofocus.detector.weights import FOLDER_VARIABLE
from autofocus.errors import MissingInputError, OutputConflictError, SettingError
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from tests.detector.scenes import TRUTH, deer, ground

SETTINGS = PreprocessSettings(trim_bottom=0, min_side=240, boxes="detector")


@pytest.fixture
def camera(tmp_path: Path, detector_weights: Path) -> Path:
    """Four images of one scene; on the second there is a deer, and on the fourth two."""
    assert detector_weights.is_file()
    folder = tmp_path / "in" / "cam"
    folder.mkdir(parents=True)
    two = ground()
    two.paste(deer().crop((190, 150, 440, 340)), (20, 60))
    two.paste(deer().crop((190, 150, 440, 340)), (370, 250))
    for number, image in enumerate((ground(), deer(), ground(), two)):
        image.save(folder / f"{number}.JPG", quality=95)
    return tmp_path / "in"


def rows(outdir: Path) -> list[dict[str, str]]:
    with (outdir / "boxes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_box_has_a_row(camera: Path, tmp_path: Path) -> None:
    """An image has a row per animal, the surest first, or one for the whole frame and why."""
    result = preprocess_images(camera, tmp_path / "out", SETTINGS)
    found = rows(tmp_path / "out")
    names = [row["filepath"] for row in found]
    assert names == [f"cam/{number}.JPG" for number in (0, 1, 2, 3, 3)]
    assert [row["status"] for row in found] == [
        *("whole_frame", "detector", "whole_frame", "detector", "detector")
    ]
    assert found[0]["detail"] == "nothing was detected"
    left, top, width, height = (float(found[1][key]) for key in ("left", "top", "width", "height"))
    assert (left, top, left + width, top + height) == pytest.approx(TRUTH, abs=0.04)
    assert float(found[3]["score"]) >= float(found[4]["score"]) >= 0.2
    assert "boxes were detected in 2 of 4 images" in result.notes[-1]
    assert not (tmp_path / "out" / "motion_boxes.csv").exists()


def test_both_unites_motion_and_detector(camera: Path, tmp_path: Path) -> None:
    """A box that both support says so, and its score is higher than the detector's."""
    preprocess_images(camera, tmp_path / "one", SETTINGS)
    preprocess_images(camera, tmp_path / "two", replace(SETTINGS, boxes="both"))
    alone, united = rows(tmp_path / "one"), rows(tmp_path / "two")
    assert united[1]["status"] == "both"
    assert float(united[1]["score"]) > float(alone[1]["score"])
    places = [
        {(row["filepath"], row["left"], row["top"], row["width"]) for row in table}
        for table in (alone, united)
    ]
    assert places[0] == places[1]


def test_motion_needs_no_weights(
    camera: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Boxes of motion alone need no detector, and --motion_boxes keeps its own table."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nothing"))
    settings = replace(SETTINGS, boxes="motion", motion_boxes=True)
    preprocess_images(camera, tmp_path / "out", settings)
    assert [row["status"] for row in rows(tmp_path / "out")].index("motion") == 1
    assert (tmp_path / "out" / "motion_boxes.csv").is_file()


def test_missing_weights_are_told_before_the_work(
    camera: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written if the detector can't be used."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(MissingInputError, match="autofocus weights"):
        preprocess_images(camera, tmp_path / "out", SETTINGS)
    assert not (tmp_path / "out").exists()


def test_only_new_images_are_looked_at(
    camera: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finished table stays as it is, and a new image costs one detection."""
    seen = []
    detect = Detector.detect

    def count(self: Detector, image: Image.Image) -> tuple[Box, ...]:
        seen.append(image.size)
        return detect(self, image)

    monkeypatch.setattr(Detector, "detect", count)
    preprocess_images(camera, tmp_path / "out", SETTINGS)
    before = (tmp_path / "out" / "boxes.csv").stat().st_mtime_ns
    preprocess_images(camera, tmp_path / "out", SETTINGS)
    assert (tmp_path / "out" / "boxes.csv").stat().st_mtime_ns == before
    first = len(seen)
    deer().resize((500, 400)).save(camera / "cam" / "9.JPG")
    preprocess_images(camera, tmp_path / "out", SETTINGS)
    assert len(rows(tmp_path / "out")) == 6
    # Two of the four first images are the same file.
    assert (first, len(seen) - first) in {(3, 1), (4, 1)}


def test_a_damaged_memory_is_no_harm(camera: Path, tmp_path: Path) -> None:
    """Lines that are torn or were edited are ignored, and the table is the same."""
    preprocess_images(camera, tmp_path / "out", SETTINGS)
    table = tmp_path / "out" / "boxes.csv"
    expected = table.read_bytes()
    memory = tmp_path / "out" / ".autofocus" / "preprocess_images" / "detections.jsonl"
    lines = memory.read_text().splitlines(keepends=True)
    assert len(lines) == 4
    table.unlink()
    memory.write_text(lines[0] + lines[1].replace("0.", "0.9", 1) + lines[2] + lines[3][:-20])
    preprocess_images(camera, tmp_path / "out", SETTINGS)
    assert table.read_bytes() == expected
    assert memory.read_text() == "".join(lines)


def test_a_killed_run_goes_on_where_it_was(camera: Path, tmp_path: Path) -> None:
    """Whenever the run is killed, the table is byte-identical, and no detection is lost."""
    for number in range(10, 25):
        deer().resize((400 + number, 300)).save(camera / "cam" / f"{number}.JPG")
    preprocess_images(camera, tmp_path / "whole", SETTINGS)
    memory = tmp_path / "out" / ".autofocus" / "preprocess_images" / "detections.jsonl"
    command = [
        *(sys.executable, "-m", "autofocus", "preprocess_images", "--trim-bottom", "0"),
        *("--indir", str(camera), "--outdir", str(tmp_path / "out"), "--min-side", "240"),
        *("--boxes", "detector", "--jobs", "1"),
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            if memory.is_file() and memory.read_bytes().count(b"\n") > 5:
                os.kill(process.pid, signal.SIGKILL)
                break
            time.sleep(0.01)
    assert memory.read_bytes().count(b"\n") > 5
    preprocess_images(camera, tmp_path / "out", SETTINGS)
    for name in ("boxes.csv", "ledger.csv", ".autofocus/preprocess_images/detections.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_drawings_show_all_boxes(camera: Path, tmp_path: Path) -> None:
    """Each image has a copy of its size with its boxes."""
    preprocess_images(camera, tmp_path / "out", replace(SETTINGS, box_drawings=tmp_path / "drawn"))
    assert len(list((tmp_path / "drawn").rglob("*.jpg"))) == 4
    with Image.open(tmp_path / "drawn" / "cam" / "3.jpg") as drawn:
        red, _, blue = np.moveaxis(np.asarray(drawn), 2, 0)
    assert np.count_nonzero((red > 230) & (blue < 60)) > 200


def test_folders_of_drawings_are_checked(camera: Path, tmp_path: Path) -> None:
    """Drawings need boxes, and a folder of their own."""
    drawn = tmp_path / "drawn"
    with pytest.raises(SettingError, match="box_drawings needs boxes"):
        preprocess_images(
            camera, tmp_path / "out", replace(SETTINGS, boxes="none", box_drawings=drawn)
        )
    shared = replace(SETTINGS, box_drawings=drawn, motion_drawings=drawn / "below")
    with pytest.raises(OutputConflictError, match="share a folder"):
        preprocess_images(camera, tmp_path / "out", shared)
    with pytest.raises(OutputConflictError, match=r"box_drawings.*lies in the folder"):
        preprocess_images(camera, tmp_path / "out", replace(SETTINGS, box_drawings=camera / "d"))
