"""Images with something that the detector finds."""

import numpy as np
from PIL import Image, ImageDraw

# Left, top, right and bottom of the animal as shares of the image.
TRUTH = (0.334, 0.375, 0.65, 0.652)


def ground(width: int = 640, height: int = 480) -> Image.Image:
    """Return an image of noisy ground."""
    random = np.random.default_rng(3)
    noise = random.normal(120, 6, (height, width, 1)) + np.array([-10, 5, -30])
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


def deer(width: int = 640, height: int = 480) -> Image.Image:
    """Return an image of a simple deer on noisy ground."""
    image = ground(width, height)
    draw = ImageDraw.Draw(image)

    def place(x: float, y: float) -> tuple[float, float]:
        return (0.3 + 0.35 * x) * width, (0.4 + 0.25 * y) * height

    brown = (92, 62, 36)
    draw.ellipse((*place(0.1, 0.25), *place(0.75, 0.65)), brown)
    for leg in (0.16, 0.26, 0.6, 0.7):
        draw.rectangle((*place(leg, 0.5), *place(leg + 0.04, 1)), brown)
    draw.polygon([place(0.62, 0.4), place(0.74, 0.45), place(0.9, 0.12), place(0.8, 0.08)], brown)
    draw.ellipse((*place(0.78, 0), *place(1, 0.2)), brown)
    draw.polygon([place(0.8, 0.06), place(0.78, -0.1), place(0.86, 0.04)], brown)
    return image
