"""A peer: label photographs in a plain loop, which reads a batch and then asks the network.

python plain_predict.py MODEL INDIR OUT.csv TRIM_BOTTOM MIN_SIDE

Photographs are trimmed and made small as `preprocess_images` does, unless MIN_SIDE is 0.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

BATCH, SIDE = 32, 224


def pixels(path: Path, trim: int, side: int) -> Any:
    """Return a photograph as the network wants it."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if side:
        image = image.crop((0, 0, image.width, image.height - trim))
        scale = side / min(image.size)
        small = (round(image.width * scale), round(image.height * scale))
        image = image.resize(small, Image.Resampling.LANCZOS)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32) / 255


def batches(paths: list[Path]) -> Iterator[list[Path]]:
    """Yield the photographs in batches."""
    for start in range(0, len(paths), BATCH):
        yield paths[start : start + BATCH]


def main(model: Path, indir: Path, out: Path, trim: int, side: int) -> None:
    """Write each photograph's most probable class."""
    network = tf.saved_model.load(str(model)).signatures["serving_default"]
    with out.open("w", newline="") as file:
        writer = csv.writer(file)
        for batch in batches(sorted(indir.rglob("*.JPG"))):
            images = np.stack([pixels(path, trim, side) for path in batch])
            (shares,) = network(tf.constant(images)).values()
            for path, row in zip(batch, shares.numpy(), strict=True):
                writer.writerow([path, int(row.argmax()), f"{row.max():.4f}"])


if __name__ == "__main__":
    model, indir, out = map(Path, sys.argv[1:4])
    main(model, indir, out, int(sys.argv[4]), int(sys.argv[5]))
