"""Claims about the monthly job: new images in, tables and formats out."""

import csv
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from autofocus.errors import MissingInputError, OutputConflictError, SettingError
from autofocus.label import LabelResult, label
from autofocus.label_settings import LabelSettings
from autofocus.predict_settings import PredictSettings
from autofocus.preprocess_settings import PreprocessSettings
from tests.conftest import S3
from tests.features.pictures import COLOURS
from tests.killing import finish, kill_when, noted, tree
from tests.predicting.models import LABELS, make_image, make_model

START = datetime(2026, 11, 5, 11)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with thresholds."""
    thresholds = dict.fromkeys(LABELS, 0.8)
    return make_model(tmp_path_factory.mktemp("model"), thresholds=thresholds)


def take(folder: Path, number: int) -> Path:
    """Take an image."""
    path = folder / f"cam{number % 2}" / f"{number}.JPG"
    colour = COLOURS[sorted(COLOURS)[number % 3]]
    make_image(path, colour, (START + timedelta(minutes=2 * number)).isoformat())
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with six images of two cameras."""
    for number in range(6):
        take(tmp_path / "photos", number)
    return tmp_path / "photos"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def statuses(result: LabelResult) -> list[tuple[str, int, int]]:
    return [(stage.stage, stage.counts.ok, stage.counts.reused) for stage in result.stages]


def test_one_command_labels_and_exports(model: Path, images: Path, tmp_path: Path) -> None:
    """Images are preprocessed as the model needs it, labelled and exported; a summary counts."""
    settings = LabelSettings(formats=("megadetector",))
    result = label(images, model, tmp_path / "out", settings)
    table = rows(tmp_path / "out" / "predictions.csv")
    assert [row["label"] for row in table] == ["grass", "sand", "night", "night", "grass", "sand"]
    assert {row["filepath"].split("/")[0] for row in table} == {"preprocessed"}
    assert sum(int(row["images"]) for row in rows(tmp_path / "out" / "events.csv")) == 6
    made = json.loads((tmp_path / "out" / "export" / "megadetector.json").read_text())
    assert [one["file"] for one in made["images"]] == [row["original"] for row in table]
    text = str(result)
    assert "labels:      grass 2, night 2, sand 2" in text
    assert "accepted:    6 images" in text
    assert str(tmp_path / "out" / "predictions.csv") in text


def test_only_what_is_new_is_labelled(model: Path, images: Path, tmp_path: Path) -> None:
    """With one image more, the table grows by its row, and all others are reused."""
    label(images, model, tmp_path / "out")
    before = rows(tmp_path / "out" / "predictions.csv")
    take(images, 6)
    result = label(images, model, tmp_path / "out")
    assert statuses(result) == [("preprocess_images", 1, 6), ("predict", 1, 6)]
    after = rows(tmp_path / "out" / "predictions.csv")
    # The new image may be of an event that began before.
    assert [row for row in after if row["original"] != "cam0/6.JPG"] == before


def test_results_of_other_images_stay(model: Path, images: Path, tmp_path: Path) -> None:
    """Another folder's results don't replace them, unless both folders were moved."""
    label(images, model, tmp_path / "a" / "out")
    take(tmp_path / "other", 7)
    with pytest.raises(OutputConflictError, match="holds the results of"):
        label(tmp_path / "other", model, tmp_path / "a" / "out")
    (tmp_path / "moved").mkdir()
    (tmp_path / "a").rename(tmp_path / "moved" / "a")
    images.rename(tmp_path / "moved" / "photos")
    moved = label(tmp_path / "moved" / "photos", model, tmp_path / "moved" / "a" / "out")
    assert statuses(moved)[-1] == ("predict", 0, 6)


def test_a_wrong_name_is_not_remembered(model: Path, images: Path, tmp_path: Path) -> None:
    """After a folder that isn't there, the right one may be given for the same results."""
    with pytest.raises(MissingInputError, match="There is no folder"):
        label(tmp_path / "potos", model, tmp_path / "out")
    assert label(images, model, tmp_path / "out").predicted.counts.ok == 6


