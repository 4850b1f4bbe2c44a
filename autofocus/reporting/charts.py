"""Charts: as PNG files, and as SVG inside the report, in the colours of its style sheet."""

import io
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autofocus.evaluation.confusion import ConfusionPart, most_confused
from autofocus.evaluation.metrics import CoverageCurve, ReliabilityBin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

History = Sequence[Mapping[str, float]]

_DPI = 150
# In inches: 2,400 pixels.
_LARGEST_SIDE = 16.0
_POINTS_PER_INCH = 72
FONT_SIZE = 12
# The colours of the light scheme, and their names in style.css, where a dark scheme has others.
ACCENT, SOFT, _LINE, _WRONG, _CARD = "#14634a", "#55605a", "#d9d9cf", "#9c3d10", "#ffffff"
_VARIABLES = {
    ACCENT: "--accent",
    SOFT: "--soft",
    _LINE: "--line",
    _WRONG: "--wrong",
    _CARD: "--card",
}
# Colours of labels, which stand out in the light and in the dark scheme.
LABEL_COLOURS = ("#3b7fc4", "#c4812b", "#9a62c4", "#c2506f", "#6f8f2f", "#2f9aa0")
TICKS = (0, 25, 50, 75, 100)
# Radii of dots in a reliability diagram, in per cent of its width.
_LARGEST, _SMALLEST = 4.0, 1.0
_TITLES = {"accuracy": "accuracy, %", "cross_entropy": "cross-entropy"}


def draw_confusion(
    labels: Sequence[str], confusion: Sequence[Sequence[int]] | None, path: Path
) -> None:
    """Draw the confusion matrix: numbers of images, shaded by their share of the true class.

    Of many classes, those with most mistakes are drawn, so that the size has a limit.

    Args:
        labels: the C classes.
        confusion: C rows (true) of C numbers (predicted); None if images have several labels.
        path: the PNG to write.
    """
    part = most_confused(labels, confusion) if confusion is not None else None
    number = len(part.labels) if part else 1
    width, height = max(4.5, 0.7 * number + 2.0), max(4.0, 0.6 * number + 1.6)
    figure = make_figure(min(width, _LARGEST_SIDE), min(height, _LARGEST_SIDE))
    axes = figure.subplots()
    if part is None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "Images may have several labels:\nno confusion matrix", ha="center")
    else:
        _fill(axes, part, max(7.0, 10 * min(1.0, _LARGEST_SIDE / width)))
    figure.savefig(path, format="png", dpi=_DPI)


def _fill(axes: Any, part: ConfusionPart, size: float) -> None:
    shares = part.numbers / part.totals.clip(min=1)[:, np.newaxis]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    for row, column in np.argwhere(part.numbers):
        colour = "white" if shares[row, column] > 0.5 else "black"  # noqa: PLR2004 - half dark
        text = str(part.numbers[row, column])
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)
    ticks, texts = range(len(part.labels)), [_plain(_short(label)) for label in part.labels]
    turned = {"rotation": 45, "ha": "right"} if part.is_whole else {"rotation": 90}
    axes.set_xticks(ticks, texts, fontsize=size, **turned)
    if not part.is_whole:
        axes.set_title(
            f"The {len(part.labels)} of {part.classes:,} classes with most mistakes "
            "(all: confusion_matrix.csv)"
        )
    axes.set_yticks(ticks, texts, fontsize=size)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")


def draw_history(history: History, path: Path) -> None:
    """Draw accuracy and cross-entropy over the steps of training, as a PNG."""
    figure = make_figure(9, 3.4)
    for axes, key in zip(figure.subplots(1, 2), _TITLES, strict=True):
        _plot_history(axes, history, key)
        axes.set_ylabel(_TITLES[key])
    figure.savefig(path, format="png", dpi=_DPI)


def history_chart(history: History, key: str, title: str) -> str:
    """Return the history of training as SVG; empty if it has fewer than two points.

    Args:
        history: rows with `step` and `training_…`, `validation_…`.
        key: `accuracy` or `cross_entropy`.
        title: what is shown.
    """
    parts = [part for part in ("training", "validation") if _points(history, part, key)]
    if not any(len(_points(history, part, key)) > 1 for part in parts):
        return ""
    figure = make_figure(4.6, 3.2)
    _plot_history(figure.subplots(), history, key)
    return to_svg(figure, f"{title} over the steps of training: {' and '.join(parts)}")


def _plot_history(axes: Any, history: History, key: str) -> None:
    scale, corner = (100, "lower right") if key == "accuracy" else (1, "upper right")
    for part, colour, line in (("training", SOFT, (0, (1, 2.2))), ("validation", ACCENT, "-")):
        points = _points(history, part, key)
        if points:
            steps, values = zip(*points, strict=True)
            scaled = [scale * value for value in values]
            axes.plot(steps, scaled, color=colour, ls=line, lw=2.5, label=part, clip_on=False)
            axes.legend(frameon=False, fontsize=FONT_SIZE, loc=corner)
    axes.set_xlim(left=0)
    # Accuracy always ends at 100 %, so that two reports can be compared.
    axes.set_ylim(0, 100 if key == "accuracy" else max(1e-9, axes.get_ylim()[1]))
    axes.set_xlabel("step", fontsize=FONT_SIZE)
    style(axes)


def _points(history: History, part: str, key: str) -> list[tuple[float, float]]:
    """Return the known values of one line, in the order of steps."""
    name = f"{part}_{key}"
    known = [row for row in history if row.get(name) is not None and math.isfinite(row[name])]
    return sorted((row["step"], row[name]) for row in known)


