"""Claims about what predict tells of images and events beside their labels."""

from pathlib import Path

import pytest

from autofocus.model.empty_rule import EmptyRule
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from tests.predicting.models import LABELS, make_image, make_model
from tests.test_predict import COLUMNS, GRASS, NIGHT, SAND, between, rows

SHARES = PredictSettings(probabilities=True, max_rejected=1.0)


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


def test_a_row_tells_how_likely_it_shows_something(tmp_path: Path) -> None:
    """The column is there if the model can tell: of sand, here the empty label, it is low."""
    rule = EmptyRule(0.0, 1.0, 0.0, ("sand",))
    model = make_model(tmp_path, empty_rule=rule)
    for number, colour in enumerate((SAND, GRASS)):
        make_image(tmp_path / "in" / f"{number}.JPG", colour)
    (tmp_path / "in" / "2.JPG").write_bytes(b"broken")
    table = rows(predict(model, tmp_path / "in", tmp_path / "out.csv", SHARES).predictions)
    empty, shown, broken = table
    assert float(empty["animal_score"]) == pytest.approx(1 - float(empty["score"]), abs=1e-4)
    assert float(shown["animal_score"]) > 0.9
    assert broken["animal_score"] == ""
    assert list(empty)[-4:] == ["animal_score", *(f"probability_{one}" for one in LABELS)]
