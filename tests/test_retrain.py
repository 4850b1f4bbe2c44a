"""Claims about the stage retrain, with the real backbone and a real MLflow store."""

import base64
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from autofocus.errors import (
    InputDataError,
    MissingDependencyError,
    MissingInputError,
    OutputConflictError,
    SettingError,
    StoreError,
)
from autofocus.features.backbones.base import Backbone
from autofocus.images.preparing import Preparation
from autofocus.model.saved_model import TrainedClassifier
from autofocus.retrain import retrain
from autofocus.retrain_result import RetrainResult
from autofocus.retrain_settings import RetrainSettings
from autofocus.serving.classifier import ImageClassifier
from autofocus.serving.results import ImageFile
from tests.features.pictures import make_classes, make_picture

SETTINGS = RetrainSettings(
    how_many_training_steps=60,
    learning_rate=0.1,
    testing_percentage=30,
    validation_percentage=20,
    train_batch_size=16,
)
PREPARATION = Preparation(trim_top=3, trim_bottom=5, min_side=32)


@dataclass(frozen=True)
class Trained:
    """A training that several tests look at."""

    folder: Path
    result: RetrainResult

    @property
    def model(self) -> Path:
        return self.folder / "model"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    folder = tmp_path_factory.mktemp("trained")
    make_classes(folder / "links")
    (folder / "links" / "preparation.json").write_text(json.dumps(PREPARATION.to_json()))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield Trained(folder, retrain(folder / "links", folder / "model", SETTINGS))


def metrics(model: Path) -> dict[str, object]:
    figures: dict[str, object] = json.loads((model / "metrics.json").read_text())
    return figures


def test_easy_classes_are_learned(trained: Trained) -> None:
    """Photographs of three plain colours are told apart without a mistake."""
    test = trained.result.metrics.test
    assert test.images > 4
    assert test.accuracy.value == 1.0


def test_all_files_are_written(trained: Trained) -> None:
    """The model, its labels, figures, pictures, report and ledger stand in the model's folder."""
    names = {path.name for path in trained.model.iterdir()}
    assert names >= {
        "saved_model.pb", "variables", "assets", "labels.txt", "metrics.json", "report.html",
        "confusion_matrix.csv", "confusion_matrix.png", "misclassified.csv", "misclassified.jpg",
        "training.png", "ledger.csv", "split.csv", "MODEL_CARD.md",
    }  # fmt: skip
    assert (trained.model / "labels.txt").read_text() == "grass\nnight\nsand\n"


def test_the_saved_model_knows_its_labels_and_preparation(trained: Trained) -> None:
    """What a prediction needs is inside the model."""
    description = TrainedClassifier(trained.model).description
    assert description.labels == ("grass", "night", "sand")
    assert description.preparation == PREPARATION


