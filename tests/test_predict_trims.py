"""`predict` with a model whose training images had their footers detected."""

import csv
import json
from pathlib import Path

import pytest

from autofocus.images.preparing import CameraTrim, Preparation
from autofocus.predict import predict
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from tests.features.pictures import COLOURS
from tests.images.footers import with_band
from tests.images.pictures import MAKE, Pixels, constant, exif, write
from tests.predicting.models import SIZE, make_model

PREPARATION = Preparation("auto", "auto", SIZE, (CameraTrim("RECONYX", 32, 32, 320, 304),))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has seen one camera, with bands above and below."""
    folder = make_model(tmp_path_factory.mktemp("model"))
    path = folder / "assets" / "autofocus.json"
    description = json.loads(path.read_text(encoding="utf-8"))
    description["preparation"] = PREPARATION.to_json()
    path.write_text(json.dumps(description), encoding="utf-8")
    (folder / "checksums.json").unlink()
    return folder


def write_images(folder: Path, make: str, rows: int, number: int = 3) -> None:
    """Write images of one colour with a footer, and for RECONYX a band at the top, too."""
    for index in range(number):
        scene: Pixels = constant(320, 240, COLOURS["sand"])
        picture = with_band(scene, rows, 0, index)
        if make == "RECONYX":
            picture = with_band(picture, rows, 0, index, top=True)
        write(folder / f"{index}.JPG", picture, exif=exif({MAKE: make}))


def scores(path: Path) -> list[float]:
    with path.open(encoding="utf-8", newline="") as file:
        return [float(row["score"]) for row in csv.DictReader(file) if row["label"] == "sand"]


def test_a_new_camera_is_cropped_as_its_images_show(model: Path, tmp_path: Path) -> None:
    """Cameras that the model knows and those it doesn't are labelled by their scenes alone."""
    write_images(tmp_path / "in" / "a", "RECONYX", 32, 1)
    write_images(tmp_path / "in" / "b", "MOULTRIE", 68)
    result = predict(model, tmp_path / "in", tmp_path / "raw.csv")
    (note,) = (note for note in result.notes if "footer" in note)
    assert "MOULTRIE 320 x 308: 68 rows at the bottom, 0 at the top (3 of 3 images)" in note
    write(tmp_path / "plain" / "x.JPG", constant(320, 240, COLOURS["sand"]))
    plain = scores(predict(model, tmp_path / "plain", tmp_path / "plain.csv").predictions)
    assert scores(result.predictions) == pytest.approx(plain * 4, abs=0.01)


def test_images_preprocessed_by_detection_fit(model: Path, tmp_path: Path) -> None:
    """Preprocessed images of another camera, with other numbers, are used as they are."""
    write_images(tmp_path / "in" / "b", "MOULTRIE", 68)
    settings = PreprocessSettings(trim_bottom="auto", trim_top="auto", min_side=SIZE)
    preprocess_images(tmp_path / "in", tmp_path / "small", settings)
    result = predict(model, tmp_path / "small", tmp_path / "out.csv")
    assert "images were used as they are" in result.notes
