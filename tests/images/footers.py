"""Images with footers, made by the tests themselves."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.images.pictures import DATE_TIME, MAKE, Pixels, exif, hills, write

WIDTH, HEIGHT = 320, 240


def scenes(number: int, width: int = WIDTH, height: int = HEIGHT) -> Iterator[Pixels]:
    """Yield different scenes, from a bright day to a dark night."""
    for index in range(number):
        brightness = 1.0 - 0.8 * index / max(1, number - 1)
        shifted = np.roll(hills(width, height), 37 * index, axis=1)
        yield (shifted * brightness).astype(np.uint8)


def with_band(scene: Pixels, rows: int, paper: int, number: int, *, top: bool = False) -> Pixels:
    """Return a scene with a band of paper, on which bars stand for text that varies."""
    band = np.full((rows, scene.shape[1], 3), paper, np.uint8)
    ink = 255 - paper
    for letter in range(12):
        left = 10 + 24 * letter
        band[rows // 4 : rows - rows // 4, left : left + 4 + (letter * number) % 9] = ink
    return np.concatenate([band, scene] if top else [scene, band])


def write_camera(
    folder: Path,
    make: str,
    rows: int,
    number: int = 5,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> None:
    """Write images of a camera whose footer has so many rows; 0: no footer."""
    for index, scene in enumerate(scenes(number, width, height)):
        picture = with_band(scene, rows, 0, index) if rows else scene
        data = exif({MAKE: make, DATE_TIME: f"2016:07:05 14:{index:02}:09"})
        write(folder / f"{index:03}.JPG", picture, exif=data)