def test_the_saved_model_serves_without_this_project(trained: Trained) -> None:
    """By TensorFlow alone: images in, probabilities under the given name out, and the labels."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(trained.model))
    images = tf.zeros([2, 224, 224, 3])
    outputs = loaded.signatures["serving_default"](images=images)
    np.testing.assert_allclose(outputs["final_result"].numpy().sum(axis=1), [1, 1], rtol=1e-5)
    labels = loaded.signatures["labels"]()["labels"].numpy()
    assert [label.decode() for label in labels] == ["grass", "night", "sand"]


def test_mlflow_has_the_run(trained: Trained) -> None:
    """Parameters, metrics over steps, files and the model are in MLflow's default local store."""
    import mlflow

    client = mlflow.MlflowClient()
    run = client.get_run(trained.result.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["how_many_training_steps"] == "60"
    assert "learning_rate" not in run.data.params
    assert run.data.tags["backbone"] == "efficientnet-lite0"
    history = client.get_metric_history(trained.result.run_id, "validation_accuracy")
    steps = [metric.step for metric in history]
    assert steps == sorted(set(steps))
    assert run.data.tags["split_level"] == "image"
    assert run.data.tags["split_digest"]
    files = {item.path for item in client.list_artifacts(trained.result.run_id)}
    assert files >= {"report.html", "metrics.json", "confusion_matrix.png", "split.csv"}
    assert (trained.folder / "mlflow.db").is_file()


def test_mlflow_s_model_has_signature_and_example_and_predicts(trained: Trained) -> None:
    """The logged model labels images as the saved one does, by MLflow's own loader."""
    import mlflow

    model = mlflow.pyfunc.load_model(f"runs:/{trained.result.run_id}/model")
    paths = sorted((trained.folder / "links").glob("*/000.JPG"))
    expected = ImageClassifier(trained.model).classify([ImageFile(path) for path in paths])
    table = model.predict(pd.DataFrame({"image": [path.read_bytes() for path in paths]}))
    assert table["label"].tolist() == ["grass", "night", "sand"]
    assert table["score"].tolist() == [one.to_json()["score"] for one in expected]
    assert model.metadata.signature is not None
    assert model.metadata.saved_input_example_info is not None


def test_mlflow_models_predict_works_on_the_logged_model(trained: Trained, tmp_path: Path) -> None:
    """MLflow's own command line labels an image with the logged model."""
    content = (trained.folder / "links" / "sand" / "000.JPG").read_bytes()
    image = base64.b64encode(content).decode()
    (tmp_path / "in.json").write_text(json.dumps({"dataframe_records": [{"image": image}]}))
    words = ["-m", f"runs:/{trained.result.run_id}/model", "-i", str(tmp_path / "in.json")]
    words += ["-t", "json", "-o", str(tmp_path / "out.json"), "--env-manager", "local"]
    subprocess.run(
        [sys.executable, "-m", "mlflow", "models", "predict", *words],
        cwd=trained.folder,
        check=True,
        capture_output=True,
    )
    (row,) = json.loads((tmp_path / "out.json").read_text())["predictions"]
    assert (row["label"], row["status"]) == ("sand", "ok")


def test_a_second_training_on_the_same_images_computes_nothing(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started again, the earlier model stands: no feature vector is computed, no run begun."""

    def fail(*_: object) -> None:
        raise AssertionError("features were computed")

    monkeypatch.setattr(Backbone, "features", fail)
    again = retrain(trained.folder / "links", trained.model, SETTINGS)
    assert again.is_reused
    assert again.counts.reused == again.counts.inputs == 36
    assert again.run_id == trained.result.run_id


@pytest.mark.parametrize("name", ["variables/variables.index", "report.html", "split.csv"])
def test_a_damaged_result_is_trained_again(trained: Trained, tmp_path: Path, name: str) -> None:
    """A copy of an intact training is reused; one whose model, report or split is lost is not."""
    shutil.copytree(trained.model, tmp_path / "model", copy_function=shutil.copyfile)
    settings = replace(SETTINGS, bottleneck_dir=trained.folder / "bottlenecks")
    assert retrain(trained.folder / "links", tmp_path / "model", settings).is_reused
    damaged = tmp_path / "model" / name
    damaged.write_bytes(b"")
    assert not retrain(trained.folder / "links", tmp_path / "model", settings).is_reused
    assert damaged.stat().st_size > 0


def test_a_model_of_an_earlier_recipe_is_not_reused(trained: Trained, tmp_path: Path) -> None:
    """Where cross-validation judged another classifier than the model, the run fails."""
    shutil.copytree(trained.model, tmp_path / "model")
    path = tmp_path / "model" / ".autofocus" / "retrain" / "settings.json"
    earlier = json.loads(path.read_text())["value"]
    del earlier["recipe"]
    path.write_text(json.dumps(earlier))
    settings = replace(SETTINGS, bottleneck_dir=trained.folder / "bottlenecks")
    with pytest.raises(OutputConflictError, match="another version of retrain"):
        retrain(trained.folder / "links", tmp_path / "model", settings)


def test_the_cache_goes_by_content_not_by_name(
    trained: Trained, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same images under other names need no feature vector, and give the same figures."""
    for label in ("grass", "night", "sand"):
        for path in (trained.folder / "links" / label).iterdir():
            target = tmp_path / "links" / label / f"renamed-{path.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    shutil.copy(trained.folder / "links" / "preparation.json", tmp_path / "links")
    monkeypatch.setattr(Backbone, "features", None)
    cache = replace(SETTINGS, bottleneck_dir=trained.folder / "bottlenecks")
    result = retrain(tmp_path / "links", tmp_path / "model", cache)
    assert result.counts.ok == 36
    assert metrics(tmp_path / "model") == metrics(trained.model)


def test_an_image_keeps_its_part_when_others_are_added(trained: Trained, tmp_path: Path) -> None:
    """After images were added, no earlier one has moved to another part."""
    shutil.copytree(trained.folder / "links", tmp_path / "links")
    for number in range(100, 104):
        make_picture(tmp_path / "links" / "sand" / f"{number}.JPG", "sand", number)
    settings = replace(SETTINGS, bottleneck_dir=trained.folder / "bottlenecks")
    result = retrain(tmp_path / "links", tmp_path / "model", settings)
    before = metrics(trained.model)["images"]
    after = result.metrics.images
    assert isinstance(before, dict)
    assert after["grass"] == before["grass"]
    assert all(after["sand"][part] >= before["sand"][part] for part in after["sand"])
    assert sum(after["sand"].values()) == sum(before["sand"].values()) + 4


def test_what_cannot_be_read_is_in_the_ledger_and_the_rest_is_used(
    trained: Trained, tmp_path: Path
) -> None:
    """A broken file and a link to nowhere cost a row each, not the training."""
    shutil.copytree(trained.folder / "links", tmp_path / "links")
    (tmp_path / "links" / "sand" / "broken.JPG").write_text("no picture")
    (tmp_path / "links" / "sand" / "dangling.JPG").symlink_to("gone.JPG")
    (tmp_path / "links" / "sand" / "notes.txt").write_text("ignored")
    settings = replace(SETTINGS, bottleneck_dir=trained.folder / "bottlenecks")
    result = retrain(tmp_path / "links", tmp_path / "model", settings)
    assert result.counts.reasons == {"not_an_image": 1, "image_missing": 1}
    assert "ignored: 1 .txt" in result.notes
    with (tmp_path / "model" / "ledger.csv").open(newline="") as file:
        rejected = [row["input"] for row in csv.DictReader(file) if row["status"] == "rejected"]
    assert rejected == ["sand/broken.JPG", "sand/dangling.JPG"]


def test_other_settings_are_refused(trained: Trained) -> None:
    """The option that differs is named."""
    with pytest.raises(OutputConflictError, match=r"learning_rate = 0\.1, and now it is 0\.01"):
        retrain(
            trained.folder / "links",
            trained.model,
            replace(SETTINGS, learning_rate=0.01),
        )


def test_one_class_is_an_error_with_its_number(tmp_path: Path) -> None:
    """There is nothing to tell apart in one class."""
    make_classes(tmp_path, 3, ("sand",))
    with pytest.raises(InputDataError, match=r"a single class, sand \(3 images\)"):
        retrain(tmp_path, tmp_path / "model", SETTINGS)


def test_no_class_is_an_error(tmp_path: Path) -> None:
    """A folder without classes is told."""
    with pytest.raises(MissingInputError, match="no folder with images"):
        retrain(tmp_path, tmp_path / "model", SETTINGS)


def test_thin_and_empty_classes_are_told_with_numbers(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty class is left out, and a class with fewer images than parts is named."""
    monkeypatch.chdir(trained.folder)
    make_classes(tmp_path / "links", 8, ("sand", "night"))
    make_classes(tmp_path / "links", 1, ("grass",))
    (tmp_path / "links" / "void").mkdir()
    result = retrain(tmp_path / "links", tmp_path / "model", SETTINGS)
    assert any("grass has 1 image, none of them in" in note for note in result.notes)
    assert any("Left out, as their folders are empty: void" in note for note in result.notes)
    assert "grass has 1 image, none" in (tmp_path / "model" / "report.html").read_text()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"split_by": "location"}, "no location is known"), ({"folds": 7}, "7 folds need at least")],
)
def test_after_an_error_the_setting_that_it_names_can_be_corrected(
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wrong: dict[str, Any],
    told: str,
) -> None:
    """What can't be split as asked is told before anything is trained, and can be asked anew."""
    monkeypatch.chdir(trained.folder)
    make_classes(tmp_path / "links", 2)
    model = tmp_path / "model"
    with pytest.raises(SettingError, match=told):
        retrain(tmp_path / "links", model, replace(SETTINGS, **wrong))
    settings = replace(SETTINGS, testing_percentage=0, validation_percentage=0)
    assert retrain(tmp_path / "links", model, settings).metrics.test.images == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"testing_percentage": 60, "validation_percentage": 40},
            "no images are left for training",
        ),
        ({"learning_rate": 0}, "learning_rate must be above 0"),
        ({"train_batch_size": 0}, "train_batch_size"),
        ({"random_crop": -1}, "random_crop must not be negative"),
        ({"patience": -1}, "patience must not be negative"),
    ],
)
def test_settings_that_can_t_be_are_refused(options: dict[str, Any], told: str) -> None:
    """Each impossible option is named."""
    with pytest.raises(SettingError, match=told):
        RetrainSettings(**options)


