"""Claims about labelling with a model that sees the box around motion."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.images.capture import Capture, to_exif
from autofocus.motion.settings import MotionSettings
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.tables.columns import PREDICTION_BOX, PREDICTIONS
from autofocus.tables.merging import merge_tables
from tests.features.pictures import COLOURS
from tests.predicting.models import LABELS, make_model

WIDTH, HEIGHT = 112, 80
SQUARE = (56, 16, 88, 48)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that sees frame and crop, and classifies by the colour of the crop."""
    folder = tmp_path_factory.mktemp("model")
    return make_model(folder, view="both", motion=MotionSettings())


def make_camera(folder: Path, number: int = 7, seed: int = 0) -> None:
    """Write what a camera saw: sand, and in the middle frame something green upon it."""
    random = np.random.default_rng(seed)
    ground = np.array(COLOURS["sand"]) + random.normal(0, 12, (HEIGHT, WIDTH, 1))
    folder.mkdir(parents=True)
    for place in range(number):
        pixels = ground + random.normal(0, 2, ground.shape)
        if place == number // 2:
            left, top, right, bottom = SQUARE
            pixels[top:bottom, left:right] = COLOURS["grass"]
        if place == 1:
            # The footer, which the model's preparation trims away.
            pixels[-8:] = 0
        image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        exif = to_exif(Capture("2016-07-05", f"11:{5 * place:02}:00", "DateTimeOriginal"))
        image.save(folder / f"{place}.JPG", quality=95, exif=exif)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_crop_is_looked_at(model: Path, tmp_path: Path) -> None:
    """What moved is more of the crop than of the frame, and the table says where it is."""
    make_camera(tmp_path / "in" / "cam")
    settings = PredictSettings(probabilities=True)
    table = rows(predict(model, tmp_path / "in", tmp_path / "out.csv", settings).predictions)
    full = make_model(tmp_path)
    frames = rows(predict(full, tmp_path / "in", tmp_path / "full.csv", settings).predictions)
    columns = [*PREDICTIONS, *PREDICTION_BOX, *(f"probability_{label}" for label in LABELS)]
    assert list(table[0]) == columns
    moved, others = table.pop(3), table
    frame = frames.pop(3)
    assert float(moved["probability_grass"]) > 2 * float(frame["probability_grass"]) > 0
    assert moved["box_status"] == "motion"
    left, top = float(moved["box_left"]) * WIDTH, float(moved["box_top"]) * (HEIGHT - 8)
    right = left + float(moved["box_width"]) * WIDTH
    bottom = top + float(moved["box_height"]) * (HEIGHT - 8)
    assert left <= SQUARE[0] + 6
    assert top <= SQUARE[1] + 6
    assert right >= SQUARE[2] - 6
    assert bottom >= SQUARE[3] - 6
    assert float(moved["box_score"]) > 0
    assert [row["score"] for row in others] == [row["score"] for row in frames]
    assert {row["box_status"] for row in others} == {"whole_frame"}


def test_a_single_frame_is_looked_at_as_a_whole(model: Path, tmp_path: Path) -> None:
    """Without a neighbour the box is the frame, and the row says so."""
    make_camera(tmp_path / "in" / "cam", number=1)
    (row,) = rows(predict(model, tmp_path / "in", tmp_path / "out.csv").predictions)
    assert [row[column] for column in PREDICTION_BOX] == [
        *("0.0000", "0.0000", "1.0000", "1.0000", "0.0000", "whole_frame"),
    ]
    assert row["label"] == "sand"


def test_an_image_is_done_again_when_a_neighbour_changes(model: Path, tmp_path: Path) -> None:
    """A neighbour written anew makes its neighbours stale; other cameras' labels are reused."""
    make_camera(tmp_path / "in" / "a")
    make_camera(tmp_path / "in" / "b", seed=1)
    predict(model, tmp_path / "in", tmp_path / "out.csv")
    assert predict(model, tmp_path / "in", tmp_path / "out.csv").counts.reused == 14
    os.utime(tmp_path / "in" / "a" / "3.JPG")
    counts = predict(model, tmp_path / "in", tmp_path / "out.csv").counts
    assert counts.ok >= 3
    assert counts.reused >= 7


def test_a_broken_neighbour_costs_no_image(model: Path, tmp_path: Path) -> None:
    """An image whose pixels are cut off is rejected; the others get their labels."""
    make_camera(tmp_path / "in" / "cam", number=9)
    broken = tmp_path / "in" / "cam" / "2.JPG"
    broken.write_bytes(broken.read_bytes()[:2000])
    settings = PredictSettings(max_rejected=0.5)
    table = rows(predict(model, tmp_path / "in", tmp_path / "out.csv", settings).predictions)
    assert [row["status"] for row in table] == ["ok"] * 2 + ["truncated"] + ["ok"] * 6
    assert table[4]["box_status"] == "motion"
    assert table[2]["box_status"] == table[2]["box_left"] == ""


def test_shards_and_tables_see_the_same(model: Path, tmp_path: Path) -> None:
    """Neighbours that are not to be labelled are read nevertheless, in shards and in one run."""
    for number in range(4):
        make_camera(tmp_path / "in" / f"cam{number}", seed=number)
    whole = predict(model, tmp_path / "in", tmp_path / "whole.csv").predictions
    parts = [
        predict(
            model, tmp_path / "in", tmp_path / f"part{number}.csv", PredictSettings(shard=shard)
        ).predictions
        for number, shard in enumerate(("0/2", "1/2"))
    ]
    merge_tables(parts, tmp_path / "merged.csv", "filepath")
    assert (tmp_path / "merged.csv").read_bytes() == whole.read_bytes()
    (tmp_path / "list.csv").write_text("filepath\nin/cam1/3.JPG\n")
    settings = PredictSettings(table=tmp_path / "list.csv")
    (row,) = rows(predict(model, tmp_path / "in", tmp_path / "one.csv", settings).predictions)
    # Its event has no other image then.
    others = [other | {"event": row["event"]} for other in rows(whole)]
    assert row in others
