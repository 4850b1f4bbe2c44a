"""Claims about the ways in which retrain can train: by place, on motion, for several labels."""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest

from autofocus.detector.weights import FOLDER_VARIABLE
from autofocus.errors import MissingInputError
from autofocus.link_images_by_label import link_images_by_label
from autofocus.model.saved_model import MODEL_FILES, TrainedClassifier
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.retrain import retrain
from autofocus.retrain_result import RetrainResult
from autofocus.retrain_settings import RetrainSettings
from tests.features.pictures import COLOURS, make_classes, make_picture
from tests.killing import finish, kill_when

PLACES = 6
SETTINGS = RetrainSettings(
    testing_percentage=20, validation_percentage=20, location_pattern=r"^(place\d+)/"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Photographs of three colours at six places, and a cache that all tests share."""
    folder = tmp_path_factory.mktemp("ways")
    for number, label in enumerate(COLOURS):
        for place in range(PLACES):
            for shot in range(2):
                seed = 100 * number + 10 * place + shot
                path = folder / "links" / label / f"place{place}" / f"{shot}.JPG"
                make_picture(path, label, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield folder


def train(
    folder: Path, model: Path, settings: RetrainSettings, links: str = "links"
) -> RetrainResult:
    cached = replace(settings, bottleneck_dir=folder / "bottlenecks")
    return retrain(folder / links, model, cached)


def split(model: Path) -> list[dict[str, str]]:
    with (model / "split.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_no_place_is_on_both_sides_and_the_table_tells_why(folder: Path, tmp_path: Path) -> None:
    """`split.csv` has a row for each photograph; all of a place are in one part and one fold."""
    result = train(folder, tmp_path / "model", replace(SETTINGS, folds=3))
    rows = split(tmp_path / "model")
    assert len(rows) == PLACES * 2 * len(COLOURS)
    for key in ("part", "fold"):
        sides: dict[str, set[str]] = {}
        for row in rows:
            sides.setdefault(row["location"], set()).add(row[key])
        assert sorted(sides) == [f"place{n}" for n in range(PLACES)]
        assert all(len(found) == 1 for found in sides.values())
    assert all(row["reason"] for row in rows)
    metrics = result.metrics
    assert metrics.split.level == "location"
    assert metrics.folds
    assert [row.fold for row in metrics.folds.rows] == [1, 2, 3]
    assert metrics.folds.mean == 1.0
    assert metrics.comparison
    assert metrics.comparison.by_group_accuracy == 1.0
    assert "split by location" in str(result)


def test_frame_and_motion_are_one_input_of_the_model(folder: Path, tmp_path: Path) -> None:
    """A model of both views takes them as one array; MLflow's takes images all the same."""
    import mlflow

    result = train(folder, tmp_path / "model", replace(SETTINGS, view="both"))
    classifier = TrainedClassifier(tmp_path / "model")
    assert classifier.description.view == "both"
    assert classifier.description.motion is not None
    views = np.random.default_rng(0).random((3, 2, 224, 224, 3)).astype(np.float32)
    expected = classifier.probabilities(views[:, 0], views[:, 1])
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-5)
    model = mlflow.pyfunc.load_model(f"runs:/{result.run_id}/model")
    paths = sorted((folder / "links" / "sand" / "place0").iterdir())
    table = model.predict(pd.DataFrame({"image": [path.read_bytes() for path in paths]}))
    assert set(table["label"]) == {"sand"}
    assert set(table["box_status"]) == {"whole_frame"}
    assert result.metrics.test.accuracy.value == 1.0


