"""Claims about where things lie in drawings."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.evaluation.metrics import ReliabilityBin
from autofocus.reporting.charts import draw_confusion, draw_history, line_chart, reliability_dots


def test_a_dot_lies_where_its_bin_says() -> None:
    """Half sure and always right: in the middle across, at the top, above the even line."""
    dots = reliability_dots(
        [
            ReliabilityBin(0.4, 0.6, 4, 0.5, 1.0),
            ReliabilityBin(0.0, 0.2, 1, 0.0, 0.0),
            ReliabilityBin(0.8, 1.0, 0, None, None),
        ]
    )
    assert [(dot.x, dot.y, dot.even) for dot in dots] == [(165, 10, 135), (40, 260, 260)]
    assert dots[0].radius == 2 * dots[1].radius


def test_lines_go_through_what_was_measured() -> None:
    """Values out of order are drawn in the order of steps; axes are marked by round numbers."""
    history = [
        {"step": 40.0, "training_cross_entropy": 0.5, "validation_cross_entropy": math.nan},
        {"step": 10.0, "training_cross_entropy": 1.9},
    ]
    chart = line_chart(history, "cross_entropy")
    assert chart is not None
    assert [line.name for line in chart.lines] == ["training"]
    assert chart.lines[0].points == "110.0,18.5 320.0,137.5"
    assert [tick.text for tick in chart.across] == ["0", "10", "20", "30", "40"]
    assert [tick.text for tick in chart.up] == ["0", "0.5", "1", "1.5", "2"]


def test_accuracy_is_drawn_up_to_all() -> None:
    """The axis of a share always ends at 100 %, so that two reports can be compared."""
    history = [{"step": float(step), "training_accuracy": 0.3} for step in (1, 2)]
    chart = line_chart(history, "accuracy")
    assert chart is not None
    assert chart.up[-1].text == "100"
    assert chart.up[-1].place == 10


@pytest.mark.parametrize("history", [[], [{"step": 3.0, "training_accuracy": 1.0}]])
def test_a_line_needs_two_points(history: list[dict[str, float]]) -> None:
    """Of fewer, nothing is drawn."""
    assert line_chart(history, "accuracy") is None


def test_a_training_that_was_perfect_from_the_start_can_be_drawn() -> None:
    """A cross-entropy of 0 throughout has an axis nevertheless."""
    chart = line_chart([{"step": s, "training_cross_entropy": 0.0} for s in (0.0, 1.0)],
                       "cross_entropy")  # fmt: skip
    assert chart is not None
    assert chart.up[-1].text == "1"


@pytest.mark.parametrize("classes", [2, 30])
def test_a_confusion_matrix_is_drawn_for_few_and_for_many_labels(
    tmp_path: Path, classes: int
) -> None:
    """The picture grows with the labels, whatever is in their names, and isn't empty."""
    labels = [rf"label $\frac$ {number}" for number in range(classes)]
    matrix = (np.eye(classes, dtype=np.int64) * 7).tolist()
    draw_confusion(labels, matrix, tmp_path / "matrix.png")
    with Image.open(tmp_path / "matrix.png") as picture:
        assert picture.width > 60 * classes
        assert np.asarray(picture.convert("L")).std() > 10


def test_a_picture_says_that_there_is_no_confusion_matrix(tmp_path: Path) -> None:
    """Where images have several labels the picture has words, not nothing."""
    draw_confusion(["cat", "dog"], None, tmp_path / "matrix.png")
    with Image.open(tmp_path / "matrix.png") as picture:
        assert np.asarray(picture.convert("L")).min() < 80


@pytest.mark.parametrize("rows", [[], [{"step": 5.0, "training_accuracy": 0.5}]])
def test_a_short_training_has_a_picture_too(tmp_path: Path, rows: list[dict[str, float]]) -> None:
    """A course of training without rows, or without validation, is drawn."""
    draw_history(rows, tmp_path / "training.png")
    with Image.open(tmp_path / "training.png") as picture:
        assert picture.width > 1000
