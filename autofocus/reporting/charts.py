"""Where things lie in the report's drawings; the templates only write them down."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autofocus.evaluation.metrics import ReliabilityBin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 150

# Of the reliability diagram and of the course of training, in units of their drawings.
_LEFT, _TOP, _SIDE = 40, 10, 250
_WIDTH, _HEIGHT = 280, 170
_LARGEST, _SMALLEST = 10.0, 2.5
# At most so many steps between the marks of an axis.
_TICKS = 5


@dataclass(frozen=True)
class Dot:
    """A bin of a reliability diagram.

    Attributes:
        x: where it lies, by confidence.
        y: likewise by accuracy; the larger, the lower.
        even: where it would lie if confidence were right.
        radius: its area tells how many images it holds.
    """

    x: float
    y: float
    even: float
    radius: float


@dataclass(frozen=True)
class Tick:
    """A mark on an axis, and what is written there."""

    place: float
    text: str


@dataclass(frozen=True)
class Line:
    """A line of a chart: its name, and its points as SVG wants them."""

    name: str
    points: str


@dataclass(frozen=True)
class LineChart:
    """Lines over the steps of training.

    Attributes:
        lines: the lines that there are.
        across: marks of the steps.
        up: marks of the values.
    """

    lines: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def reliability_dots(bins: Sequence[ReliabilityBin]) -> list[Dot]:
    """Return the bins that hold images as dots."""
    held = [one for one in bins if one.images and one.confidence is not None]
    most = max((one.images for one in held), default=1)
    return [
        Dot(
            round(_LEFT + _SIDE * one.confidence, 1),
            round(_TOP + _SIDE * (1 - (one.accuracy or 0.0)), 1),
            round(_TOP + _SIDE * (1 - one.confidence), 1),
            round(max(_SMALLEST, _LARGEST * math.sqrt(one.images / most)), 1),
        )
        for one in held
        if one.confidence is not None
    ]


def line_chart(history: Sequence[Mapping[str, float]], key: str) -> LineChart | None:
    """Return the course of training as lines; None if there are fewer than two points.

    Args:
        history: rows with `step` and `training_…`, `validation_…`.
        key: `accuracy` or `cross_entropy`.
    """
    both = {part: _points(history, part, key) for part in ("training", "validation")}
    points = {part: each for part, each in both.items() if each}
    if not any(len(each) > 1 for each in points.values()):
        return None
    is_share = key == "accuracy"
    last = max(x for each in points.values() for x, _ in each) or 1.0
    highest = 1.0 if is_share else max(y for each in points.values() for _, y in each)
    up = _ticks(highest)
    top = max(up[-1], highest)

    def place(x: float, y: float) -> tuple[float, float]:
        return round(_LEFT + _WIDTH * x / last, 1), round(_TOP + _HEIGHT * (1 - y / top), 1)

    return LineChart(
        tuple(_line(part, [place(x, y) for x, y in each]) for part, each in points.items()),
        tuple(Tick(place(x, 0)[0], f"{x:,.0f}") for x in _ticks(last) if x <= last),
        tuple(Tick(place(0, y)[1], f"{100 * y:.0f}" if is_share else f"{y:g}") for y in up),
    )


def _points(
    history: Sequence[Mapping[str, float]], part: str, key: str
) -> list[tuple[float, float]]:
    name = f"{part}_{key}"
    rows = [row for row in history if row.get(name) is not None and math.isfinite(row[name])]
    return sorted((row["step"], row[name]) for row in rows)


def _line(name: str, points: Sequence[tuple[float, float]]) -> Line:
    return Line(name, " ".join(f"{x},{y}" for x, y in points))


def _ticks(highest: float) -> list[float]:
    """Return round numbers from 0 on, the last of them the first that is not below the highest."""
    if highest <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(highest / _TICKS))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if highest <= each * power * _TICKS)
    return [round(step * number, 12) for number in range(math.ceil(highest / step) + 1)]


def draw_confusion(
    labels: Sequence[str], confusion: Sequence[Sequence[int]] | None, path: Path
) -> None:
    """Draw the confusion matrix: numbers of images, shaded by their share of the true class.

    Args:
        labels: the C classes.
        confusion: C rows (true) of C numbers (answered); None where images have several labels.
        path: where to write a PNG.
    """
    number = len(labels)
    figure, axes = _figure(max(4.5, 0.7 * number + 2.0), max(4.0, 0.6 * number + 1.6))
    if confusion is None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "Images may have several labels:\nno confusion matrix", ha="center")
    else:
        _fill(axes, np.array(confusion, np.int64).reshape(number, number))
        ticks, texts = range(number), [_plain(_short(label)) for label in labels]
        axes.set_xticks(ticks, texts, rotation=45, ha="right")
        axes.set_yticks(ticks, texts)
        axes.set_xlabel("answered")
        axes.set_ylabel("true")
    figure.savefig(path, format="png", dpi=_DPI)


def _fill(axes: Any, confusion: "np.ndarray[Any, np.dtype[np.int64]]") -> None:
    shares = confusion / confusion.sum(axis=1, keepdims=True).clip(min=1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(confusion):
        colour = "white" if shares[row, column] > 0.5 else "black"  # noqa: PLR2004 - half dark
        axes.text(column, row, str(confusion[row, column]), ha="center", va="center", color=colour)


def draw_history(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draw accuracy and cross-entropy over the steps of training."""
    figure, axes = _figure(9, 3.4, columns=2)
    for panel, key in zip(axes, ("accuracy", "cross_entropy"), strict=True):
        for part, colour in (("training", "tab:gray"), ("validation", "tab:blue")):
            points = [
                (row["step"], row[f"{part}_{key}"]) for row in rows if f"{part}_{key}" in row
            ]
            if points:
                panel.plot(*zip(*points, strict=True), label=part, color=colour, linewidth=1.2)
                panel.legend(frameon=False)
        panel.set_xlabel("step")
        panel.set_ylabel(key.replace("_", "-"))
        panel.grid(alpha=0.25)
    axes[0].set_ylim(0, 1.02)
    figure.savefig(path, format="png", dpi=_DPI)


def _figure(width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    # The figure is made without pyplot, which keeps global state and may want a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Axes | Any = figure.subplots(1, columns)
    return figure, axes


def _plain(text: str) -> str:
    # What stands between two of them is a formula for matplotlib.
    return text.replace("$", r"\$")


def _short(text: str, letters: int = 24) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
