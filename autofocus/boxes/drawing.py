"""Drawings of boxes, for people to check."""

from collections.abc import Sequence

from PIL import Image, ImageDraw

from autofocus.boxes.box import Box

_COLOURS = {
    "motion": (255, 64, 64),
    "detector": (255, 192, 0),
    "both": (64, 224, 64),
    "whole_frame": (64, 128, 255),
}


def draw_box(image: Image.Image, box: Box) -> Image.Image:
    """Return a copy of an image with its box, and the score or why there is none."""
    return draw_boxes(image, [box])


def draw_boxes(image: Image.Image, boxes: Sequence[Box]) -> Image.Image:
    """Return a copy of an image with its boxes, the first one on top; see `draw_box`."""
    drawn = image.convert("RGB")
    for box in reversed(boxes):
        _draw(drawn, box)
    return drawn


def _draw(drawn: Image.Image, box: Box) -> None:
    draw = ImageDraw.Draw(drawn)
    left, top = box.left * drawn.width, box.top * drawn.height
    right, bottom = left + box.width * drawn.width - 1, top + box.height * drawn.height - 1
    # A box may be smaller than a pixel.
    right, bottom = max(left, right), max(top, bottom)
    colour, width = _COLOURS[box.status], max(2, drawn.height // 120)
    draw.rectangle((left, top, right, bottom), outline=colour, width=width)
    words = f"{box.score:.2f}" if box.is_found else box.detail
    place = (left + 2 * width, top + 2 * width)
    around = draw.textbbox(place, words)
    draw.rectangle(around, fill=(0, 0, 0))
    draw.text(place, words, fill=(255, 255, 255))
