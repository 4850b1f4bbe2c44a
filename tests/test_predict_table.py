"""Claims about what predict tells of images and events beside their labels."""

from pathlib import Path

import pytest

from autofocus.predict import PredictSettings, predict
from tests.predicting.models import make_image, make_model
from tests.test_predict import COLUMNS, GRASS, NIGHT, SAND, between, rows


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that classifies colours, and has a threshold for one of them."""
    return make_model(tmp_path_factory.mktemp("model"), thresholds={"grass": 0.99, "night": 0.99})


def test_a_row_tells_when_and_where(model: Path, tmp_path: Path) -> None:
    """Date, time, location, camera, light, event and the second label stand beside the label."""
    name = "in/D03-AMP1/1.JPG"
    make_image(tmp_path / name, between(GRASS, NIGHT), "2016-07-05T23:00:00", camera="Reconyx")
    make_image(tmp_path / "in" / "D03-AMP1" / "2.JPG", (90, 90, 90))
    first, second = rows(predict(model, tmp_path / "in", tmp_path / "out.csv").predictions)
    told = dict(zip(COLUMNS.split(","), first.values(), strict=True))
    assert (told["date"], told["time"], told["location"]) == ("2016-07-05", "23:00:00", "D03-AMP1")
    assert (told["camera"], told["night"], second["night"]) == ("Reconyx", "0", "1")
    assert told["event"] == f"D03-AMP1@{told['label']}@2016-07-05T23:00:00"
    assert {told["label"], told["second_label"]} == {"grass", "night"}
    assert 0 < float(told["second_score"]) < float(told["score"])
    assert (told["decision"], told["review_reason"]) == ("review", "low score")
    assert (second["date"], second["time"], second["event"]) == ("", "", "")


def test_events_end_after_a_pause(model: Path, tmp_path: Path) -> None:
    """Half an hour, or as long as the setting says; each label has events of its own."""
    for number, (colour, minute) in enumerate([(GRASS, 0), (SAND, 10), (GRASS, 29), (GRASS, 59)]):
        make_image(
            tmp_path / "in" / "cam" / f"{number}.JPG", colour, f"2016-07-05T11:{minute:02}:00"
        )
    for gap, images in ((30, {"grass": [3], "sand": [1]}), (29.5, {"grass": [2, 1], "sand": [1]})):
        settings = PredictSettings(event_gap=gap)
        result = predict(model, tmp_path / "in", tmp_path / f"{gap}.csv", settings)
        found: dict[str, list[int]] = {}
        for row in rows(result.events):
            found.setdefault(row["label"], []).append(int(row["images"]))
        assert found == images
