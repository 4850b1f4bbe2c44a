"""Pictures of results: the confusion matrix, the course of training, contact sheets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

from autofocus.learning.evaluation import Evaluation
from autofocus.learning.loading import read

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 150
_THUMBNAIL = (320, 240)
_CAPTION_HEIGHT = 44
_MARGIN = 10
_PER_ROW = 4
_MOST_ROWS = 30


@dataclass(frozen=True)
class Misclassified:
    """A photograph that was given the wrong label.

    Attributes:
        path: its file.
        name: its path relative to the image folder.
        label: the true one.
        answer: the one that it was given.
        score: the answer's probability.
    """

    path: Path
    name: str
    label: str
    answer: str
    score: float


def draw_confusion(evaluation: Evaluation, path: Path) -> None:
    """Draw the confusion matrix: numbers of images, shaded by their share of the true class."""
    number = len(evaluation.labels)
    figure, axes = _figure(max(4.5, 0.7 * number + 2.0), max(4.0, 0.6 * number + 1.6))
    sizes = evaluation.confusion.sum(axis=1, keepdims=True)
    shares = evaluation.confusion / sizes.clip(min=1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in _cells(evaluation):
        colour = "white" if shares[row, column] > 0.5 else "black"  # noqa: PLR2004 - half dark
        axes.text(column, row, str(count), ha="center", va="center", color=colour)
    ticks, labels = range(number), [_short(label) for label in evaluation.labels]
    axes.set_xticks(ticks, labels, rotation=45, ha="right")
    axes.set_yticks(ticks, labels)
    axes.set_xlabel("answered")
    axes.set_ylabel("true")
    figure.savefig(path, format="png", dpi=_DPI)


def _cells(evaluation: Evaluation) -> list[tuple[tuple[int, int], int]]:
    number = len(evaluation.labels)
    return [
        ((row, column), int(evaluation.confusion[row, column]))
        for row in range(number)
        for column in range(number)
        if evaluation.confusion[row, column]
    ]


def draw_history(rows: Sequence[dict[str, float]], path: Path) -> None:
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


def draw_contact_sheet(mistakes: Sequence[Misclassified], path: Path) -> None:
    """Draw photographs in rows, with what they show and what they were taken for."""
    shown = mistakes[: _PER_ROW * _MOST_ROWS]
    rows = max(1, -(-len(shown) // _PER_ROW))
    cell = (_THUMBNAIL[0] + _MARGIN, _THUMBNAIL[1] + _CAPTION_HEIGHT + _MARGIN)
    sheet = Image.new("RGB", (_PER_ROW * cell[0] + _MARGIN, rows * cell[1] + _MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    if not shown:
        draw.text((_MARGIN, _MARGIN), "No test image was misclassified.", "black", font)
    for place, mistake in enumerate(shown):
        left = _MARGIN + (place % _PER_ROW) * cell[0]
        top = _MARGIN + (place // _PER_ROW) * cell[1]
        thumbnail = make_thumbnail(mistake.path)
        sheet.paste(thumbnail, (left, top + _THUMBNAIL[1] - thumbnail.height))
        caption = (
            f"{_short(mistake.label, 16)}, taken for {_short(mistake.answer, 16)} "
            f"({mistake.score:.2f})\n{_short(Path(mistake.name).name, 38)}"
        )
        draw.text((left, top + _THUMBNAIL[1] + 4), caption, "black", font)
    sheet.save(path, "JPEG", quality=88)


def make_thumbnail(path: Path) -> Image.Image:
    """Return a small copy of a photograph."""
    return ImageOps.contain(read(path).convert("RGB"), _THUMBNAIL)


def _short(text: str, letters: int = 24) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
