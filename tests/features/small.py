"""A backbone that takes no time, and images for it, for tests."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pixels

from autofocus.features.backbones import Backbone
from autofocus.grouping.frames import Frame
from autofocus.images.facts import Facts
from autofocus.splits.dataset import Dataset, SplitSettings, make_dataset
from autofocus.splits.images import Image

SIZE = (8, 12)
START = datetime(2016, 7, 5, 12)


class Means:
    """Maps images to the means of their left and right halves, three channels each."""

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        self.seen += len(images)
        half = images.shape[2] // 2
        means = [images[:, :, :half].mean(axis=(1, 2)), images[:, :, half:].mean(axis=(1, 2))]
        return np.concatenate(means, axis=1).astype(np.float32)


def small_backbone() -> tuple[Backbone, Means]:
    """A backbone, and what counts how many images it has seen."""
    means = Means()
    return Backbone("means", "0" * 64, SIZE, 6, means, means), means


def picture(path: Path, left: int, right: int) -> None:
    """Save an image with two grey halves."""
    pixels = np.full((16, 24, 3), left, np.uint8)
    pixels[:, 12:] = right
    path.parent.mkdir(parents=True, exist_ok=True)
    Pixels.fromarray(pixels).save(path, "PNG")


def photograph(name: str, number: int, *, place: int, second: int = 0) -> Image:
    """An image of a place, with a digest of its own."""
    label, own = name.split("/")
    moment = START + timedelta(seconds=second)
    frame = Frame(name, f"cam{place}/{own}", moment, f"L{place}")
    facts = Facts(moment.isoformat(), "MAKER Model", night=False, brightness=90.0)
    return Image(frame, (name,), (label,), f"{number:064x}", facts)


def places(folder: Path, number: int = 6) -> list[Image]:
    """Images of two classes at several places: light on the left, or on the right."""
    found = []
    for place in range(number):
        for shot in range(4):
            label = ("left", "right")[shot % 2]
            name = f"{label}/{place}{shot}.PNG"
            light = 200 - 5 * place
            picture(folder / name, *((light, 60) if label == "left" else (60, light)))
            found.append(photograph(name, 10 * place + shot, place=place, second=900 * shot))
    return sorted(found, key=lambda one: one.frame.name)


def dataset(folder: Path, number: int = 6, **asked: Any) -> Dataset:
    """The same as a data set, a third of it for the test and a third for validation."""
    return make_dataset(("left", "right"), places(folder, number), SplitSettings(30, 30, **asked))