def test_the_view_is_chosen_by_held_out_sequences(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where motion adds nothing the whole frame stays; a note says how to get the detector."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "none"))
    result = train(folder, tmp_path / "model", replace(SETTINGS, view="auto"))
    view = result.metrics.view
    assert view.chosen == "full"
    assert [each.view for each in view.candidates] == ["full", "motion"]
    assert [each.sequence_accuracy for each in view.candidates] == [1.0, 1.0]
    (note,) = (note for note in result.notes if note.startswith("auto did not try the views"))
    assert note.endswith("get them with: autofocus weights megadetector-lite.")


@pytest.mark.parametrize("view", ["detector", "combined"])
def test_a_view_without_its_detector_is_one_sentence(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    view: Literal["detector", "combined"],
) -> None:
    """It is reported before anything is written."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "none"))
    with pytest.raises(MissingInputError, match="autofocus weights megadetector-lite"):
        train(folder, tmp_path / "model", replace(SETTINGS, view=view))
    assert not (tmp_path / "model").exists()


def test_several_labels_on_one_photograph(folder: Path, tmp_path: Path) -> None:
    """A photograph under two labels is learned once, with both, and is answered with both."""
    links = tmp_path / "links"
    for place in range(PLACES):
        for shot in range(2):
            source = folder / "links" / "grass" / f"place{place}" / f"{shot}.JPG"
            for label in ("plant", "green"):
                target = links / label / f"place{place}" / f"g{shot}.JPG"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
            shutil.copytree(
                folder / "links" / "sand" / f"place{place}",
                links / "plant" / f"place{place}",
                dirs_exist_ok=True,
            )
            shutil.copytree(
                folder / "links" / "night" / f"place{place}",
                links / "dark" / f"place{place}",
                dirs_exist_ok=True,
            )
    cached = replace(SETTINGS, multilabel=True, bottleneck_dir=folder / "bottlenecks")
    result = retrain(links, tmp_path / "model", cached)
    assert len(split(tmp_path / "model")) == PLACES * 2 * len(COLOURS)
    assert result.metrics.multilabel
    assert result.metrics.test.accuracy.value == 1.0
    assert TrainedClassifier(tmp_path / "model").description.multilabel
    every = PredictSettings(include_labelled=True)
    answers = predict(tmp_path / "model", folder / "links", tmp_path / "labels.csv", every)
    with answers.predictions.open(encoding="utf-8", newline="") as file:
        found = {
            row["filepath"].split("links/")[1].split("/")[0]: row["label"]
            for row in csv.DictReader(file)
        }
    assert found == {"grass": "green; plant", "sand": "plant", "night": "dark"}


def test_tuned_blocks_are_in_the_saved_model(folder: Path, tmp_path: Path) -> None:
    """With fine tuning the model is whole, and metrics tell of it."""
    settings = replace(SETTINGS, fine_tune_layers=1, fine_tune_epochs=1, fine_tune_rate=1e-5)
    result = train(folder, tmp_path / "model", settings)
    assert result.metrics.head.fine_tuning
    assert result.metrics.head.fine_tuning["layers"] == 1
    assert result.metrics.test.accuracy.value == 1.0
    images = np.zeros((1, 224, 224, 3), np.float32)
    assert TrainedClassifier(tmp_path / "model").probabilities(images).shape == (1, 3)


def test_fine_tuning_that_is_killed_resumes_and_ends_with_the_same_bytes(
    folder: Path, tmp_path: Path
) -> None:
    """Killed after its first epoch and started again, metrics and model are those of one go."""

    def command(name: str) -> list[str | Path]:
        return [
            sys.executable, "-m", "autofocus", "retrain", "--image_dir", folder / "links",
            "--saved_model_dir", tmp_path / name, "--bottleneck_dir", folder / "bottlenecks",
            "--testing_percentage", "20", "--validation_percentage", "20",
            "--fine_tune_layers", "1", "--fine_tune_epochs", "2", "--fine_tune_rate", "1e-3",
        ]  # fmt: skip

    finish(command("whole"))
    memory = tmp_path / "killed" / ".autofocus" / "retrain"
    checkpoint = memory / "checkpoint-fine-tuning.npz"
    kill_when(command("killed"), checkpoint.exists)
    assert not (tmp_path / "killed" / "saved_model.pb").exists()
    finish(command("killed"))
    assert not checkpoint.exists()
    for name in ("metrics.json", "report.html", *MODEL_FILES):
        whole, killed = (tmp_path / each / name for each in ("whole", "killed"))
        assert whole.read_bytes() == killed.read_bytes(), name


# Small trainings take no time, and would keep nothing.
KEEP_ALL = """
import sys
from autofocus.cli import main
from autofocus.training import pieces

pieces.LEAST_S = 0.0
raise SystemExit(main(sys.argv[1:]))
"""


def test_a_training_that_is_killed_goes_on_and_ends_with_the_same_bytes(
    folder: Path, tmp_path: Path
) -> None:
    """Killed between folds and heads, and started again, it computes what is missing alone."""

    def command(name: str) -> list[str | Path]:
        return [
            sys.executable, "-c", KEEP_ALL, "retrain", "--image_dir", folder / "links",
            "--saved_model_dir", tmp_path / name, "--bottleneck_dir", folder / "bottlenecks",
            "--testing_percentage", "20", "--validation_percentage", "20", "--views", "2",
        ]  # fmt: skip

    finish(command("whole"))
    memory = tmp_path / "killed" / ".autofocus" / "retrain"

    def kept() -> int:
        return len(list(memory.glob("checkpoint-*.npz")))

    for number in (3, 20):
        kill_when(command("killed"), lambda number=number: kept() >= number)  # type: ignore[misc]
        assert not (tmp_path / "killed" / "saved_model.pb").exists()
    before = kept()
    done = subprocess.run(command("killed"), capture_output=True, text=True, check=True)
    noted = re.search(r"note: (\d+) of (\d+) parts of the training were kept", done.stderr)
    assert noted
    assert int(noted[1]) >= before
    assert int(noted[1]) < int(noted[2])
    assert not kept()
    for name in ("metrics.json", "report.html", *MODEL_FILES):
        whole, killed = (tmp_path / each / name for each in ("whole", "killed"))
        assert whole.read_bytes() == killed.read_bytes(), name


def test_thresholds_are_stored_with_the_model(folder: Path, tmp_path: Path) -> None:
    """What predict decides by is inside the SavedModel, and in the metrics."""
    settings = replace(SETTINGS, threshold_value=0.5, refit=False)
    result = train(folder, tmp_path / "model", settings)
    description = TrainedClassifier(tmp_path / "model").description
    thresholds = result.metrics.test.thresholds
    assert thresholds
    told = {row.label: row.threshold for row in thresholds.per_class}
    assert description.thresholds == told
    assert description.threshold_target == "precision 0.5"
    assert any(value is not None for value in told.values())
    assert json.loads((tmp_path / "model" / "metrics.json").read_text())["test"]["thresholds"]


def test_cross_validation_stands_in_for_a_missing_validation_part(
    folder: Path, tmp_path: Path
) -> None:
    """Without validation images, folds calibrate and choose thresholds, and nothing denies it."""
    result = train(folder, tmp_path / "model", replace(SETTINGS, validation_percentage=0))
    test = result.metrics.test
    assert test.calibration
    assert test.thresholds
    assert (test.calibration.fitted_on, test.thresholds.fitted_on) == ("cross-validation",) * 2
    assert not any("calibrated" in warning for warning in result.metrics.warnings)
    report = (tmp_path / "model" / "report.html").read_text(encoding="utf-8")
    assert "not calibrated" not in report


def test_without_held_out_images_nothing_is_calibrated_and_that_is_said(
    folder: Path, tmp_path: Path
) -> None:
    """Four images, all for training, are too few groups for folds as well."""
    make_classes(tmp_path / "links", 2, ("sand", "night"))
    settings = RetrainSettings(testing_percentage=0, validation_percentage=0)
    result = train(folder, tmp_path / "model", settings, str(tmp_path / "links"))
    test = result.metrics.test
    assert test.calibration
    assert test.thresholds
    assert (test.calibration.fitted_on, test.thresholds.fitted_on) == ("none", "none")
    assert {row.threshold for row in test.thresholds.per_class} == {None}
    told = "probabilities are not calibrated, and no thresholds could be selected"
    assert any(told in warning for warning in result.metrics.warnings)
    assert told in (tmp_path / "model" / "report.html").read_text(encoding="utf-8")


def test_a_new_image_without_a_label_trains_anew(folder: Path, tmp_path: Path) -> None:
    """It is a frame in which boxes are found; a model that sees whole frames is reused."""
    prepared = tmp_path / "prepared"
    rows = ["filepath,label"]
    for number in range(12):
        label = ("fox", "deer")[number % 2]
        make_picture(prepared / f"{number}.JPG", "sand", number)
        rows.append(f"prepared/{number}.JPG,{label}")
    (prepared / "image_properties.csv").write_text("")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    link_images_by_label(tmp_path / "labels.csv", tmp_path / "links")
    settings = RetrainSettings(split_by="image", bottleneck_dir=folder / "bottlenecks")
    views: tuple[Literal["motion", "full"], ...] = ("motion", "full")

    def train() -> list[bool]:
        return [
            retrain(tmp_path / "links", tmp_path / view, replace(settings, view=view)).is_reused
            for view in views
        ]

    assert train() == [False, False]
    make_picture(prepared / "99.JPG", "sand", 99)
    assert train() == [False, True]
