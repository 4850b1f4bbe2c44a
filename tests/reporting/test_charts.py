"""Claims about where things lie in drawings."""

import math

import pytest

from autofocus.reporting.charts import line_chart, reliability_dots


def test_a_dot_lies_where_its_bin_says() -> None:
    """Half sure and always right: in the middle across, at the top, above the even line."""
    dots = reliability_dots(
        [
            {"images": 4, "confidence": 0.5, "accuracy": 1.0},
            {"images": 1, "confidence": 0.0, "accuracy": 0.0},
            {"images": 0, "confidence": None, "accuracy": None},
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
