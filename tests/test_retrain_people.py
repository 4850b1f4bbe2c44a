"""Claims about people in what a training leaves."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.retrain import retrain
from autofocus.retrain_settings import RetrainSettings
from tests.features.pictures import COLOURS
from tests.predicting.models import make_backbone, make_image

PICTURES = (".jpg", ".png")
RED = (230, 20, 20)
_DATA_URL = re.compile(r"data:image/(?:jpeg|png);base64,([A-Za-z0-9+/=]+)")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of which the red ones show people or sand, so that a model confuses them."""
    folder = tmp_path_factory.mktemp("people")
    for number in range(24):
        for label in ("grass", "Human", "sand"):
            colour = COLOURS["grass"] if label == "grass" else RED
            red, green, blue = colour
            name = f"links/{label}/cam{number // 3}/{label}{number}.png"
            make_image(folder / name, (red + number % 7, green, blue + number % 5))
    make_backbone(folder)
    return folder


def shown(folder: Path) -> list[Image.Image]:
    """Return all images in the files below a folder, those inside reports included."""
    pictures = [path.read_bytes() for path in folder.rglob("*.*") if path.suffix in PICTURES]
    for path in folder.rglob("*.html"):
        pictures += map(base64.b64decode, _DATA_URL.findall(path.read_text("utf-8")))
    return [Image.open(io.BytesIO(content)) for content in pictures]


def has_red(image: Image.Image) -> bool:
    """Return whether a patch has the colour of the images of people."""
    pixels = np.asarray(image.convert("RGB"), int)
    return int((np.abs(pixels - RED).max(axis=2) < 20).sum()) > 200


@pytest.mark.parametrize("show_people", [False, True])
def test_people_are_shown_only_if_asked(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, show_people: bool
) -> None:
    """Neither report nor contact sheet, nor MLflow's artifacts show what may be a person."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    settings = RetrainSettings(
        tfhub_module=str(images / "means"), testing_percentage=40, location_pattern=r"(cam\d)/"
    )
    retrain(
        images / "links",
        tmp_path / "model",
        replace(settings, show_people=show_people, bottleneck_dir=images / "bottlenecks"),
    )
    mistakes = (tmp_path / "model" / "misclassified.csv").read_text()
    assert "Human" in mistakes
    every = shown(tmp_path)
    assert len(every) > 5
    assert any(map(has_red, every)) is show_people
