"""Claims about the labels of single images."""

import io
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.images.capture import Capture, to_exif
from autofocus.motion.settings import MotionSettings
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.serving.classifier import ImageClassifier
from autofocus.serving.results import ImageFile
from tests.features.pictures import COLOURS
from tests.predicting.models import make_model

THRESHOLDS = {"grass": 0.5, "night": None, "sand": 0.5}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model"), thresholds=THRESHOLDS)


def picture(label: str) -> bytes:
    """Return an image of a label's colour, with a black footer that the model's images lack."""
    image = Image.new("RGB", (64, 56), COLOURS[label])
    image.paste((0, 0, 0), (0, 48, 64, 56))
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def test_an_image_is_labelled_whether_it_is_bytes_or_a_file(model: Path, tmp_path: Path) -> None:
    """Both have the same result, with the footer cropped as the model's description says."""
    (tmp_path / "sand.png").write_bytes(picture("sand"))
    classifier = ImageClassifier(model)
    by_bytes, by_path = classifier.classify(
        [ImageFile(picture("sand"), "a"), ImageFile(tmp_path / "sand.png", "a")]
    )
    assert by_bytes == by_path
    assert (by_bytes.label, by_bytes.decision, by_bytes.status) == ("sand", "accept", "ok")
    assert by_bytes.second_label == "grass"
    assert by_bytes.score is not None
    assert by_bytes.second_score is not None
    assert by_bytes.score > by_bytes.second_score
    assert by_bytes.box is None


def test_broken_images_are_results_among_others(model: Path, tmp_path: Path) -> None:
    """An image that can't be used has a reason of the ledger; the others are labelled."""
    contents: list[bytes | Path] = [
        b"",
        b"text",
        picture("night")[:99],
        tmp_path / "none.png",
        picture("night"),
    ]
    results = ImageClassifier(model).classify(
        [ImageFile(content, str(number)) for number, content in enumerate(contents)]
    )
    assert [one.status for one in results] == [
        "empty_file", "not_an_image", "truncated", "unreadable", "ok",
    ]  # fmt: skip
    assert [one.label for one in results] == ["", "", "", "", "night"]
    assert results[-1].review_reason == "always reviewed"
    assert all(one.score is None for one in results[:-1])


def test_thresholds_can_be_chosen(model: Path) -> None:
    """A threshold above the score sends the image to review."""
    strict = ImageClassifier(model, thresholds=["sand=0.9999"])
    (result,) = strict.classify([ImageFile(picture("sand"))])
    assert (result.decision, result.review_reason) == ("review", "low score")


def test_images_of_one_camera_are_compared_as_predict_compares_a_folder(tmp_path: Path) -> None:
    """A model that needs boxes finds those of predict, whatever other cameras there are."""
    model = make_model(tmp_path, view="motion", motion=MotionSettings())
    for number in range(5):
        draw_frame(tmp_path / "raw" / "cam" / f"{number}.png", number)
    table = tmp_path / "table.csv"
    predict(model, tmp_path / "raw", table, PredictSettings())
    lines = [line.split(",") for line in table.read_text("utf-8").splitlines()]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    paths = [tmp_path / row["filepath"] for row in rows]
    images = [ImageFile(path, "", "cam") for path in paths]
    # Neither without a camera nor of others, whose names could be folders on one card.
    others = [ImageFile(path, "", f"10{number}RECNX") for number, path in enumerate(paths)]
    others.append(ImageFile(paths[-1]))
    results = ImageClassifier(model).classify([*images, *others])
    assert [row["box_status"] for row in rows].count("motion") >= 4
    for row, box in zip(rows, [one.box for one in results[: len(rows)]], strict=True):
        assert box
        assert [box.status, f"{box.left:.4f}", f"{box.score:.4f}"] == [
            row["box_status"], row["box_left"], row["box_score"],
        ]  # fmt: skip
    assert [one.box and one.box.status for one in results[len(rows) :]] == ["whole_frame"] * 6


def draw_frame(path: Path, number: int) -> None:
    """Draw a frame of a sequence in which a square moves over a textured ground."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ground = np.random.default_rng(0).normal(120, 60, (128, 160, 1)).clip(0, 255)
    image = Image.fromarray(ground.repeat(3, axis=2).astype(np.uint8))
    image.paste(COLOURS["sand"], (25 * number, 40, 25 * number + 30, 70))
    moment = datetime(2016, 7, 5, 11) + timedelta(seconds=number)
    date, time = moment.isoformat().split("T")
    image.save(path, exif=to_exif(Capture(date, time, "DateTimeOriginal")))
