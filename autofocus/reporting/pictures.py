"""Pictures of results: the confusion matrix, the course of training, contact sheets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from autofocus.features.loading import read
from autofocus.images.decoding import RejectedImageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WITHHELD = "Not shown: a person may be on it"

_DPI = 150
_THUMBNAIL = (320, 240)
_CAPTION_HEIGHT = 44
_MARGIN = 10
_PER_ROW = 4
_MOST_ROWS = 30
# What an image with several labels has between them.
_BETWEEN_LABELS = ";"


@dataclass(frozen=True)
class Misclassified:
    """A photograph that was given the wrong label.

    Attributes:
        path: its file.
        name: its path relative to the image folder.
        label: the true one.
        answer: the one that it was given.
        score: the answer's probability.
        is_withheld: whether it is not to be looked at.
    """

    path: Path
    name: str
    label: str
    answer: str
    score: float
    is_withheld: bool = False

    def shows(self, labels: Sequence[str]) -> bool:
        """Tell whether one of the labels was given to it, by people or by the classifier."""
        given = {
            one.strip().casefold()
            for text in (self.label, self.answer)
            for one in text.split(_BETWEEN_LABELS)
        }
        return not given.isdisjoint(label.casefold() for label in labels)


def withhold(mistakes: Sequence[Misclassified], labels: Sequence[str]) -> list[Misclassified]:
    """Return the same mistakes, those withheld that may show one of the labels.

    That is so where people gave it one of them, and where the classifier did, which may be right.
    """
    return [replace(one, is_withheld=True) if one.shows(labels) else one for one in mistakes]


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


def _plain(text: str) -> str:
    # What stands between two of them is a formula for matplotlib.
    return text.replace("$", r"\$")


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
        thumbnail = _tile(mistake, font)
        sheet.paste(thumbnail, (left, top + _THUMBNAIL[1] - thumbnail.height))
        caption = (
            f"{_short(mistake.label, 16)}, taken for {_short(mistake.answer, 16)} "
            f"({mistake.score:.2f})\n{_short(Path(mistake.name).name, 38)}"
        )
        draw.text((left, top + _THUMBNAIL[1] + 4), caption, "black", font)
    sheet.save(path, "JPEG", quality=88)


def _tile(mistake: Misclassified, font: Any) -> Image.Image:
    if mistake.is_withheld:
        return _placeholder(WITHHELD, font)
    try:
        return make_thumbnail(mistake.path)
    except RejectedImageError as error:
        return _placeholder(f"Not shown: {error.detail}", font)


def _placeholder(text: str, font: Any) -> Image.Image:
    tile = Image.new("RGB", _THUMBNAIL, (225, 225, 220))
    centre = (_THUMBNAIL[0] / 2, _THUMBNAIL[1] / 2)
    ImageDraw.Draw(tile).text(centre, text, (60, 60, 60), font, anchor="mm")
    return tile


def make_thumbnail(path: Path) -> Image.Image:
    """Return a small copy of a photograph: its pixels alone, without where it was taken.

    Raises:
        RejectedImageError: the file can't be used.
    """
    small = ImageOps.contain(read(path).convert("RGB"), _THUMBNAIL)
    small.info.clear()
    return small


def _short(text: str, letters: int = 24) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
