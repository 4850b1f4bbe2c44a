"""Claims that evaluation, predict and the SavedModel by itself say the same of the same images.

A small model is trained on frames of several cameras, on which a square of noisy colour moves, so
that some test images are labelled wrongly, and some are accepted.
"""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.features.backbones import load_backbone
from autofocus.features.crop import crops_of
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.pixels import to_batch
from autofocus.features.runtime import tensorflow
from autofocus.images.capture import Capture, to_exif
from autofocus.images.preparing import Preparation
from autofocus.images.reading import read_image
from autofocus.link_images_by_label import link_images_by_label
from autofocus.model.head import Head
from autofocus.model.saved_model import read_description
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.retrain import retrain
from autofocus.retrain_settings import RetrainSettings
from autofocus.runs import files
from autofocus.runs.journal import Outcome, read_outcomes
from tests.detector.scenes import deer
from tests.features.backbones.onnx_networks import save_means
from tests.features.pictures import COLOURS
from tests.predicting.models import make_backbone

CAMERAS, SHOTS, FRAMES = 8, 16, 2
WIDTH, HEIGHT, FOOTER, SQUARE = 112, 80, 8, 32
SPREAD = 75
START = datetime(2016, 7, 5, 11)
PREPARATION = Preparation(trim_top=0, trim_bottom=FOOTER, min_side=HEIGHT - FOOTER)
# Probabilities are of single precision, and predict rounds them to 6 digits.
TOLERANCE = 1.5e-6
ALL = PredictSettings(include_labelled=True)
VIEWS = 3


@dataclass(frozen=True)
class Run:
    """A trained model, and its predictions for the images that it was trained and tested on."""

    folder: Path
    backbone: Path
    view: str

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics of the test split, as reported by the training."""
        metrics = json.loads((self.folder / "model" / "metrics.json").read_text("utf-8"))
        return dict(metrics["test"])

    @property
    def split(self) -> dict[str, dict[str, str]]:
        """The rows of the split table by the image's name."""
        links = {row["link"]: row["filepath"] for row in rows(self.folder / "links" / "links.csv")}
        return {
            links[row["filepath"]].removeprefix("../prepared/"): row
            for row in rows(self.folder / "model" / "split.csv")
        }

    @property
    def tested(self) -> list[tuple[str, dict[str, str]]]:
        """The true label and the prediction of each test image."""
        predictions = {
            row["filepath"].removeprefix("prepared/"): row for row in rows(self.predictions)
        }
        return [
            (row["label"], predictions[name])
            for name, row in self.split.items()
            if row["part"] == "test"
        ]

    @property
    def predictions(self) -> Path:
        return self.folder / "predictions.csv"

    @property
    def outcomes(self) -> list[Outcome]:
        """What predict has in its journal, with probabilities of 6 digits."""
        memory = self.folder / ".autofocus" / "predict.predictions.csv"
        return list(read_outcomes(memory / "finished.jsonl"))