def test_results_among_the_images_are_refused(model: Path, images: Path, tmp_path: Path) -> None:
    """They would be labelled the next month; nor do they go into the folder of a run."""
    with pytest.raises(OutputConflictError, match="lies in the folder of the images"):
        label(images, model, images / "out")
    (tmp_path / "run" / ".autofocus" / "run").mkdir(parents=True)
    with pytest.raises(OutputConflictError, match="results of autofocus run"):
        label(images, model, tmp_path / "run")


def test_a_single_image_is_labelled(model: Path, images: Path, tmp_path: Path) -> None:
    """Without a copy of it, and without the others in its folder."""
    result = label(images / "cam1" / "1.JPG", model, tmp_path / "out")
    (row,) = rows(result.predicted.predictions)
    assert (row["original"], row["label"]) == ("1.JPG", "night")
    assert not (tmp_path / "out" / "preprocessed").exists()


def test_options_are_checked_first(images: Path, tmp_path: Path) -> None:
    """What a stage would reject is rejected before the first one begins; so is a missing model."""
    with pytest.raises(SettingError, match="timezone"):
        LabelSettings(formats=("camtrap-dp",), deployments=tmp_path / "deployments.csv")
    with pytest.raises(SettingError, match="folders links to the original images"):
        LabelSettings(formats=("folders",), keep_raw=False)
    with pytest.raises(MissingInputError, match="no trained model"):
        label(images, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_prefix_of_a_bucket_is_labelled(
    model: Path, images: Path, s3: S3, tmp_path: Path
) -> None:
    """The images below it are downloaded; with their keys as paths, and only once."""
    for path in sorted(images.rglob("*.JPG")):
        s3.put(f"november/{path.relative_to(images).as_posix()}", path.read_bytes())
    s3.put("october/cam0/9.JPG", b"")
    for ok, reused in ((6, 0), (0, 6)):
        result = label(f"s3://{s3.bucket}/november/", model, tmp_path / "out")
        assert statuses(result) == [
            (name, ok, reused) for name in ("download_images", "preprocess_images", "predict")
        ]
    originals = [row["original"] for row in rows(result.predicted.predictions)]
    assert originals[0] == "november/cam0/0.JPG"
    again = label(
        f"s3://{s3.bucket}/november/", model, tmp_path / "lean", LabelSettings(keep_raw=False)
    )
    assert rows(again.predicted.predictions) == rows(result.predicted.predictions)
    assert [stage.stage for stage in again.stages] == [stage.stage for stage in result.stages]
    assert not list((tmp_path / "lean" / "data").rglob("*.JPG"))


def test_a_killed_job_ends_with_the_same_bytes(model: Path, tmp_path: Path) -> None:
    """Killed while it predicts and started again, it leaves what one that wasn't stopped does."""
    for number in range(200):
        take(tmp_path / "photos", number)

    def command(out: Path) -> list[str | Path]:
        words = ["--outdir", str(out), "--formats", "csv", "--batch", "7"]
        stage = [sys.executable, "-m", "autofocus", "label"]
        return [*stage, tmp_path / "photos", "--model", model, *words]

    unstopped, stopped = tmp_path / "unstopped", tmp_path / "stopped"
    finish(command(unstopped))
    kill_when(command(stopped), lambda: noted("predict.predictions.csv")(stopped) >= 40)
    assert not (stopped / "predictions.csv").exists()
    finish(command(stopped))
    assert tree(stopped) == tree(unstopped)


def test_boxes_of_a_file_are_for_predict_alone() -> None:
    """Preprocessing, which writes no table of boxes here, does not get them."""
    settings = LabelSettings(boxes_from=Path("md.json"))
    assert settings.of(PreprocessSettings).boxes_from is None
    assert settings.of(PredictSettings).boxes_from == Path("md.json")
