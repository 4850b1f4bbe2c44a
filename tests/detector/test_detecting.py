"""Claims about detecting animals in single images."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.detector.detecting import LEAST_SCORE, Detector, place
from autofocus.detector.settings import DetectorSettings
from autofocus.detector.weights import FOLDER_VARIABLE
from autofocus.errors import InputDataError, MissingInputError, SettingError
from tests.detector.scenes import TRUTH, deer


@pytest.fixture(scope="module")
def detector(detector_weights: Path) -> Detector:
    assert detector_weights.is_file()
    return Detector()


def edges(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.left + box.width, box.top + box.height


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "RGBA", "P"])
@pytest.mark.parametrize("size", [(640, 480), (200, 150), (1800, 1350)])
def test_an_animal_is_found(detector: Detector, mode: str, size: tuple[int, int]) -> None:
    """The box lies around the animal, whatever the size of the image and its colours."""
    box = detector.detect(deer().resize(size).convert(mode))[0]
    assert edges(box) == pytest.approx(TRUTH, abs=0.04)
    assert box.score > 0.7
    assert box.status == "detector"


def test_the_animal_is_found_beside_the_padding(detector: Detector) -> None:
    """In a narrow image the box is in shares of the image, not of the padded square."""
    narrow = deer().crop((200, 0, 440, 480))
    box = detector.detect(narrow)[0]
    left, top, right, bottom = TRUTH
    expected = ((left * 640 - 200) / 240, top, (right * 640 - 200) / 240, bottom)
    assert edges(box) == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 2), (6000, 7)])
def test_strange_shapes_are_no_problem(detector: Detector, size: tuple[int, int]) -> None:
    """Images of a few pixels and thin strips give boxes within the image, or none."""
    for box in detector.detect(Image.new("RGB", size, (90, 80, 70))):
        assert LEAST_SCORE <= box.score <= 1
        assert 0 <= box.left < box.left + box.width <= 1.00001
        assert 0 <= box.top < box.top + box.height <= 1.00001


def test_threads_give_the_same_boxes(detector: Detector) -> None:
    """Several threads that share a detector get the boxes that one alone gets."""
    images = [deer().crop((n * 20, 0, 640, 480)) for n in range(6)]
    alone = [detector.detect(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detector.detect, images)) == alone
    assert all(alone)
    assert Detector().detect(images[0]) == alone[0]


def test_an_image_stands_at_the_top_left_of_a_black_square() -> None:
    """The image keeps its aspect, and fills the longer side."""
    square, width, height = place(Image.new("L", (200, 100), 255), 416)
    assert (width, height) == (416, 208)
    assert square.shape == (416, 416, 3)
    assert (square[:208] == 255).all()
    assert not np.any(square[208:])


def test_missing_weights_say_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without the weights is told the command."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(MissingInputError, match="autofocus weights megadetector-lite"):
        Detector()


def test_damaged_weights_are_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, detector_weights: Path
) -> None:
    """One changed byte is noticed before the file reaches the runtime."""
    content = bytearray(detector_weights.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / detector_weights.name).write_bytes(content)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(InputDataError, match=r"damaged.*autofocus weights megadetector-lite"):
        Detector()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_weights_are_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the user may not read is named."""
    (tmp_path / "megadetector-lite.onnx").touch(0o000)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(InputDataError, match="can't be read"):
        Detector()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (replace(DetectorSettings(), digest="0" * 64), "the version that trained the model"),
        (replace(DetectorSettings(), name="other"), "unknown detector 'other'"),
        (replace(DetectorSettings(), side=400), "a multiple of 32"),
    ],
)
def test_settings_of_another_detector_are_refused(
    settings: DetectorSettings, message: str
) -> None:
    """A model that was trained with other weights is not used with these."""
    with pytest.raises(SettingError, match=message):
        Detector(settings)
