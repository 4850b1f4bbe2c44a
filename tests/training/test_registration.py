"""Claims about registered models: a new version is the champion only if it is no worse."""

import importlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest

from autofocus.errors import SettingError, StoreError
from autofocus.retrain import retrain
from autofocus.retrain_result import RetrainResult
from autofocus.retrain_settings import RetrainSettings
from autofocus.tracking.registry import registry
from autofocus.training.job import TrainingJob
from autofocus.training.registration import Registration, register
from tests.features.pictures import make_classes
from tests.predicting.models import make_backbone

NAME = "traps"
EACH = 20


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with images of three colours, and MLflow's store in a database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    make_classes(tmp_path / "three", EACH)
    shutil.copytree(tmp_path / "three", tmp_path / "two")
    shutil.rmtree(tmp_path / "two" / "night")
    make_backbone(tmp_path)
    yield tmp_path
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


def train(folder: Path, images: str, model: str, **more: Any) -> RetrainResult:
    settings = RetrainSettings(
        testing_percentage=30,
        validation_percentage=20,
        register=NAME,
        **{"tfhub_module": str(folder / "means"), **more},
    )
    return retrain(folder / images, folder / model, settings)


def roles() -> dict[str, str]:
    """Return the version with each alias."""
    client = mlflow.MlflowClient()
    return {alias: str(v) for alias, v in client.get_registered_model(NAME).aliases.items()}


def registered(result: RetrainResult) -> Registration:
    assert result.registration
    assert str(result.registration) in str(result)
    return result.registration


def test_only_a_model_that_is_no_worse_becomes_the_champion(folder: Path) -> None:
    """The first version is the champion; later ones are compared with it on the same images."""
    first = registered(train(folder, "two", "first"))
    assert (first.version, first.role) == ("1", "champion")
    assert first.reason == "there was no champion"

    # The champion does not know the third class: it predicts the new test images, and is worse.
    second = registered(train(folder, "three", "second"))
    assert (second.version, second.role) == ("2", "champion")
    assert "the lower bound of version 1 is " in second.reason
    assert second.reason.endswith("on the same 19 test images")
    assert roles()["champion"] == "2"

    # Worse on the same test images.
    slow: dict[str, Any] = {"optimizer": "gradient_descent", "learning_rate": 1e-9}
    worse = registered(train(folder, "three", "worse", **slow, how_many_training_steps=1))
    assert (worse.version, worse.role) == ("3", "challenger")
    assert worse.reason.endswith("and version 2 stays the champion")
    assert roles() == {"champion": "2", "challenger": "3"}

    # As good on the same test images: no worse.
    third = registered(train(folder, "three", "third", class_weights="none"))
    assert (third.version, third.role) == ("4", "champion")
    assert roles()["champion"] == "4"

    again = train(folder, "three", "third", class_weights="none")
    assert again.is_reused
    assert registered(again) == third
    client = mlflow.MlflowClient()
    assert len(client.search_model_versions(f"name = '{NAME}'")) == 4
    tags = client.get_model_version(NAME, "4").tags
    assert tags["autofocus_role"] == "champion"
    assert tags["autofocus_reason"] == third.reason
    assert float(tags["balanced_accuracy"]) == 1.0

    # Images that were prepared in another way say nothing of the champion.
    preparation = {"trim_top": 0, "trim_bottom": 8, "min_side": 64}
    (folder / "prepared.json").write_text(json.dumps(preparation))
    make_classes(folder / "more", EACH + 4)
    path = folder / "prepared.json"
    fourth = registered(train(folder, "more", "fourth", preparation_path=path))
    assert fourth.role == "challenger"
    assert "can't be compared with version 4: its images were preprocessed in" in fourth.reason
    assert roles() == {"champion": "4", "challenger": "5"}


@pytest.fixture
def without_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let models be registered when the images are elsewhere, and only their features here."""

    def register_without(job: TrainingJob, *more: Any) -> Registration:
        elsewhere = job.image_dir.with_name("elsewhere")
        job.image_dir.rename(elsewhere)
        try:
            return register(job, *more)
        finally:
            elsewhere.rename(job.image_dir)

    monkeypatch.setattr(importlib.import_module("autofocus.retrain"), "register", register_without)


@pytest.mark.usefixtures("without_images")
def test_a_champion_is_compared_by_features_alone(folder: Path) -> None:
    """Without the images, one that sees them in the same way is; another one stays, and why."""
    assert registered(train(folder, "two", "first")).role == "champion"
    second = registered(train(folder, "three", "second"))
    assert (second.role, second.version) == ("champion", "2")
    assert "the lower bound of version 1 is " in second.reason
    make_classes(folder / "more", EACH + 4)
    (folder / "other").mkdir()
    other = str(make_backbone(folder / "other", counts=0.001))
    third = registered(train(folder, "more", "third", tfhub_module=other))
    assert third.role == "challenger"
    assert third.reason.startswith("it can't be compared with version 2: its backbone is ")
    assert third.reason.endswith(
        "and there are only features of the images. version 2 stays the champion"
    )
    assert roles() == {"champion": "2", "challenger": "3"}


def test_a_champion_must_reach_the_minimum(folder: Path) -> None:
    """Below it, a version is a challenger, even if there is no champion; above it, as ever."""
    slow: dict[str, Any] = {"optimizer": "gradient_descent", "learning_rate": 1e-9}
    slow["how_many_training_steps"] = 1
    worse = registered(train(folder, "three", "worse", **slow, champion_minimum=0.9))
    assert worse.role == "challenger"
    assert "and a champion's must be 90.0% (champion_minimum)" in worse.reason
    assert roles() == {"challenger": "1"}
    better = registered(train(folder, "three", "better", champion_minimum=0.9))
    assert (better.role, better.reason) == ("champion", "there was no champion")
    with pytest.raises(SettingError, match="champion_minimum must be a share"):
        RetrainSettings(register=NAME, champion_minimum=90)
    with pytest.raises(SettingError, match="no effect without register"):
        RetrainSettings(champion_minimum=0.9)


@pytest.mark.parametrize("name", ["", " ", "a/b", "a:b", "it's"])
def test_names_that_mlflow_does_not_take_are_rejected_at_once(name: str) -> None:
    """They are an error of the settings, before anything is trained."""
    with pytest.raises(SettingError, match="register must be a name"):
        RetrainSettings(register=name)


@pytest.mark.usefixtures("folder")
def test_a_run_that_the_store_lacks_is_one_sentence() -> None:
    """Nothing is registered, not even the name."""
    with registry("none") as models, pytest.raises(StoreError, match="can't be used"):
        models.add("0" * 32)
    assert not mlflow.MlflowClient().search_registered_models()
