"""Claims about labelling with boxes from MegaDetector results."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from autofocus.boxes.crop_shape import CropShape
from autofocus.detector.settings import FROM_FILE, DetectorSettings
from autofocus.errors import InputDataError, MissingInputError, SettingError
from autofocus.export import export
from autofocus.exporting.settings import ExportSettings
from autofocus.localization.finding import load_detector
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from tests.features.pictures import COLOURS
from tests.predicting.models import make_model

WIDTH, HEIGHT, FOOTER = 120, 88, 8
DETECTOR = DetectorSettings(FROM_FILE + "md_v5a", "digest")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that labels by the colour of the crop, and was trained with boxes of a file."""
    folder = tmp_path_factory.mktemp("model")
    return make_model(folder, view="detector", detector=DETECTOR, crop=CropShape(0, 0.05))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Sand, with something green at the lower right, above the footer."""
    for name in ("cam1/a.JPG", "cam1/b.JPG"):
        pixels = np.full((HEIGHT, WIDTH, 3), COLOURS["sand"], np.uint8)
        pixels[50:80, 80:120] = COLOURS["grass"]
        pixels[-FOOTER:] = 0
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, quality=95)
    return tmp_path / "in"


def write_boxes(path: Path, **boxes: list[float]) -> Path:
    """Write results: a box per image of the camera, in pixels of the original."""
    found: list[dict[str, Any]] = []
    for name, (left, top, right, bottom, score) in boxes.items():
        shares = [left / WIDTH, top / HEIGHT, (right - left) / WIDTH, (bottom - top) / HEIGHT]
        box = {"category": "1", "conf": score, "bbox": shares}
        found.append({"file": rf"D:\cards\cam1\{name}.JPG", "detections": [box]})
    content = {"info": {"detector": "md_v5a"}, "detection_categories": {}, "images": found}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def add_box(path: Path, left: int, top: int, right: int, bottom: int, score: float) -> None:
    """Add a box to the first image of a file."""
    content = json.loads(path.read_text(encoding="utf-8"))
    shares = [left / WIDTH, top / HEIGHT, (right - left) / WIDTH, (bottom - top) / HEIGHT]
    content["images"][0]["detections"].append({"conf": score, "bbox": shares})
    path.write_text(json.dumps(content), encoding="utf-8")


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["original"]: row for row in csv.DictReader(file)}


def test_the_crop_is_that_of_the_file(model: Path, images: Path, tmp_path: Path) -> None:
    """Its box, of the original, is that of the image without its footer; `b` has none."""
    path = write_boxes(tmp_path / "md.json", a=[80, 50, 120, 80, 0.9])
    result = predict(model, images, tmp_path / "out.csv", PredictSettings(boxes_from=path))
    table = rows(result.predictions)
    assert [row["label"] for row in table.values()] == ["grass", "sand"]
    first, second = table.values()
    assert float(first["box_top"]) == pytest.approx(50 / 80)
    assert float(first["box_top"]) + float(first["box_height"]) == pytest.approx(1)
    assert (first["box_status"], first["box_score"]) == ("detector", "0.9000")
    assert second["box_status"] == "whole_frame"
    assert any("results of md_v5a for 1 of 2 images" in note for note in result.notes)


def test_preprocessed_images_have_the_same_boxes(
    model: Path, images: Path, tmp_path: Path
) -> None:
    """The sizes of the originals are those in the table of properties."""
    path = write_boxes(tmp_path / "md.json", a=[80, 50, 120, 80, 0.9])
    settings = PredictSettings(boxes_from=path)
    raw = rows(predict(model, images, tmp_path / "raw.csv", settings).predictions)
    ready = tmp_path / "ready"
    preprocess_images(images, ready, PreprocessSettings(trim_bottom=FOOTER, min_side=32))
    done = rows(predict(model, ready, tmp_path / "done.csv", settings).predictions)
    for name, row in raw.items():
        same = [column for column in row if column.startswith("box_") or column == "label"]
        assert [row[column] for column in same] == [done[name][column] for column in same]


def test_cropped_images_without_their_sizes_are_an_error(
    model: Path, images: Path, tmp_path: Path
) -> None:
    """Nothing tells where boxes of the originals are in them."""
    path = write_boxes(tmp_path / "md.json", a=[80, 50, 120, 80, 0.9])
    settings = PredictSettings(boxes_from=path, photographs="preprocessed")
    with pytest.raises(InputDataError, match=r"no image_properties\.csv above them"):
        predict(model, images, tmp_path / "out.csv", settings)


def test_other_boxes_are_labelled_anew(model: Path, images: Path, tmp_path: Path) -> None:
    """Only the images whose boxes have changed are."""
    path = write_boxes(tmp_path / "md.json", a=[80, 50, 120, 80, 0.9], b=[0, 0, 40, 40, 0.9])
    settings = PredictSettings(boxes_from=path)
    predict(model, images, tmp_path / "out.csv", settings)
    write_boxes(path, a=[0, 0, 40, 40, 0.9], b=[0, 0, 40, 40, 0.9])
    again = predict(model, images, tmp_path / "out.csv", settings)
    assert again.counts.reused == 1
    assert [row["label"] for row in rows(again.predictions).values()] == ["sand", "sand"]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (None, SettingError, r"boxes from MegaDetector results \(md_v5a\).*--boxes_from"),
        ("none.json", MissingInputError, r"none\.json \(boxes_from\)"),
        ("cam9.json", InputDataError, "none of them is among the images here, such as cam1/a"),
    ],
)
def test_boxes_are_needed_before_anything_is_written(
    model: Path,
    images: Path,
    tmp_path: Path,
    given: str | None,
    error: type[Exception],
    words: str,
) -> None:
    """One sentence says which."""
    write_boxes(tmp_path / "cam9.json", x=[0, 0, 9, 9, 0.9])
    settings = PredictSettings(boxes_from=tmp_path / given if given else None)
    with pytest.raises(error, match=words):
        predict(model, images, tmp_path / "out.csv", settings)
    assert not (tmp_path / "out.csv").exists()


def test_a_model_that_needs_no_boxes_takes_none(images: Path, tmp_path: Path) -> None:
    """A file without an effect is an error."""
    full = make_model(tmp_path)
    path = write_boxes(tmp_path / "md.json", a=[80, 50, 120, 80, 0.9])
    with pytest.raises(SettingError, match="with the view full, does not take its boxes from"):
        predict(full, images, tmp_path / "out.csv", PredictSettings(boxes_from=path))


def test_boxes_of_another_detector_are_noted(images: Path, tmp_path: Path) -> None:
    """They are used, as versions of one detector hardly differ."""
    other = replace(DETECTOR, name=FROM_FILE + "md_v4")
    model = make_model(tmp_path, view="detector", detector=other, crop=CropShape())
    path = write_boxes(tmp_path / "md.json", a=[80, 50, 120, 80, 0.9])
    result = predict(model, images, tmp_path / "out.csv", PredictSettings(boxes_from=path))
    assert any("of the detector md_v5a, and those of the model's" in note for note in result.notes)


def test_such_a_model_can_t_be_served() -> None:
    """Images of a request have no results of MegaDetector."""
    with pytest.raises(InputDataError, match="come from megadetector results of md_v5a"):
        load_detector(DETECTOR)


def test_all_boxes_are_exported_as_those_of_the_original(
    model: Path, images: Path, tmp_path: Path
) -> None:
    """Those that are certain are counted, as individuals of an event, too."""
    path = write_boxes(tmp_path / "md.json", a=[80, 50, 120, 80, 0.9])
    add_box(path, 10, 10, 30, 40, 0.5)
    add_box(path, 0, 0, 12, 11, 0.1)
    ready = tmp_path / "ready"
    preprocess_images(images, ready, PreprocessSettings(trim_bottom=FOOTER, min_side=32))
    result = predict(model, ready, tmp_path / "out.csv", PredictSettings(boxes_from=path))
    first, second = rows(result.predictions).values()
    assert (first["boxes"], second["boxes"], second["detections"]) == ("2", "0", "")
    assert len(first["detections"].split("; ")) == 3
    settings = ExportSettings(formats=("megadetector", "coco", "csv"))
    export(result.predictions, tmp_path / "export", settings)
    found = json.loads((tmp_path / "export" / "megadetector.json").read_text(encoding="utf-8"))
    boxes = [one["bbox"] for one in found["images"][0]["detections"]]
    given = json.loads(path.read_text(encoding="utf-8"))["images"][0]["detections"]
    assert np.array(boxes) == pytest.approx(np.array([one["bbox"] for one in given]), abs=2e-4)
    assert [one["conf"] for one in found["images"][0]["detections"]][1:] == [0.5, 0.1]
    coco = json.loads((tmp_path / "export" / "coco.json").read_text(encoding="utf-8"))
    ours = [one for one in coco["annotations"] if one["image_id"] == "cam1/a.JPG"]
    assert ours[1]["bbox"] == pytest.approx([10, 10, 20, 30], abs=0.1)
    assert len({one["id"] for one in coco["annotations"]}) == len(ours) + 1 == 3
    with (tmp_path / "export" / "images.csv").open(encoding="utf-8", newline="") as file:
        assert [row["count"] for row in csv.DictReader(file)] == ["2", ""]
