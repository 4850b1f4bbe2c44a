"""Claims about images that are labelled empty without review."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from autofocus.errors import SettingError
from autofocus.model.empty_rule import EmptyRule, SkipRate
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from tests.predicting.models import make_image, make_model
from tests.test_predict import GRASS, SAND

RATES = (SkipRate(0.1, 0.5, 0.0, 0.0, 0.02), SkipRate(0.3, 0.8, 0.04, 0.01, 0.09))
RULE = EmptyRule(0.0, 1.0, 0.0, ("sand",), RATES)
# A little nearer to grass than to sand.
RED, GREEN, BLUE = (round(0.51 * a + 0.49 * b) for a, b in zip(GRASS, SAND, strict=True))
MIXED = (RED, GREEN, BLUE)
THRESHOLDS = {"grass": 0.99, "night": 0.99, "sand": 0.99}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for which sand shows nothing, and which accepts hardly anything."""
    folder = tmp_path_factory.mktemp("model")
    return make_model(folder, empty_rule=RULE, thresholds=THRESHOLDS)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Something, surely nothing, and either."""
    folder = tmp_path_factory.mktemp("images") / "in"
    for number, colour in enumerate((GRASS, SAND, MIXED)):
        make_image(folder / "cam" / f"{number}.JPG", colour, f"2016-07-05T1{number}:00:00")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_images_below_the_score_are_empty_and_accepted(
    model: Path, images: Path, tmp_path: Path
) -> None:
    """Label, decision and event say so, whatever label was the most probable."""
    before = rows(predict(model, images, tmp_path / "before.csv").predictions)
    assert [row["label"] for row in before] == ["grass", "sand", "grass"]
    highest = max(float(row["animal_score"]) for row in before[1:])
    settings = PredictSettings(skip_empty_below=min(0.99, highest + 0.01))
    result = predict(model, images, tmp_path / "out.csv", settings)
    table = rows(result.predictions)
    assert [row["label"] for row in table] == ["grass", "sand", "sand"]
    assert [row["decision"] for row in table[1:]] == ["accept", "accept"]
    assert [row["review_reason"] for row in table[1:]] == ["", ""]
    assert all(row["event"].startswith("cam@sand@") for row in table[1:])
    assert Counter(result.labels) == {"grass": 1, "sand": 2}
    assert all(row["second_label"] != row["label"] for row in table)
    assert {row["label"] for row in rows(result.events)} == {"grass", "sand"}


def test_the_note_tells_how_many_and_what_that_misses(
    model: Path, images: Path, tmp_path: Path
) -> None:
    """The measured rate is that of the next threshold above, with its interval."""
    settings = PredictSettings(skip_empty_below=0.2)
    result = predict(model, images, tmp_path / "out.csv", settings)
    (note,) = [note for note in result.notes if "labelled empty" in note]
    assert "below 0.2: 1 of 3 images" in note
    assert "4.0% (95 % confidence interval 1.0% to 9.0%) were missed below 0.3" in note


def test_without_a_threshold_nothing_is_skipped(model: Path, images: Path, tmp_path: Path) -> None:
    """The next run without the option has the labels of the classifier again."""
    plain = rows(predict(model, images, tmp_path / "plain.csv").predictions)
    path = tmp_path / "out.csv"
    predict(model, images, path, PredictSettings(skip_empty_below=0.99))
    again = predict(model, images, path)
    assert again.counts.reused == 3
    assert rows(again.predictions) == plain


def test_what_was_not_measured_is_said(model: Path, images: Path, tmp_path: Path) -> None:
    """Above the highest measured threshold, nobody knows what is missed."""
    settings = PredictSettings(skip_empty_below=0.9)
    notes = predict(model, images, tmp_path / "out.csv", settings).notes
    assert any("was not measured at this threshold" in note for note in notes)


def test_a_model_without_a_rule_skips_nothing(images: Path, tmp_path: Path) -> None:
    """One sentence says what it lacks, before anything is written."""
    settings = PredictSettings(skip_empty_below=0.2)
    with pytest.raises(SettingError, match="skip_empty_below: the model can't tell"):
        predict(make_model(tmp_path), images, tmp_path / "out.csv", settings)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_a_score_is_a_share(value: float) -> None:
    """Of 1, all images would be empty."""
    with pytest.raises(SettingError, match="skip_empty_below must be from 0 to below 1"):
        PredictSettings(skip_empty_below=value)
