"""Claims about a whole training whose features don't fit in memory."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from PIL import Image

from autofocus.features.runtime import tensorflow
from autofocus.retrain import retrain
from autofocus.retrain_settings import RetrainSettings
from autofocus.training import checkpoint, cross_validation, feature_rows, recipe
from autofocus.training import streamed_regression as module
from autofocus.training.lbfgs import Search, Vector, advance
from autofocus.training.streamed_loss import StreamedLoss

SIDE, LOCATIONS, EACH = 4, 30, 12
LABELS = ("a", "b", "c")


class StoppedError(Exception):
    """Raised in place of a kill."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Images of three colours that overlap, at many locations, and a backbone of their pixels."""
    folder, random = tmp_path_factory.mktemp("streamed"), np.random.default_rng(0)
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    for location in range(LOCATIONS):
        for number in range(EACH):
            label = int(random.integers(3))
            colour = 100 + 12 * np.eye(3)[label] + random.normal(0, 25, (SIDE, SIDE, 3))
            path = folder / "images" / LABELS[label] / f"L{location:02d}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8)).save(path)
    tf = tensorflow()

    class Pixels(tf.Module):  # type: ignore[misc, name-defined] # it ships no types
        @tf.function(input_signature=[tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)])  # type: ignore[untyped-decorator]
        def __call__(self, images: Any) -> Any:
            return tf.reshape(images, [-1, SIDE * SIDE * 3])

    module = Pixels()
    tf.saved_model.save(module, str(folder / "backbone"), signatures=module.__call__)
    yield folder
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a hundred images be too many for memory, and small samples do."""
    monkeypatch.setattr(feature_rows, "MAX_IN_MEMORY", 100 * SIDE * SIDE * 3 * 8)
    monkeypatch.setattr(feature_rows, "BLOCK", 50)
    monkeypatch.setattr(module, "_SAMPLE_BYTES", 100 * SIDE * SIDE * 3 * 4)
    monkeypatch.setattr(module, "_LEAST_PER_CLASS", 10)
    monkeypatch.setattr(recipe, "MAX_SAMPLED", 150)
    monkeypatch.setattr(recipe, "_LEAST_PER_CLASS", 10)
    monkeypatch.setattr(cross_validation, "MAX_SCORED", 200)
    monkeypatch.setattr(cross_validation, "MAX_COMPARED", 60)
    monkeypatch.setattr(checkpoint, "INTERVAL_S", 0.0)


def train(folder: Path, model: str, **more: Any) -> dict[str, Any]:
    """Train, and return the metrics."""
    settings = RetrainSettings(
        tfhub_module=str(folder / "backbone"),
        testing_percentage=30.0,
        view="full",
        location_pattern=r"(L\d+)/",
        **more,
    )
    retrain(folder / "images", folder / model, settings)
    metrics: dict[str, Any] = json.loads((folder / model / "metrics.json").read_text("utf-8"))
    return metrics


def accuracies(metrics: dict[str, Any]) -> list[float]:
    """Return the accuracy on the test, validation and training images."""
    return [metrics[subset]["accuracy"] for subset in ("test", "validation", "training")]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"flip_left_right": True, "views": 2, "folds": 3},
        {"optimizer": "gradient_descent", "how_many_training_steps": 100},
    ],
    ids=["default", "copies, views and folds", "gradient descent"],
)
def test_a_model_is_as_good_as_if_all_fitted_in_memory(
    folder: Path, more: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    """Its accuracies differ by a few images, and the metrics tell of the sample."""
    name = "-".join(["model", *more])
    whole = train(folder, name, **more)
    request.getfixturevalue("streams")
    streamed = train(folder, f"{name}-streamed", **more)
    apart = np.abs(np.subtract(accuracies(streamed), accuracies(whole)))
    # There are few validation images, and fewer in the sample.
    assert (apart < [0.06, 0.15, 0.06]).all()
    assert streamed["split"] == whole["split"]
    assert "sample" not in whole["head"]["chosen_on"]
    if "optimizer" not in more:
        assert "of a sample of" in streamed["head"]["chosen_on"]
    assert not list((folder / f"{name}-streamed").rglob("*.features"))


@pytest.mark.usefixtures("streams")
def test_a_training_that_was_stopped_goes_on_where_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in two of its heads, it ends with the same metrics, and makes no pass twice."""
    steps, stops = [], {0}

    def stopping(search: Search, loss: StreamedLoss, divide: Callable[[Vector], Vector]) -> Search:
        # Not of a search on the sample.
        if len(loss.samples) > 160:
            steps.append(search.steps)
            if len(steps) in stops:
                raise StoppedError
        return advance(search, loss, divide)

    monkeypatch.setattr(module, "advance", stopping)
    whole, number = train(folder, "whole"), len(steps)
    steps.clear()
    stops |= {2, number - 1}
    for _ in range(2):
        with pytest.raises(StoppedError):
            train(folder, "stopped")
    assert train(folder, "stopped") == whole
    assert len(steps) == number + 2