@pytest.mark.parametrize("patience", [0.0, 0.5])
def test_a_tracking_server_out_of_reach_is_one_sentence(
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    patience: float,
) -> None:
    """MLFLOW_TRACKING_URI is honoured: a server that isn't there is named, no model is left."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    cache = trained.folder / "bottlenecks"
    settings = replace(SETTINGS, bottleneck_dir=cache, patience=patience)
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9 can't be used"):
        retrain(trained.folder / "links", tmp_path / "model", settings)
    assert not (tmp_path / "model" / "saved_model.pb").exists()
    assert ("Retrying for up to" in capsys.readouterr().err) == (patience > 0)


def test_summaries_without_tensorboard_fail_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra that `summaries_dir` requires is named first, not after the training."""
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    settings = RetrainSettings(summaries_dir=tmp_path / "summaries")
    with pytest.raises(MissingDependencyError, match=r"autofocus\[tensorboard\]"):
        retrain(tmp_path / "no_such_folder", tmp_path / "model", settings)


def test_distortions_train_too(trained: Trained, tmp_path: Path) -> None:
    """With all distortions on, training still learns the easy classes."""
    settings = replace(
        SETTINGS,
        how_many_training_steps=8,
        train_batch_size=12,
        learning_rate=0.3,
        flip_left_right=True,
        random_crop=10,
        random_scale=10,
        random_brightness=10,
        bottleneck_dir=trained.folder / "bottlenecks",
    )
    result = retrain(trained.folder / "links", tmp_path / "model", settings)
    assert (result.metrics.test.accuracy.value or 0) > 0.8