def reliability_chart(bins: Sequence[ReliabilityBin], title: str) -> str:
    """Return a reliability diagram as SVG: accuracy by confidence; larger dots are more images."""
    figure = make_figure(4.25, 4.25)
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color=SOFT, ls=(0, (5, 4)), lw=1.5)
    _draw_bins(axes, bins)
    axes.set_aspect("equal")
    for axis, name in (
        (axes.xaxis, "confidence, %"),
        (axes.yaxis, "accuracy, %"),
    ):
        axis.set_ticks(TICKS)
        axis.set_label_text(name, fontsize=FONT_SIZE)
    axes.set(xlim=(0, 100), ylim=(0, 100))
    style(axes)
    return to_svg(figure, f"{title}: accuracy by confidence; the values are in the table below")


def _draw_bins(axes: Any, bins: Sequence[ReliabilityBin]) -> None:
    from matplotlib.patches import Circle

    most = max((one.images for one in bins), default=0)
    for one in bins:
        if one.confidence is not None and one.accuracy is not None:
            x, y = 100 * one.confidence, 100 * one.accuracy
            radius = max(_SMALLEST, _LARGEST * math.sqrt(one.images / most))
            axes.plot([x, x], [x, y], color=_WRONG, lw=2)
            dot = Circle((x, y), radius, facecolor=ACCENT, edgecolor=_CARD, lw=1, zorder=3)
            axes.add_patch(dot)


def coverage_chart(curves: Sequence[CoverageCurve], title: str) -> str:
    """Return the precision of the most confident predictions by the share of them, as SVG.

    The line of all labels is drawn bold, and those of the labels with most predictions thin; each
    is named at its right end.

    Args:
        curves: the first is of all labels.
        title: what is shown.
    """
    shown = _most_predicted(curves)
    if not shown:
        return ""
    figure = make_figure(6.4, 4.2)
    axes = figure.subplots()
    lowest = min(min(curve.precision) for curve in shown)
    bottom = 100 * min(0.9, math.floor(10 * lowest) / 10)
    ends = _spread([100 * curve.precision[-1] for curve in shown], (100 - bottom) / 14, 100)
    for curve, colour, end in zip(shown, (ACCENT, *LABEL_COLOURS), ends, strict=False):
        width, order = (3.5, 4) if curve is shown[0] else (1.6, 3)
        # Drawn from the most confident prediction on, in steps, as nothing lies between two.
        x, y = [100 * share for share in curve.coverage], [100 * p for p in curve.precision]
        axes.step([0, *x], [y[0], *y], where="pre", color=colour, lw=width, zorder=order)
        axes.plot([x[-1], 103, 105], [y[-1], end, end], color=colour, lw=1.2)
        name = _plain(_short(curve.label or "all labels", 18))
        axes.text(106, end, name, va="center", fontsize=FONT_SIZE)
    axes.set(xlim=(0, 132), ylim=(bottom, 101))
    axes.xaxis.set_ticks(TICKS)
    axes.set_xlabel("accepted share of predictions, %", fontsize=FONT_SIZE)
    axes.set_ylabel("precision, %", fontsize=FONT_SIZE)
    style(axes)
    return to_svg(figure, f"{title}: precision by the share of predictions that are accepted")


def _most_predicted(curves: Sequence[CoverageCurve]) -> list[CoverageCurve]:
    """Return the curve of all labels, and those of the labels with most predictions."""
    overall = [curve for curve in curves if not curve.label and curve.coverage]
    labels = [curve for curve in curves if curve.label and curve.coverage]
    labels.sort(key=lambda curve: -curve.predictions)
    return [*overall, *labels[: len(LABEL_COLOURS)]]


def _spread(positions: Sequence[float], gap: float, highest: float) -> list[float]:
    """Return positions moved apart so that texts at them don't overlap, in the same order."""
    placed = list(positions)
    below = highest + gap
    for row in sorted(range(len(placed)), key=lambda row: -positions[row]):
        placed[row] = min(positions[row], below - gap)
        below = placed[row]
    return placed


def make_figure(width: float, height: float) -> "Figure":
    """Return a figure of a size in inches."""
    # Made without pyplot, which keeps global state and may need a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def style(axes: Any) -> None:
    """Draw a faint grid and no frame."""
    axes.grid(color=_LINE, lw=1)
    axes.set_axisbelow(True)
    axes.tick_params(left=False, bottom=False, labelsize=FONT_SIZE)
    for spine in axes.spines.values():
        spine.set_color(_LINE)


def to_svg(figure: "Figure", label: str) -> str:
    """Return a figure as an SVG element that follows the page's fonts and colours.

    It has no ids, as several charts are in one page, and so no clipping.
    """
    from matplotlib import rc_context

    for artist in figure.findobj():
        artist.set_clip_on(False)
    content = io.StringIO()
    with rc_context({"svg.fonttype": "none"}):
        figure.savefig(content, format="svg", metadata={"Date": None}, transparent=True)
    text = content.getvalue()
    body = text[text.index("<g ") : text.rindex("</g>") + len("</g>")]
    for pattern in (r"<!--.*?-->", r' id="[^"]*"', r"font-size: [^;]*; font-family: [^;]*;? ?"):
        body = re.sub(pattern, "", body, flags=re.DOTALL)
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, f"var({variable})")
    width, height = (_POINTS_PER_INCH * inches for inches in figure.get_size_inches())
    return (
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(label)}">{body}</svg>'
    )


def _plain(text: str) -> str:
    # Matplotlib takes what is between two of them for a formula.
    return text.replace("$", r"\$")


def _short(text: str, letters: int = 24) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
