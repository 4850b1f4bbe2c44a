"""Small images that are easy to classify, for tests that train."""

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"grass": (60, 140, 50), "sand": (200, 170, 110), "night": (30, 30, 30)}


def make_picture(path: Path, label: str, seed: int) -> None:
    """Draw noise around a label's colour and save it as a JPEG of 64 x 48 pixels."""
    random = np.random.default_rng([len(label), seed])
    noise = random.normal(0, 25, (48, 64, 3))
    pixels = np.clip(np.array(COLOURS[label]) + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=92)


def make_classes(folder: Path, each: int = 12, labels: tuple[str, ...] = tuple(COLOURS)) -> Path:
    """Make a folder of pictures for each label."""
    for label in labels:
        for number in range(each):
            make_picture(folder / label / f"{number:03d}.JPG", label, number)
    return folder