def test_killed_while_training_and_started_again_it_ends_with_the_same_metrics(
    trained: Trained, tmp_path: Path
) -> None:
    """`kill -9` in the middle costs nothing: the same figures, and one run in MLflow."""
    command = [
        sys.executable, "-m", "autofocus", "retrain", "--image_dir", "links",
        "--saved_model_dir", str(tmp_path / "model"), "--bottleneck_dir", str(tmp_path / "cache"),
        "--how_many_training_steps", "60", "--learning_rate", "0.1", "--testing_percentage", "30",
        "--validation_percentage", "20", "--train_batch_size", "16",
    ]  # fmt: skip
    environment = {**os.environ, "MLFLOW_EXPERIMENT_NAME": "killed"}
    process = subprocess.Popen(
        command, cwd=trained.folder, env=environment, stderr=subprocess.DEVNULL
    )
    # One second after the embeddings are complete.
    cache = tmp_path / "cache"
    while not list(cache.glob("*.sqlite")):
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "model" / "ledger.csv").exists()
    subprocess.run(command, cwd=trained.folder, env=environment, check=True, capture_output=True)
    assert metrics(tmp_path / "model") == metrics(trained.model)
    with (tmp_path / "model" / "ledger.csv").open(newline="") as file:
        assert {row["status"] for row in csv.DictReader(file)} == {"ok"}

    import mlflow

    (run,) = mlflow.search_runs(experiment_names=["killed"], output_format="list")
    assert run.info.status == "FINISHED"
