"""Claims about boxes of MegaDetector results among preprocessed images."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from autofocus.errors import InputDataError, SettingError
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings

FOOTER = 20


def write_boxes(path: Path, *boxes: tuple[str, float]) -> Path:
    """Write results: by image, a box whose top is told."""
    images: list[dict[str, Any]] = [
        {"file": file, "detections": [{"conf": 0.9, "bbox": [0.25, top, 0.5, 0.2]}]}
        for file, top in boxes
    ]
    path.write_text(json.dumps({"detection_categories": {}, "images": images}), encoding="utf-8")
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg"):
        path = tmp_path / "in" / "cam" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (120, 100), "green").save(path)
    return tmp_path / "in"


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["filepath"]: row for row in csv.DictReader(file)}


def settings(path: Path, **more: Any) -> PreprocessSettings:
    options = {"boxes": "detector", "trim_bottom": FOOTER, "min_side": 40, **more}
    return PreprocessSettings(boxes_from=path, **options)


def test_boxes_are_those_of_the_cropped_image(images: Path, tmp_path: Path) -> None:
    """The box of the original moves by the cropped footer, and other results replace it."""
    path = write_boxes(tmp_path / "md.json", ("D:\\cam\\a.jpg", 0.4))
    result = preprocess_images(images, tmp_path / "out", settings(path))
    table = rows(tmp_path / "out" / "boxes.csv")
    assert (table["cam/a.jpg"]["top"], table["cam/a.jpg"]["height"]) == ("0.5", "0.25")
    assert table["cam/b.jpg"]["status"] == "whole_frame"
    assert any("for 1 of 2 images" in note for note in result.notes)
    write_boxes(path, ("D:\\cam\\a.jpg", 0.0))
    preprocess_images(images, tmp_path / "out", settings(path))
    assert float(rows(tmp_path / "out" / "boxes.csv")["cam/a.jpg"]["top"]) == 0


def test_results_of_other_images_are_told_before_the_work(images: Path, tmp_path: Path) -> None:
    """Nothing is written then."""
    path = write_boxes(tmp_path / "md.json", ("cam/z.jpg", 0.4))
    with pytest.raises(InputDataError, match="none of them is among the images here"):
        preprocess_images(images, tmp_path / "out", settings(path))
    assert not (tmp_path / "out").exists()


def test_boxes_of_a_file_need_a_table() -> None:
    """Without `--boxes detector` or `both` they would have no effect."""
    with pytest.raises(SettingError, match="boxes_from has no effect on boxes none"):
        settings(Path("md.json"), boxes="none")
