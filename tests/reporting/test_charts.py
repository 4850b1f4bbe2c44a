"""Claims about charts, as SVG for the report and as PNG."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.evaluation.metrics import ReliabilityBin
from autofocus.reporting.charts import (
    draw_confusion,
    draw_history,
    history_chart,
    reliability_chart,
)

BINS = (
    ReliabilityBin(0.4, 0.6, 4, 0.5, 1.0),
    ReliabilityBin(0.0, 0.2, 1, 0.1, 0.1),
    ReliabilityBin(0.8, 1.0, 0, None, None),
)
HISTORY = [
    {"step": 40.0, "training_cross_entropy": 0.5, "validation_cross_entropy": math.nan},
    {"step": 10.0, "training_cross_entropy": 1.9},
]


def numbers(path: str) -> list[tuple[float, float]]:
    """Return the points of an SVG path."""
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def paths(chart: str, style: str) -> list[list[tuple[float, float]]]:
    """Return the points of the paths with a style."""
    found = re.findall(r'<path d="([^"]*)" style="([^"]*)"', chart)
    return [numbers(path) for path, its_style in found if style in its_style]


def test_a_dot_lies_where_its_bin_says() -> None:
    """At 50 % and always right: in the middle across, and at the top, twice as wide as one image.

    The corners are those of the line from 0 to 100 %.
    """
    chart = reliability_chart(BINS, "Before")
    ((left, bottom), (right, top)) = paths(chart, "stroke-dasharray: 7.5,6")[0]
    large, small = sorted(
        paths(chart, "fill: var(--accent)"), key=lambda dot: -np.ptp([x for x, _ in dot])
    )
    x, y = np.mean(large[:-1], axis=0)
    assert x == pytest.approx((left + right) / 2, abs=1)
    assert y == pytest.approx(top, abs=1)
    assert top < bottom
    assert np.ptp([x for x, _ in large]) == pytest.approx(
        2 * np.ptp([x for x, _ in small]), rel=0.1
    )


@pytest.mark.parametrize(
    "chart",
    [
        reliability_chart(BINS, "<b>Before</b>"),
        history_chart(HISTORY, "cross_entropy", "<b>Cross-entropy</b>"),
    ],
)
def test_a_chart_follows_the_page(chart: str) -> None:
    """It has the colours and fonts of the style sheet, words for screen readers, and no ids."""
    assert re.findall(r"#[0-9a-fA-F]{3,6}\b", chart) == []
    assert "var(--accent)" in chart or "var(--soft)" in chart
    assert "font" not in chart
    assert ' id="' not in chart
    assert "url(" not in chart
    assert chart.startswith('<svg class="chart" viewBox="0 0 3')
    assert 'role="img" aria-label="&lt;b&gt;' in chart


def test_charts_are_deterministic() -> None:
    """The same metrics give the same bytes."""
    assert reliability_chart(BINS, "A") == reliability_chart(BINS, "A")
    first, second = (history_chart(HISTORY, "cross_entropy", "A") for _ in range(2))
    assert first == second


def test_lines_go_through_what_was_measured() -> None:
    """Values out of order are drawn in the order of steps, and unknown ones are left out."""
    chart = history_chart(HISTORY, "cross_entropy", "Cross-entropy")
    assert "over the steps of training: training" in chart
    assert "validation" not in chart
    line = next(path for path in paths(chart, "stroke: var(--soft); stroke-width: 2.5"))
    (x0, y0), (x1, y1) = line
    assert x0 < x1
    assert y0 < y1


def test_accuracy_is_drawn_up_to_all() -> None:
    """The axis of a share always ends at 100 %, so that two reports can be compared."""
    history = [{"step": float(step), "training_accuracy": 0.3} for step in (1, 2)]
    texts = re.findall(r">([\d.]+)</text>", history_chart(history, "accuracy", "Accuracy"))
    assert texts[-1] == "100"


@pytest.mark.parametrize("history", [[], [{"step": 3.0, "training_accuracy": 1.0}]])
def test_a_line_needs_two_points(history: list[dict[str, float]]) -> None:
    """Of fewer, nothing is drawn."""
    assert history_chart(history, "accuracy", "Accuracy") == ""


def test_a_training_that_was_perfect_from_the_start_can_be_drawn() -> None:
    """A cross-entropy of 0 throughout has an axis nevertheless."""
    history = [{"step": step, "training_cross_entropy": 0.0} for step in (0.0, 1.0)]
    assert "</text>" in history_chart(history, "cross_entropy", "Cross-entropy")


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
