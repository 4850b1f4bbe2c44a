"""Claims about labelling with a model that sees what the detector finds."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from autofocus.boxes.crop_shape import CropShape
from autofocus.detector.settings import DetectorSettings
from autofocus.detector.weights import FOLDER_VARIABLE
from autofocus.errors import MissingInputError, SettingError
from autofocus.images.capture import Capture, to_exif
from autofocus.images.preparing import Preparation
from autofocus.motion.settings import TIGHT
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.tables.merging import merge_tables
from tests.detector.scenes import TRUTH, deer
from tests.predicting.models import make_model

# The preparation of the model trims 8 rows.
WIDTH, HEIGHT, FOOTER = 240, 180, 8
START = datetime(2016, 7, 5, 11)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, detector_weights: Path) -> Path:
    """A model that sees the crop around what the detector finds."""
    assert detector_weights.is_file()
    return make_detector_model(tmp_path_factory.mktemp("model"))


def make_detector_model(folder: Path, detector: DetectorSettings = DetectorSettings()) -> Path:
    folder.mkdir(exist_ok=True)
    return make_model(
        folder,
        preparation=Preparation(trim_top=0, trim_bottom=FOOTER, min_side=HEIGHT - FOOTER),
        view="combined",
        motion=TIGHT,
        detector=detector,
        crop=CropShape(),
    )


def save(path: Path, moment: datetime, *, shows_deer: bool = True) -> None:
    """Write an image of a deer, which stands at the same place always, or of nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (WIDTH, HEIGHT), (110, 125, 90))
    if shows_deer:
        image.paste(deer(WIDTH, HEIGHT - FOOTER))
    date, time = moment.isoformat().split("T")
    image.save(path, quality=95, exif=to_exif(Capture(date, time, "DateTimeOriginal")))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_single_image_has_the_detector_s_box(model: Path, tmp_path: Path) -> None:
    """It needs no other image; where nothing is found, the whole frame is used."""
    save(tmp_path / "in/a/deer.JPG", START)
    save(tmp_path / "in/b/empty.JPG", START, shows_deer=False)
    found, empty = rows(predict(model, tmp_path / "in", tmp_path / "out.csv").predictions)
    assert found["box_status"] == "detector"
    left, top, right, bottom = TRUTH
    edges = [float(found[f"box_{name}"]) for name in ("left", "top", "width", "height")]
    assert edges == pytest.approx([left, top, right - left, bottom - top], abs=0.06)
    assert float(found["box_score"]) > 0.5
    assert empty["box_status"] == "whole_frame"


def test_only_images_whose_own_box_changes_are_labelled_again(model: Path, tmp_path: Path) -> None:
    """What stood there in seven sequences and comes an eighth time belongs to the scene."""
    for number in range(7):
        save(tmp_path / f"in/a/{number}.JPG", START + number * DAY)
        save(tmp_path / f"in/b/{number}.JPG", START + number * HOUR)
    save(tmp_path / "in/a/empty.JPG", START + HOUR, shows_deer=False)
    table = rows(predict(model, tmp_path / "in", tmp_path / "out.csv").predictions)
    assert {row["box_status"] for row in table} == {"detector", "whole_frame"}
    save(tmp_path / "in/a/7.JPG", START + 7 * DAY)
    save(tmp_path / "in/b/7.JPG", START + 7 * HOUR)
    again = predict(model, tmp_path / "in", tmp_path / "out.csv")
    status = {row["filepath"]: row["box_status"] for row in rows(again.predictions)}
    assert {status[f"in/a/{number}.JPG"] for number in range(8)} == {"whole_frame"}
    assert {status[f"in/b/{number}.JPG"] for number in range(8)} == {"detector"}
    fresh = predict(model, tmp_path / "in", tmp_path / "fresh.csv")
    assert fresh.predictions.read_bytes() == again.predictions.read_bytes()


def test_shards_and_one_run_give_the_same_table(model: Path, tmp_path: Path) -> None:
    """Repeats are those of a camera's folders, which are never divided."""
    for camera in range(4):
        for number in range(8 if camera else 3):
            path = tmp_path / f"in/{camera}/100MEDIA/{number}.JPG"
            save(path, START + number * DAY)
    whole = predict(model, tmp_path / "in", tmp_path / "whole.csv").predictions
    parts = [
        predict(
            model, tmp_path / "in", tmp_path / f"part{number}.csv", PredictSettings(shard=shard)
        ).predictions
        for number, shard in enumerate(("0/2", "1/2"))
    ]
    merge_tables(parts, tmp_path / "merged.csv", "filepath")
    assert (tmp_path / "merged.csv").read_bytes() == whole.read_bytes()
    assert {row["box_status"] for row in rows(whole)} == {"detector", "whole_frame"}


def test_a_broken_image_costs_no_other(model: Path, tmp_path: Path) -> None:
    """It is rejected; the others of its camera have their boxes."""
    for number in range(3):
        save(tmp_path / f"in/a/{number}.JPG", START + number * HOUR)
    broken = tmp_path / "in/a/1.JPG"
    broken.write_bytes(broken.read_bytes()[:2000])
    settings = PredictSettings(max_rejected=0.5)
    table = rows(predict(model, tmp_path / "in", tmp_path / "out.csv", settings).predictions)
    assert [row["box_status"] for row in table] == ["detector", "", "detector"]


def test_missing_weights_are_one_sentence_at_the_start(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how to get them, and nothing is written."""
    save(tmp_path / "in/a/deer.JPG", START)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "none"))
    with pytest.raises(MissingInputError, match="autofocus weights megadetector-lite"):
        predict(model, tmp_path / "in", tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == [tmp_path / "in"]


def test_a_model_of_other_weights_is_one_sentence(tmp_path: Path, detector_weights: Path) -> None:
    """Boxes of another detector would not be those that the model was trained on."""
    assert detector_weights.is_file()
    save(tmp_path / "in/a/deer.JPG", START)
    model = make_detector_model(tmp_path / "other", DetectorSettings(digest="0" * 64))
    with pytest.raises(SettingError, match="use the version that trained the model"):
        predict(model, tmp_path / "in", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
