"""Claims about images on which predict finds people."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.errors import OutputConflictError, SettingError
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from tests.features.pictures import COLOURS
from tests.predicting.models import make_image, make_model

SIZE = (64, 56)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for which dark images show people."""
    return make_model(tmp_path_factory.mktemp("model"), human_labels=("Night",))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image without people, one with them, and one that may have them."""
    folder = tmp_path_factory.mktemp("people") / "in"
    grass, night = np.array(COLOURS["grass"]), np.array(COLOURS["night"])
    make_image(folder / "a" / "grass.JPG", COLOURS["grass"], "2016-07-05T11:00:00")
    make_image(folder / "a" / "night.JPG", COLOURS["night"], "2016-07-05T12:00:00")
    red, green, blue = (grass * 0.53 + night * 0.47).astype(int).tolist()
    make_image(folder / "b" / "perhaps.png", (red, green, blue), "2016-07-05T13:00:00")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_images_of_people_are_dropped(model: Path, images: Path, tmp_path: Path) -> None:
    """Even where another label has the highest score; ledger and note count them."""
    kept = predict(model, images, tmp_path / "kept.csv", PredictSettings(probabilities=True))
    (uncertain,) = [row for row in rows(kept.predictions) if "perhaps" in row["filepath"]]
    assert (uncertain["label"], uncertain["second_label"]) == ("grass", "night")
    assert 0.1 < float(uncertain["second_score"]) < 0.5
    result = predict(model, images, tmp_path / "out.csv", PredictSettings(people="drop"))
    assert [row["original"] for row in rows(result.predictions)] == ["a/grass.JPG"]
    assert {row["input"]: row["reason"] for row in rows(result.ledger)} == {
        "a/grass.JPG": "",
        "a/night.JPG": "people",
        "b/perhaps.png": "people",
    }
    assert "left out, as people are predicted on them: 2 images" in result.notes


def test_images_of_people_are_copied_blurred(model: Path, images: Path, tmp_path: Path) -> None:
    """The table is that of all images; a copy has the size of its original, and no detail."""
    noise = np.random.default_rng(0).integers(0, 60, (56, 64, 3), np.uint8)
    folder = tmp_path / "in"
    for path in images.rglob("*.*"):
        (folder / path.relative_to(images)).parent.mkdir(parents=True, exist_ok=True)
        (folder / path.relative_to(images)).write_bytes(path.read_bytes())
    Image.fromarray(noise).save(folder / "a" / "noise.png")
    kept = predict(model, folder, tmp_path / "kept.csv")
    settings = PredictSettings(people="blur")
    result = predict(model, folder, tmp_path / "out.csv", settings)
    assert rows(result.predictions) == rows(kept.predictions)
    blurred = tmp_path / "out.people_blurred"
    copies = sorted(path.relative_to(blurred).as_posix() for path in blurred.rglob("*.[Jp]*"))
    assert copies == ["a/night.JPG", "a/noise.png", "b/perhaps.png"]
    copy = np.asarray(Image.open(blurred / "a" / "noise.png"), int)
    assert copy.shape == noise.shape
    assert np.abs(np.diff(copy, axis=1)).max() < 8 < np.abs(np.diff(noise.astype(int))).max()
    (folder / "a" / "noise.png").unlink()
    again = predict(model, folder, tmp_path / "out.csv", settings)
    assert again.counts.reused == 3
    assert not (blurred / "a" / "noise.png").exists()


def test_copies_among_the_images_are_refused(model: Path, images: Path) -> None:
    """Where the next run would label them, nothing is written."""
    with pytest.raises(OutputConflictError, match="would be taken for images"):
        predict(model, images, images / "out.csv", PredictSettings(people="blur"))
    assert not (images / "out.csv").exists()


def test_a_model_without_people_can_t_drop_them(images: Path, tmp_path: Path) -> None:
    """Rather than leaving people in the table in silence, predict fails and names the labels."""
    without = make_model(tmp_path)
    with pytest.raises(SettingError, match="only grass, night, sand"):
        predict(without, images, tmp_path / "out.csv", PredictSettings(people="drop"))
