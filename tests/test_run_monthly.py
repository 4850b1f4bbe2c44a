"""Claims about a run that is repeated when images have arrived, with a network made in no time."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from autofocus.run import RunResult, run
from tests.features.pictures import COLOURS
from tests.predicting.models import make_backbone, make_image

PARAMETERS = """
local_data: data
preprocess_images: {{indir: images, trim_bottom: 8, min_side: 32}}
clean_detections: {{detections: [detections.csv], strip_components: 1}}
link_images_by_label: {{}}
retrain: {{tfhub_module: {backbone}, testing_percentage: 25, validation_percentage: 25}}
predict: {{}}
"""
CAMERAS, SHOTS = 8, 3


def take(folder: Path, number: int, colour: str) -> str:
    """Take an image, and return its row of the detections."""
    camera, shot = divmod(number, SHOTS)
    name = f"cam{camera}/{shot}.JPG"
    red, green, blue = COLOURS[colour]
    varied = (red + number % 7, green + shot, blue)
    make_image(folder / "images" / name, varied, f"2016-07-25T{camera:02}:{10 * shot:02}:00")
    return f"25/07/2016,images/cam{camera},{shot}.JPG,{colour}\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of images, all but the last camera's with labels."""
    folder = tmp_path_factory.mktemp("monthly")
    detections = "ImageDate,FilePath,FileName,ShortName\n"
    for number in range(CAMERAS * SHOTS):
        row = take(folder / "data", number, sorted(COLOURS)[number // SHOTS % len(COLOURS)])
        detections += row if number < (CAMERAS - 1) * SHOTS else ""
    (folder / "data" / "detections.csv").write_text(detections)
    backbone = make_backbone(folder)
    (folder / "run.yaml").write_text(PARAMETERS.format(backbone=backbone))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield folder


@pytest.fixture(scope="module")
def first(place: Path) -> RunResult:
    """The first month's run."""
    return run(place / "run.yaml", place / "results")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_only_images_without_a_label_are_predicted(first: RunResult, place: Path) -> None:
    """Those that the model was trained and evaluated with are in the ledger alone, with a note."""
    table = rows(place / "results" / "predictions.csv")
    assert [row["original"] for row in table] == ["cam7/0.JPG", "cam7/1.JPG", "cam7/2.JPG"]
    assert {row["split"] for row in table} == {""}
    predicted = first.stages[-1]
    assert predicted.counts.reasons == {"labelled": 21}
    assert any("their labels: 21 images (" in note for note in predicted.notes)


@pytest.mark.usefixtures("first")
def test_predictions_follow_a_model_that_was_trained_anew(place: Path) -> None:
    """With ten more images and labels, the same run trains again, and no old prediction stays."""
    before = rows(place / "results" / "predictions.csv")
    detections = place / "data" / "detections.csv"
    new = [take(place / "data", CAMERAS * SHOTS + number, "sand") for number in range(10)]
    detections.write_text(detections.read_text() + "".join(new[:6]))
    result = run(place / "run.yaml", place / "results")
    assert not result.training.is_reused
    after = rows(place / "results" / "predictions.csv")
    assert len(after) == len(before) + 4
    assert len({row["model"] for row in after}) == 1
    assert {row["model"] for row in after}.isdisjoint(row["model"] for row in before)
    assert any(before[0]["model"] in note for note in result.stages[-1].notes)


@pytest.mark.usefixtures("first")
def test_a_run_whose_images_all_have_labels_succeeds(place: Path) -> None:
    """The table is empty then, and a note says that there was nothing to label."""
    for row in rows(place / "results" / "predictions.csv"):
        (place / "data" / "images" / row["original"]).unlink(missing_ok=True)
    result = run(place / "run.yaml", place / "results")
    assert rows(place / "results" / "predictions.csv") == []
    assert any("their labels: all images (" in note for note in result.stages[-1].notes)
