"""Small scenes of a camera that stands still, for tests."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.grouping.frames import Frame
from autofocus.motion.finding import MotionFinder

Grey = NDArray[np.float64]
WIDTH, HEIGHT = 256, 192
# Where an animal is put: left, top, right, bottom in pixels.
Place = tuple[int, int, int, int]
ANIMAL: Place = (150, 90, 190, 120)


def background(seed: int = 0) -> Grey:
    """A textured scene, 0 to 255."""
    random = np.random.default_rng(seed)
    coarse = random.normal(size=(HEIGHT // 8, WIDTH // 8)).repeat(8, axis=0).repeat(8, axis=1)
    return 110 + 20 * coarse + 6 * random.normal(size=(HEIGHT, WIDTH))


def frame(seed: int, scene: Grey | None = None) -> Grey:
    """One photograph of the scene: it differs by the sensor's noise."""
    random = np.random.default_rng([7, seed])
    still = background() if scene is None else scene
    return still + random.normal(scale=2, size=still.shape)


def with_animal(picture: Grey, place: Place = ANIMAL) -> Grey:
    """A bright, striped animal in front of the scene."""
    left, top, right, bottom = place
    shown = picture.copy()
    stripes = 40 * (np.arange(right - left) // 4 % 2)
    shown[top:bottom, left:right] = 190 + stripes
    return shown


def with_shade(picture: Grey, place: Place, by: float) -> Grey:
    """An animal of the scene's own colours, striped, and only so much brighter."""
    left, top, right, bottom = place
    shown = picture.copy()
    shown[top:bottom, left:right] += by * (1 + 0.5 * (np.arange(right - left) // 4 % 2))
    return shown


def to_image(picture: Grey) -> Image.Image:
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8), "L")


def in_a_row(pictures: Mapping[str, Grey]) -> list[Frame]:
    """Frames of one camera, a minute apart, in the order of the names."""
    start = datetime(2016, 7, 5, 12)
    return [
        Frame(name, f"cam/{name}.JPG", start + timedelta(minutes=number))
        for number, name in enumerate(sorted(pictures))
    ]


def in_bursts(pictures: Mapping[str, Grey]) -> list[Frame]:
    """Frames of one camera: names with the same first letter are a burst, others hours apart."""
    start = datetime(2016, 7, 5)
    return [
        Frame(
            name,
            f"cam/{name}.JPG",
            start + timedelta(hours=ord(name[0]) - ord("a"), seconds=number),
        )
        for number, name in enumerate(sorted(pictures))
    ]


def reader(pictures: Mapping[str, Grey]) -> Callable[[str], Image.Image]:
    return lambda name: to_image(pictures[name])


def find(pictures: Mapping[str, Grey], name: str) -> Box:
    """What moved on one of a camera's photographs."""
    return MotionFinder(in_a_row(pictures), reader(pictures)).box(name)


def holds(box: Box, place: Place = ANIMAL) -> bool:
    """Whether a box holds most of an animal and is not much larger than it."""
    left, top, right, bottom = place
    middle = (left + right) / 2 / WIDTH, (top + bottom) / 2 / HEIGHT
    inside = (
        box.left <= middle[0] <= box.left + box.width
        and box.top <= middle[1] <= box.top + box.height
    )
    return inside and box.width * box.height < 0.35
