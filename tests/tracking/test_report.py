"""Claims about the report."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.images.preparing import Preparation
from autofocus.learning.dataset import Dataset
from autofocus.learning.dataset import Image as Example
from autofocus.learning.evaluation import Evaluation
from autofocus.learning.splits import Part
from autofocus.tracking.pictures import Misclassified, draw_confusion, draw_history
from autofocus.tracking.report import Report

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    path = tmp_path / "photograph.jpg"
    Image.new("RGB", (64, 48), (90, 120, 60)).save(path)
    return path


def render(folder: Path, photograph: Path, labels: tuple[str, str], wrong: int) -> str:
    confusion = np.array([[8, wrong], [0, 2]])
    test = Evaluation(labels, confusion)
    parts = [Part.TRAINING, Part.TEST]
    images = tuple(Example(f"{n}.JPG", labels[n % 2], str(n), parts[n // 2 % 2]) for n in range(8))
    mistake = Misclassified(photograph, "a/1.JPG", labels[0], labels[1], 0.93)
    draw_confusion(test, folder / "confusion.png")
    draw_history([{"step": 10, "training_accuracy": 1.0}], folder / "history.png")
    return Report(
        Dataset(labels, images), test, [mistake] * wrong, ["few photographs"], "lite0",
        Preparation(), {"how_many_training_steps": 10}, "run1", "f" * 64,
        {"confusion": folder / "confusion.png", "history": folder / "history.png"},
    ).render()  # fmt: skip


def test_the_report_tells_accuracy_interval_baseline_and_its_limits(
    tmp_path: Path, photograph: Path
) -> None:
    """Ten of twelve right: the share, its interval, the baseline and the warning are all said."""
    text = render(tmp_path, photograph, ("cat", "dog"), 2)
    assert "83.3 %" in text
    assert "from 55.2 % to 95.3 %" in text
    assert "“cat”, the most common label, would be right for 83.3 %" in text
    assert "likely to be too good" in text
    assert "few photographs" in text


def test_the_report_needs_nothing_from_elsewhere(tmp_path: Path, photograph: Path) -> None:
    """All pictures are inside; nothing is fetched."""
    text = render(tmp_path, photograph, ("cat", "dog"), 2)
    assert all(source.startswith("data:image/") for source in re.findall(r'src="([^"]*)', text))
    assert "http" not in text


def test_every_picture_has_a_text_for_those_who_cannot_see_it(
    tmp_path: Path, photograph: Path
) -> None:
    """Each image tells in words what it shows."""
    pictures = re.findall(r"<img [^>]*>", render(tmp_path, photograph, ("cat", "dog"), 2))
    assert len(pictures) == 4
    assert all(re.search(r'alt="[^"]{20,}"', picture) for picture in pictures)


def test_labels_are_text_not_code(tmp_path: Path, photograph: Path) -> None:
    """A label that looks like HTML is shown as it is, and does nothing."""
    text = render(tmp_path, photograph, (EVIL, "dog"), 1)
    assert EVIL not in text
    assert "&lt;script&gt;" in text


def test_many_mistakes_do_not_make_it_endless(tmp_path: Path, photograph: Path) -> None:
    """Beyond the surest 48, mistakes are counted, not shown."""
    text = render(tmp_path, photograph, ("cat", "dog"), 60)
    assert text.count("<figure>") == 48
    assert "The other 12 are in misclassified.csv" in text
