"""Misclassified images: as a contact sheet, and as thumbnails inside the report."""

import base64
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

from autofocus.boxes.box import Box
from autofocus.errors import RejectedImageError

WITHHELD = "Not shown: it may show a person"
# Thumbnails are inside the report, which must not grow beyond what a mail can carry.
MOST_SHOWN = 48

_TILE = (320, 240)
_CAPTION_HEIGHT = 44
_MARGIN = 10
_PER_ROW = 4
_MOST_ROWS = 30
# Separates the labels of an image with several.
_BETWEEN_LABELS = ";"


@dataclass(frozen=True)
class Misclassified:
    """A misclassified image.

    Attributes:
        thumbnail: returns its thumbnail as a JPEG file, or raises RejectedImageError.
        name: its path relative to the image folder.
        label: the true label.
        answer: the predicted label.
        score: the probability of the prediction.
        is_withheld: whether it must not be shown.
        original: the path of the original image; empty if unknown.
        possible: the labels with a probability from which on an image counts as showing people.
    """

    thumbnail: Callable[[], bytes]
    name: str
    label: str
    answer: str
    score: float
    is_withheld: bool = False
    original: str = ""
    possible: tuple[str, ...] = ()

    @property
    def shown_name(self) -> str:
        """The name by which people know the image."""
        return self.original or self.name

    def shows(self, labels: Sequence[str]) -> bool:
        """Return whether it may show one of the labels: true, predicted or possible."""
        texts = (*self.label.split(_BETWEEN_LABELS), *self.answer.split(_BETWEEN_LABELS))
        own = {one.strip().casefold() for one in (*texts, *self.possible)}
        return not own.isdisjoint(label.casefold() for label in labels)


def withhold(mistakes: Sequence[Misclassified], labels: Sequence[str]) -> list[Misclassified]:
    """Return the mistakes, those that may show one of the labels marked as withheld.

    The predicted label counts as well as the true one, as the classifier may be right, and so does
    any that `predict --people` would go by.
    """
    return [replace(one, is_withheld=True) if one.shows(labels) else one for one in mistakes]


def draw_contact_sheet(mistakes: Sequence[Misclassified], path: Path) -> None:
    """Draw images in rows, with their true and their predicted labels."""
    shown = mistakes[: _PER_ROW * _MOST_ROWS]
    rows = max(1, -(-len(shown) // _PER_ROW))
    cell = (_TILE[0] + _MARGIN, _TILE[1] + _CAPTION_HEIGHT + _MARGIN)
    sheet = Image.new("RGB", (_PER_ROW * cell[0] + _MARGIN, rows * cell[1] + _MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    if not shown:
        draw.text((_MARGIN, _MARGIN), "No test image was misclassified.", "black", font)
    for place, mistake in enumerate(shown):
        left = _MARGIN + (place % _PER_ROW) * cell[0]
        top = _MARGIN + (place // _PER_ROW) * cell[1]
        thumbnail = _tile(mistake, font)
        sheet.paste(thumbnail, (left, top + _TILE[1] - thumbnail.height))
        caption = (
            f"{_short(mistake.label, 16)}, predicted {_short(mistake.answer, 16)} "
            f"({mistake.score:.2f})\n{_short(Path(mistake.shown_name).name, 38)}"
        )
        draw.text((left, top + _TILE[1] + 4), caption, "black", font)
    sheet.save(path, "JPEG", quality=88)


def _tile(mistake: Misclassified, font: Any) -> Image.Image:
    if mistake.is_withheld:
        return _placeholder(WITHHELD, font)
    try:
        return ImageOps.contain(_open(mistake.thumbnail()), _TILE)
    except RejectedImageError as error:
        return _placeholder(f"Not shown: {error.detail}", font)


def _placeholder(text: str, font: Any) -> Image.Image:
    tile = Image.new("RGB", _TILE, (225, 225, 220))
    centre = (_TILE[0] / 2, _TILE[1] / 2)
    ImageDraw.Draw(tile).text(centre, text, (60, 60, 60), font, anchor="mm")
    return tile


def _open(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg)).convert("RGB")


def _short(text: str, letters: int = 24) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


@dataclass(frozen=True)
class Tile:
    """A mistake as the report shows it.

    Attributes:
        mistake: the image and its labels.
        url: its thumbnail as a data URL; empty if it is not shown.
        shape: its width divided by its height.
        instead: why it is not shown; empty if it is.
        box: the crop around motion, if known.
    """

    mistake: Misclassified
    url: str
    shape: float
    instead: str
    box: Box | None


def tiles(mistakes: Sequence[Misclassified], boxes: Mapping[str, Box]) -> Iterable[Tile]:
    """Yield the first mistakes as tiles; withheld ones without their image."""
    for mistake in mistakes[:MOST_SHOWN]:
        yield _report_tile(mistake, boxes.get(mistake.name))


def _report_tile(mistake: Misclassified, box: Box | None) -> Tile:
    if mistake.is_withheld:
        return Tile(mistake, "", 1.0, WITHHELD, None)
    try:
        thumbnail = mistake.thumbnail()
    except RejectedImageError as error:
        return Tile(mistake, "", 1.0, f"Not shown: {error.detail}", None)
    small = _open(thumbnail)
    shape = small.width / small.height
    return Tile(mistake, _data_url(thumbnail), shape, "", box if box and box.is_found else None)


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
