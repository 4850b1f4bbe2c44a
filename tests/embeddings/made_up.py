"""Folders of embeddings with numbers that no network has computed."""

import hashlib
from pathlib import Path

import numpy as np

from autofocus.boxes.crop_shape import CropShape
from autofocus.embeddings.caches import Caches
from autofocus.embeddings.description import IMAGES, IMAGES_NAME, RECIPE, Description
from autofocus.runs.csv_files import CsvWriter

BACKBONE, DIGEST, SIZE = "backbone", "ab" * 32, 4


def key_of(number: int) -> str:
    """Return the digest of an image."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def make_embeddings(folder: Path, numbers: range) -> Path:
    """Make embeddings of images, each known by its number."""
    folder.mkdir(parents=True)
    with Caches(folder, BACKBONE, DIGEST, SIZE) as caches:
        ordered = sorted(numbers, key=key_of)
        features = np.repeat(np.array(ordered, np.float32)[:, None], SIZE, axis=1)
        caches.embeddings.put([key_of(number) for number in ordered], features)
        caches.notes.put_notes({key_of(number): str(number) for number in ordered})
        caches.thumbnails.put({key_of(number): b"%d" % number for number in ordered})
    with CsvWriter(folder / IMAGES_NAME, IMAGES) as writer:
        writer.write_all(
            (f"camera/{number:03}.jpg", key_of(number), "", "", "") for number in numbers
        )
    description = Description(
        recipe=RECIPE,
        backbone=BACKBONE,
        backbone_digest=DIGEST,
        feature_size=SIZE,
        views=("full",),
        motion=None,
        detector=None,
        crop=CropShape(),
        settings={"views": 1},
        preparation=None,
        images=len(numbers),
    )
    description.write(folder, description.names, folder)
    return folder