@pytest.fixture(scope="module", params=["full", "both", "both onnx views", "detector"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A model of some views, and one with an ONNX file as backbone that averages three views."""
    view, *kind = request.param.split()
    folder = tmp_path_factory.mktemp("one_path")
    if view == "detector":
        request.getfixturevalue("detector_weights")
    draw_images(folder, paint_deer if view == "detector" else paint_square)
    preprocess_images(
        folder / "raw",
        folder / "prepared",
        PreprocessSettings(trim_bottom=FOOTER, min_side=HEIGHT - FOOTER),
    )
    link_images_by_label(folder / "labels.csv", folder / "links")
    backbone = save_means(folder / "means.onnx") if kind else make_backbone(folder)
    settings = RetrainSettings(
        tfhub_module=str(backbone),
        view=view,
        views=VIEWS if kind else 1,
        # The head that predicts is the one that was evaluated.
        refit=False,
        testing_percentage=30,
        validation_percentage=20,
        threshold_value=0.75,
        unknown_share=0.1,
        location_pattern=r"(cam\d)/",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        retrain(folder / "links", folder / "model", settings)
    predict(folder / "model", folder / "prepared", folder / "predictions.csv", ALL)
    return Run(folder, backbone, view)


def draw_images(folder: Path, paint: Callable[..., None]) -> None:
    """Draw what cameras saw: their own ground, and something of a label's noisy colour."""
    random = np.random.default_rng(0)
    labels = ["filepath,label"]
    for camera in range(CAMERAS):
        ground = 120 + random.normal(0, 12, (HEIGHT, WIDTH, 1))
        for shot in range(SHOTS):
            sequence = shot // FRAMES
            label = sorted(COLOURS)[(camera + sequence) % len(COLOURS)]
            pixels = ground + random.normal(0, 2, ground.shape)
            left, top = (random.integers(0, side - SQUARE) for side in (WIDTH, HEIGHT - FOOTER))
            pixels = np.broadcast_to(pixels, (HEIGHT, WIDTH, 3)).copy()
            colour = np.array(COLOURS[label]) + random.normal(0, SPREAD, 3)
            paint(pixels, int(left), int(top), colour)
            name = f"cam{camera}/{shot:02}.png"
            save(
                folder / "raw" / name,
                pixels,
                START + timedelta(seconds=40 * shot + 300 * sequence),
            )
            labels.append(f"prepared/{name},{label}")
    (folder / "labels.csv").write_text("\n".join(labels))


def paint_square(
    pixels: NDArray[np.float64], left: int, top: int, colour: NDArray[np.float64]
) -> None:
    """Paint a square of a colour."""
    pixels[top : top + SQUARE, left : left + SQUARE] = colour


def paint_deer(
    pixels: NDArray[np.float64], left: int, top: int, colour: NDArray[np.float64]
) -> None:
    """Paint a deer, which the detector finds, in the light of a colour."""
    shown = np.asarray(deer().resize((WIDTH, HEIGHT - FOOTER)), np.float64)
    shift = (top - 20) // 2, (left - 40) // 2
    lit = np.roll(shown, shift, (0, 1)) * (0.55 + 0.45 * np.clip(colour, 0, 255) / 128)
    pixels[: HEIGHT - FOOTER] = lit


def save(path: Path, pixels: NDArray[np.float64], moment: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    date, time = moment.isoformat().split("T")
    exif = to_exif(Capture(date, time, "DateTimeOriginal"))
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, exif=exif)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def crops(run: Run, outcome: Outcome) -> list[Any]:
    """Return what the model sees of an image."""
    description = read_description(run.folder / "model")
    box = Box.from_json(outcome.extra["box"]) if "box" in outcome.extra else None
    return list(crops_of(description.view, box, description.crop))


def test_evaluation_labels_test_images_as_predict_does(run: Run) -> None:
    """Accuracy, confusion and sequences' accuracy are those of the predictions' table."""
    right = [label == row["label"] for label, row in run.tested]
    assert 0.5 < run.metrics["accuracy"] < 1
    assert run.metrics["accuracy"] == np.mean(right)
    labels = sorted(COLOURS)
    confusion = np.zeros((len(labels), len(labels)), int)
    for label, row in run.tested:
        confusion[labels.index(label), labels.index(row["label"])] += 1
    assert run.metrics["confusion_matrix"] == confusion.tolist()


def test_evaluation_lets_sequences_vote_as_predict_does(run: Run) -> None:
    """The share of sequences with the right label is that of the predictions' table."""
    votes = {row["sequence"]: label == row["sequence_label"] for label, row in run.tested}
    sequence = run.metrics["sequence"]
    assert 0.5 < sequence["accuracy"] < 1
    assert (sequence["sequences"], sequence["accuracy"]) == (
        len(votes),
        np.mean(list(votes.values())),
    )


def test_evaluation_scores_mistakes_as_predict_does(run: Run) -> None:
    """The table of mistakes has the images that predict labels wrongly, with its scores."""
    names = {row["filepath"]: name for name, row in run.split.items()}
    mistakes = {
        names[row["image"]]: (row["answer"], row["score"])
        for row in rows(run.folder / "model" / "misclassified.csv")
    }
    wrong = {
        row["filepath"].removeprefix("prepared/"): (row["label"], row["score"])
        for label, row in run.tested
        if label != row["label"]
    }
    assert mistakes
    assert {name: label for name, (label, _) in mistakes.items()} == {
        name: label for name, (label, _) in wrong.items()
    }
    for name, (_, score) in mistakes.items():
        # Both are rounded to 4 digits.
        assert float(score) == pytest.approx(float(wrong[name][1]), abs=1.01e-4)


def test_evaluation_accepts_test_images_as_predict_does(run: Run) -> None:
    """As many images are accepted, and as many of them are right."""
    accepted = [label == row["label"] for label, row in run.tested if row["decision"] == "accept"]
    spared = run.metrics["thresholds"]["spared"]
    assert 0 < spared["images"] < len(run.tested)
    assert (spared["images"], spared["right"]) == (len(accepted), sum(accepted))


def test_evaluation_finds_unknown_images_as_predict_does(run: Run) -> None:
    """Predict sends as many test images to review for that reason, and so does the export."""
    unknown = [row for _, row in run.tested if row["review_reason"] == "unknown"]
    # The deer stand on the same ground always: none is far from the others.
    assert (len(unknown) > 0) is (run.view != "detector")
    assert len(unknown) < len(run.tested) / 2
    assert run.metrics["unknown"]["images"] == len(unknown)
    assert {row["decision"] for row in unknown} <= {"review"}


def test_predict_has_the_probabilities_of_the_saved_model_by_itself(run: Run) -> None:
    """TensorFlow alone, called on the pixels of single images, gives the same; so distances."""
    model = tensorflow().saved_model.load(str(run.folder / "model"))
    for outcome in run.outcomes[:: SHOTS + 1]:
        image = read_image(run.folder / "prepared" / outcome.row.input).image
        outputs = [
            outputs_by_itself(model, run, [crop.pixels(image, (32, 32)) for crop in seen])
            for seen in views_of(run, outcome)
        ]
        probabilities = np.mean([output["final_result"].numpy()[0] for output in outputs], axis=0)
        np.testing.assert_allclose(probabilities, outcome.extra["probabilities"], atol=TOLERANCE)
        distance = outputs[0]["unknown_distance"].numpy()[0]
        assert distance == pytest.approx(outcome.extra["distance"], rel=1e-3, abs=0.01)


def outputs_by_itself(model: Any, run: Run, seen: list[Any]) -> Any:
    """Return what the SavedModel gives for the pixels of one view of an image."""
    name, pixels = "images", to_batch(seen)
    if run.backbone.suffix == ".onnx":
        # In the SavedModel is the head alone, and beside it the backbone.
        asset = run.folder / "model" / "assets" / "backbone.onnx"
        session = InferenceSession(asset.read_bytes(), providers=["CPUExecutionProvider"])
        name, (pixels,) = "features", session.run(None, {"images": pixels})
    inputs = {name: tensorflow().constant(pixels if len(pixels) == 1 else pixels[None])}
    return {
        **model.signatures["serving_default"](**inputs),
        **model.signatures["unknown_distance"](**inputs),
    }


def views_of(run: Run, outcome: Outcome, digest: str = "") -> list[tuple[Any, ...]]:
    """Return what the model sees of an image in each view."""
    number = read_description(run.folder / "model").views
    return list(zip(*(crop.viewed(number, digest) for crop in crops(run, outcome)), strict=True))


def test_predict_sees_what_training_saw(run: Run) -> None:
    """The embeddings that the training cached, and the model's head, give the same probabilities.

    They are found by the keys of predict's crops, which are those of the training therefore.
    """
    backbone = load_backbone(str(run.backbone))
    model = tensorflow().saved_model.load(str(run.folder / "model"))
    head = Head(model.weights.numpy(), model.bias.numpy())
    with EmbeddingCache(
        run.folder / "bottlenecks", backbone.name, backbone.digest, backbone.feature_size
    ) as cache:
        for outcome in run.outcomes:
            digest = files.digest_file(run.folder / "prepared" / outcome.row.input)
            features = np.stack(
                [
                    cache.get([crop.key(digest) for crop in seen]).reshape(-1)
                    for seen in views_of(run, outcome, digest)
                ]
            )
            np.testing.assert_allclose(
                head.probabilities(features).mean(axis=0),
                outcome.extra["probabilities"],
                atol=TOLERANCE,
            )


def test_raw_images_are_labelled_as_preprocessed_ones(run: Run) -> None:
    """Preprocessing by predict itself gives the same table, as PNG loses nothing."""
    raw = predict(run.folder / "model", run.folder / "raw", run.folder / "raw.csv", ALL)
    content = raw.predictions.read_text("utf-8").replace("raw/", "prepared/")
    assert content == run.predictions.read_text("utf-8")


def test_mlflow_labels_raw_images_as_predict_does(run: Run) -> None:
    """The logged model, given bytes of originals, has predict's labels, scores and boxes."""
    (logged,) = run.folder.glob("mlruns/*/models/*/artifacts")
    names = [outcome.row.input for outcome in run.outcomes]
    table = pd.DataFrame(
        {
            "image": [(run.folder / "raw" / name).read_bytes() for name in names],
            "camera": [name.partition("/")[0] for name in names],
        }
    )
    results = mlflow.pyfunc.load_model(str(logged)).predict(table)
    for result, expected in zip(results.to_dict("records"), rows(run.predictions), strict=True):
        for column in ("status", "label", "decision"):
            assert result[column] == expected[column]
        scores = [
            "score",
            *(["box_left", "box_top", "box_width", "box_score"] * ("box_left" in expected)),
        ]
        assert [f"{result[name]:.4f}" for name in scores] == [expected[name] for name in scores]


def test_each_image_has_its_split(run: Run) -> None:
    """The table names the split of every image that the model was trained or evaluated with."""
    names = {"training": "train", "validation": "validation", "test": "test"}
    expected = {name: names[row["part"]] for name, row in run.split.items()}
    assert set(expected.values()) == set(names.values())
    assert {row["original"]: row["split"] for row in rows(run.predictions)} == expected


def test_a_loaded_model_knows_its_preparation(run: Run) -> None:
    """The preparation of the images it was trained on is inside the model."""
    assert read_description(run.folder / "model").preparation == PREPARATION
