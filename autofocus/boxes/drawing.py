"""Drawings of boxes, for people to check."""

from PIL import Image, ImageDraw

from autofocus.boxes.box import Box

_MOTION, _WHOLE = (255, 64, 64), (64, 128, 255)


def draw_box(image: Image.Image, box: Box) -> Image.Image:
    """Return a copy of an image with its box, and the score or why there is none."""
    drawn = image.convert("RGB")
    draw = ImageDraw.Draw(drawn)
    moved = box.is_found
    left, top = box.left * drawn.width, box.top * drawn.height
    right, bottom = left + box.width * drawn.width - 1, top + box.height * drawn.height - 1
    colour, width = _MOTION if moved else _WHOLE, max(2, drawn.height // 120)
    draw.rectangle((left, top, right, bottom), outline=colour, width=width)
    words = f"{box.score:.2f}" if moved else box.detail
    place = (left + 2 * width, top + 2 * width)
    around = draw.textbbox(place, words)
    draw.rectangle(around, fill=(0, 0, 0))
    draw.text(place, words, fill=(255, 255, 255))
    return drawn
