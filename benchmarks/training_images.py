"""Small synthetic images of animals at locations, for benchmarks of whole trainings."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LABELS = tuple(f"species {number:02d}" for number in range(15))
# The rarest label has 8 % of the images of the most common one.
RAREST = 0.08
LOCATIONS = 60
# Of the textures that make up backgrounds and animals.
_BACKGROUND, _ANIMAL = (12, 16, 3), (6, 8, 3)

Pixels = NDArray[np.float64]


def make_images(
    folder: Path,
    number: int,
    size: tuple[int, int] = (300, 226),
    labels: NDArray[np.int64] | None = None,
) -> list[Path]:
    """Write images below `<label>/<location>/`, and return their paths.

    Args:
        folder: for the folders of the labels.
        number: of images.
        size: width and height in pixels.
        labels: the number of each image's label, shape (N,); None to draw them.
    """
    random = np.random.default_rng(0)
    if labels is None:
        shares = np.geomspace(1, RAREST, len(LABELS))
        labels = random.choice(len(LABELS), size=number, p=shares / shares.sum())
    backgrounds = [_stretched(random.normal(110, 35, _BACKGROUND), size) for _ in range(LOCATIONS)]
    coats = [random.normal(128, 40, _ANIMAL) for _ in LABELS]
    paths = []
    for image, label in enumerate(labels.tolist()):
        location = image * LOCATIONS // number
        pixels = backgrounds[location] * random.uniform(0.7, 1.2)
        pixels = pixels + random.normal(0, 12, pixels.shape)
        _add_animal(pixels, coats[label], random)
        path = folder / LABELS[label] / f"location {location:02d}" / f"{image:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=85)
        paths.append(path)
    return paths


def _add_animal(pixels: Pixels, coat: Pixels, random: np.random.Generator) -> None:
    """Draw an animal of a random size in a random place."""
    height, width = pixels.shape[:2]
    tall = int(random.integers(height // 5, height // 2))
    wide = int(1.4 * tall)
    top, left = int(random.integers(height - tall)), int(random.integers(width - wide))
    animal = _stretched(coat + random.normal(0, 16, _ANIMAL), (wide, tall))
    place = pixels[top : top + tall, left : left + wide]
    place *= 0.4
    place += 1.2 * animal - 88


def _stretched(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR), np.float64)
