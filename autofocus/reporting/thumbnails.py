"""The worst mistakes as small photographs inside the report."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from autofocus.images.decoding import RejectedImageError
from autofocus.motion.boxes import Box
from autofocus.reporting.pictures import WITHHELD, Misclassified, make_thumbnail

# Thumbnails are inside the file, which must not grow beyond what a mail can carry.
MOST_SHOWN = 48
_QUALITY = 80


@dataclass(frozen=True)
class Tile:
    """A mistake as the report shows it.

    Attributes:
        mistake: the photograph, and what it was taken for.
        url: its small copy; empty if it is not shown.
        shape: its width as a share of its height.
        instead: why it is not shown; empty if it is.
        box: what moved on it, if that is known.
    """

    mistake: Misclassified
    url: str
    shape: float
    instead: str
    box: Box | None


def tiles(mistakes: Sequence[Misclassified], boxes: Mapping[str, Box]) -> Iterable[Tile]:
    """Yield the first mistakes as tiles; those that are withheld without their picture."""
    for mistake in mistakes[:MOST_SHOWN]:
        yield _tile(mistake, boxes.get(mistake.name))


def _tile(mistake: Misclassified, box: Box | None) -> Tile:
    if mistake.is_withheld:
        return Tile(mistake, "", 1.0, WITHHELD, None)
    try:
        thumbnail = make_thumbnail(mistake.path)
    except RejectedImageError as error:
        return Tile(mistake, "", 1.0, f"Not shown: {error.detail}", None)
    shape = thumbnail.width / thumbnail.height
    return Tile(
        mistake, _data_url(thumbnail), shape, "", box if box and box.status == "motion" else None
    )


def _data_url(picture: Image.Image) -> str:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=_QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"
