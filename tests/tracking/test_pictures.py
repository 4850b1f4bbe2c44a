"""Claims about pictures of results."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.learning.evaluation import Evaluation
from autofocus.tracking.pictures import Misclassified, draw_confusion, draw_contact_sheet

RED = (200, 30, 30)


def mistakes(folder: Path, number: int) -> list[Misclassified]:
    path = folder / "red.png"
    Image.new("RGB", (320, 160), RED).save(path)
    return [Misclassified(path, f"cam/{n}.JPG", "cat", "dog", 0.9) for n in range(number)]


def test_a_contact_sheet_has_a_photograph_for_each_mistake(tmp_path: Path) -> None:
    """Five mistakes are five red fields in two rows of four places."""
    draw_contact_sheet(mistakes(tmp_path, 5), tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        width, height = sheet.size
        pixels = np.asarray(sheet).astype(int)
    centres = [(10 + n // 4 * 294 + 170, 10 + n % 4 * 330 + 160) for n in range(8)]
    reds = [bool(pixels[centre][0] - pixels[centre][1] > 100) for centre in centres]
    assert reds == [True] * 5 + [False] * 3
    assert (width, height) == (1330, 598)


def test_no_mistakes_are_said(tmp_path: Path) -> None:
    """Without mistakes the sheet has words, not nothing."""
    draw_contact_sheet([], tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert np.asarray(sheet.convert("L")).min() < 80


@pytest.mark.parametrize("classes", [2, 30])
def test_a_confusion_matrix_is_drawn_for_few_and_for_many_labels(
    tmp_path: Path, classes: int
) -> None:
    """The picture grows with the labels, however long their names, and isn't empty."""
    labels = tuple(f"label with a long name {number}" for number in range(classes))
    evaluation = Evaluation(labels, np.eye(classes, dtype=np.int64) * 7)
    draw_confusion(evaluation, tmp_path / "matrix.png")
    with Image.open(tmp_path / "matrix.png") as picture:
        assert picture.width > 60 * classes
        assert np.asarray(picture.convert("L")).std() > 10
