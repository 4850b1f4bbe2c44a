"""Many tiny images, and tables about them, for benchmarks of what does not depend on pixels."""

import os
import shutil
from pathlib import Path

from PIL import Image

from autofocus.tables.columns import DETECTIONS, PROPERTIES

LABELS = ("raccoon", "empty", "deer", "coyote")
# Images in a folder.
FOLDER = 1000
# A file of ext4 has at most 65,000 names.
_NAMES = 50_000


def name(number: int) -> str:
    """Return the relative path of an image."""
    return f"s{number // FOLDER:04d}/I{number:07d}.JPG"


def make_images(folder: Path, images: int) -> Path:
    """Make images, all of them names of a few files, and return their folder."""
    original = folder.with_name(f"{folder.name}.JPG")
    original.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((32, 32), 60).save(original)
    first = original
    for number in range(images):
        path = folder / name(number)
        if number % FOLDER == 0:
            path.parent.mkdir(parents=True)
        if number % _NAMES == 0:
            first = path
            shutil.copy(original, path)
        else:
            os.link(first, path)
    return folder


def make_labels(folder: Path, images: int) -> Path:
    """Make a table of labels, a row per image, and return its path."""
    path = folder / "labels.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("filepath,label\n")
        for number in range(images):
            file.write(f"images/{name(number)},{LABELS[number % len(LABELS)]}\n")
    return path


def make_tables(folder: Path, images: int) -> tuple[Path, Path]:
    """Make a table of detections and one of properties, a row per image in each.

    Returns:
        Their paths; the second is where `preprocess_images` puts it.
    """
    detections, properties = folder / "detections.csv", folder / "images" / "image_properties.csv"
    properties.parent.mkdir(parents=True, exist_ok=True)
    with detections.open("w", encoding="utf-8") as file:
        file.write(",".join(DETECTIONS) + "\n")
        for number in range(images):
            site, image = name(number).split("/")
            day, label = 1 + number % 28, LABELS[number % len(LABELS)]
            file.write(f"{day:02d}-Jul-16,Z:\\T\\{site}\\,{image},{label}\n")
    with properties.open("w", encoding="utf-8") as file:
        file.write(",".join(PROPERTIES) + "\n")
        for number in range(images):
            day = 1 + number % 28
            file.write(f"{name(number)},2016-07-{day:02d},12:00:00,0,99.00,DateTime,9,9,A,B\n")
    return detections, properties
