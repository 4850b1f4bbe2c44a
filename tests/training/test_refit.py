"""Claims about measuring a head without the test images, and training it on all afterwards."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from autofocus.features.pixels import to_batch, to_pixels
from autofocus.features.runtime import tensorflow
from autofocus.images.reading import read_image
from autofocus.model.saved_model import TrainedClassifier
from autofocus.retrain import retrain
from autofocus.retrain_settings import RetrainSettings

SIDE, FEATURES, IMAGES = 16, 700, 160
LABELS = ("a", "b")


@dataclass(frozen=True)
class Trained:
    """A model that was trained on images of noise with labels by chance.

    Attributes:
        folder: of the model.
        summary: as it is printed.
        metrics: what is in `metrics.json`.
        images: as the network takes them.
        labels: the number of each image's label.
        is_test: which are in the test split.
    """

    folder: Path
    summary: str
    metrics: dict[str, Any]
    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    is_test: NDArray[np.bool_]

    def accuracy(self, *, measured: bool, is_test: bool = True) -> float:
        """Return the accuracy of a head of the saved model on the test split, or on the others."""
        predicted = self.scores(measured=measured, is_test=is_test).argmax(axis=1)
        return float((predicted == self.labels[self.is_test == is_test]).mean())

    def scores(self, *, measured: bool, is_test: bool = True) -> NDArray[np.float32]:
        """Return the probabilities of one of the heads, shape (N, C)."""
        images = self.images[self.is_test == is_test]
        return TrainedClassifier(self.folder).scores(images, measured=measured).probabilities


def make_noise(folder: Path) -> None:
    """Draw images of noise under labels by chance, and a backbone that tells each from all others.

    Whatever is trained on can be learned by heart, and nothing else can be known.
    """
    random = np.random.default_rng(3)
    for number in range(IMAGES):
        path = folder / "images" / LABELS[random.integers(2)] / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(256, size=(SIDE, SIDE, 3)).astype(np.uint8)).save(path)
    tf = tensorflow()
    projection = random.normal(size=(SIDE * SIDE * 3, FEATURES)).astype(np.float32)

    class Projection(tf.Module):  # type: ignore[misc, name-defined] # it ships no types
        @tf.function(input_signature=[tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)])  # type: ignore[untyped-decorator]
        def __call__(self, images: Any) -> Any:
            return tf.matmul(tf.reshape(images, [-1, SIDE * SIDE * 3]), projection)

    module = Projection()
    tf.saved_model.save(module, str(folder / "backbone"), signatures=module.__call__)


def train(folder: Path, model: str, **more: Any) -> Trained:
    shares = {"testing_percentage": 30.0, "validation_percentage": 20.0}
    settings = RetrainSettings(tfhub_module=str(folder / "backbone"), **{**shares, **more})
    summary = str(retrain(folder / "images", folder / model, settings))
    metrics = json.loads((folder / model / "metrics.json").read_text(encoding="utf-8"))
    with (folder / model / "split.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    paths = [folder / "images" / row["filepath"] for row in rows]
    pixels = [to_pixels(read_image(path).image, (SIDE, SIDE)) for path in paths]
    return Trained(
        folder / model,
        summary,
        metrics,
        to_batch(pixels),
        np.array([LABELS.index(path.parent.name) for path in paths]),
        np.array([row["part"] == "test" for row in rows]),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with images of noise and a backbone, and MLflow's store in a database."""
    folder = tmp_path_factory.mktemp("refit")
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    make_noise(folder)
    yield folder
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def refitted(folder: Path) -> Trained:
    """A model as it is trained by default."""
    return train(folder, "refitted")


def test_the_metrics_know_nothing_of_the_test_images(refitted: Trained) -> None:
    """Where labels are chance, the accuracy is, and no threshold is promised."""
    test = refitted.metrics["test"]
    assert abs(test["accuracy"] - 0.5) < 0.2
    assert [row["threshold"] for row in test["thresholds"]["per_class"]] == [None, None]
    assert all(row["validation_accuracy"] < 0.7 for row in refitted.metrics["head"]["path"])


def test_the_saved_model_has_learned_from_the_test_images(refitted: Trained) -> None:
    """The head that answers knows the test images by heart, and the measured one doesn't."""
    assert refitted.accuracy(measured=False) > 0.95
    assert refitted.accuracy(measured=True) < 0.7
    assert refitted.accuracy(measured=True, is_test=False) > 0.95
    refit = refitted.metrics["refit"]
    assert (refit["is_refitted"], refit["images"], refit["reason"]) == (True, IMAGES, "")
    assert refit["measured_images"] == (~refitted.is_test).sum()
    assert f"saved model trained on all {IMAGES} images afterwards" in refitted.summary


def test_the_measured_head_gives_the_reported_accuracy_again(refitted: Trained) -> None:
    """Anyone can compute the reported accuracy from the saved model and the test images."""
    reported = refitted.metrics["test"]["accuracy"]
    assert refitted.accuracy(measured=True) == pytest.approx(reported)


def test_rules_of_the_saved_model_are_fitted_to_heads_without_the_image(refitted: Trained) -> None:
    """Though it knows all images by heart, it accepts none without review."""
    description = TrainedClassifier(refitted.folder).description
    assert description.is_refitted
    assert description.thresholds == {"a": None, "b": None}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"refit": False}, "refit was switched off"),
        ({"testing_percentage": 0.0}, "there are no test images"),
    ],
)
def test_a_model_may_be_the_one_that_was_measured(
    folder: Path, more: dict[str, Any], reason: str
) -> None:
    """With --no-refit, or without test images, the metrics say why there is a single head."""
    trained = train(folder, reason.replace(" ", "-"), **more)
    refit = trained.metrics["refit"]
    assert (refit["is_refitted"], refit["reason"]) == (False, reason)
    assert refit["images"] == refit["measured_images"] == (~trained.is_test).sum()
    both = [trained.accuracy(measured=measured, is_test=False) for measured in (False, True)]
    assert both[0] == both[1] > 0.95
    assert not TrainedClassifier(trained.folder).description.is_refitted
    assert "refit:" not in trained.summary


@pytest.mark.parametrize(
    "more", [{"optimizer": "gradient_descent", "learning_rate": 1e-4}, {"multilabel": True}]
)
def test_other_ways_of_training_are_refitted_too(folder: Path, more: dict[str, Any]) -> None:
    """On test images, the saved head's scores go with the labels, the measured one's don't."""
    trained = train(folder, next(iter(more)), how_many_training_steps=500, **more)
    labels = trained.labels[trained.is_test]
    saved, measured = (trained.scores(measured=each) for each in (False, True))
    assert np.corrcoef(saved[:, 1] - saved[:, 0], labels)[0, 1] > 0.5
    assert abs(np.corrcoef(measured[:, 1] - measured[:, 0], labels)[0, 1]) < 0.35
    assert trained.metrics["refit"]["is_refitted"]
