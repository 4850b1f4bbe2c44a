"""Claims about boxes that come again at the same place."""

import time
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from autofocus.boxes.box import Box
from autofocus.boxes.repeats import drop_repeats
from autofocus.grouping.frames import Frame

START = datetime(2024, 5, 1, 6)
HOUR = timedelta(hours=1)
ROCK = Box(0.6, 0.5, 0.12, 0.1, 0.3, status="detector")
STUMP = Box(0.1, 0.55, 0.06, 0.2, 0.24, status="detector")


def jittered(box: Box, noise: np.random.Generator, share: float = 0.01) -> Box:
    """Return the box as the detector sees it another time: moved by some share of its sides."""
    left, top = (
        edge + noise.normal(0, share) * side
        for edge, side in ((box.left, box.width), (box.top, box.height))
    )
    width, height = (side * (1 + noise.normal(0, share)) for side in (box.width, box.height))
    return Box(left, top, width, height, box.score * noise.uniform(0.4, 1.5), status="detector")


def animal(noise: np.random.Generator) -> Box:
    """Return the box of an animal at any place, of any size."""
    width, height = noise.uniform(0.05, 0.4), noise.uniform(0.05, 0.4)
    place = noise.uniform(0, 1 - width), noise.uniform(0.3, 1) * (1 - height)
    return Box(*place, width, height, noise.uniform(0.1, 0.95), status="detector")


class Camera:
    """Frames of one location, with the boxes in them."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.boxes: dict[str, tuple[Box, ...]] = {}

    def take(self, moment: datetime | None, *boxes: Box, sequence: str = "") -> str:
        name = f"site/{len(self.frames):06}.jpg"
        self.frames.append(Frame(name, name, moment, "site", sequence=sequence))
        self.boxes[name] = boxes
        return name

    @property
    def kept(self) -> dict[str, tuple[Box, ...]]:
        return drop_repeats(self.frames, self.boxes)


def burnt_forest(sequences: int = 40) -> tuple[Camera, dict[str, tuple[Box, ...]]]:
    """Return a camera that sees a rock and a burnt stump, and what of its boxes are animals."""
    noise, camera = np.random.default_rng(5), Camera()
    animals: dict[str, tuple[Box, ...]] = {}
    for number in range(sequences):
        for frame in range(3):
            static = [jittered(ROCK, noise)] if noise.random() < 0.7 else []
            static += [jittered(STUMP, noise)] if noise.random() < 0.4 else []
            walker = (animal(noise),) if number % 3 == 0 else ()
            moment = START + number * 9 * HOUR + timedelta(seconds=frame)
            animals[camera.take(moment, *walker, *static)] = walker
    return camera, animals


def test_a_rock_and_a_burnt_stump_are_dropped() -> None:
    """What is found at one place day after day goes; the animals, and no other boxes, stay."""
    camera, animals = burnt_forest()
    assert camera.kept == animals


def test_an_animal_in_front_of_the_stump_stays() -> None:
    """A box that overlaps the stump, but is not the same, is kept."""
    camera, _ = burnt_forest()
    deer = Box(0.05, 0.5, 0.2, 0.28, 0.5, status="detector")
    name = camera.take(START + 31 * HOUR, deer, STUMP)
    assert camera.kept[name] == (deer,)


def test_the_order_does_not_matter() -> None:
    """Frames in any order, and boxes of equal scores, give the same result."""
    camera, _ = burnt_forest()
    camera.boxes = {
        name: tuple(replace(box, score=0.25) for box in boxes)
        for name, boxes in camera.boxes.items()
    }
    expected = camera.kept
    for seed in range(3):
        camera.frames = [camera.frames[n] for n in np.random.default_rng(seed).permutation(120)]
        assert camera.kept == expected


def test_an_animal_that_stays_is_kept() -> None:
    """One that rests for a long sequence, or in front of a time-lapse camera, is no rock."""
    noise, camera = np.random.default_rng(1), Camera()
    resting = Box(0.3, 0.6, 0.2, 0.15, 0.8, status="detector")
    for number in range(300):
        camera.take(START + timedelta(seconds=2 * number), jittered(resting, noise))
    for number in range(100):
        moment = START + 48 * HOUR + timedelta(minutes=5 * number)
        camera.take(moment, jittered(resting, noise))
    assert camera.kept == camera.boxes


def test_animals_at_a_feeder_are_kept() -> None:
    """Hundreds of visits to the same place differ in their boxes."""
    noise, camera = np.random.default_rng(2), Camera()
    visitor = Box(0.4, 0.4, 0.15, 0.2, 0.8, status="detector")
    for number in range(600):
        boxes = [jittered(visitor, noise, 0.15) for _ in range(noise.choice((1, 1, 2)))]
        camera.take(START + number * HOUR, *boxes)
    assert camera.kept == camera.boxes


def test_animals_that_fill_the_frame_are_kept() -> None:
    """Boxes that end at the edges of the image are alike, and no rocks."""
    camera = Camera()
    for number in range(50):
        camera.take(START + number * 5 * HOUR, Box(0, 0, 1, 1, 0.9, status="detector"))
    assert camera.kept == camera.boxes


def test_few_sequences_or_days_prove_nothing() -> None:
    """The same box in seven sequences, or in many of two days, is kept."""
    camera = Camera()
    for number in range(7):
        camera.take(START + number * 24 * HOUR, ROCK)
    for number in range(40):
        camera.take(START + 1008 * HOUR + number * timedelta(minutes=50), STUMP)
    assert camera.kept == camera.boxes


def test_without_dates_sequences_count() -> None:
    """Twenty sequences of a table are enough; frames of unknown sequences prove nothing."""
    camera = Camera()
    for number in range(40):
        camera.take(None, ROCK)
        camera.take(None, STUMP, sequence=f"s{number // 2}")
    kept = camera.kept
    assert [box for boxes in kept.values() for box in boxes] == [ROCK] * 40


def test_a_hundred_thousand_images_take_seconds() -> None:
    """Time grows with the number of boxes, not with its square, for rocks and animals alike."""
    noise = np.random.default_rng(3)

    def seconds(images: int) -> float:
        camera = Camera()
        for number in range(images):
            camera.take(START + number * HOUR, jittered(ROCK, noise), animal(noise))
        before = time.process_time()
        kept = camera.kept
        assert sum(map(len, kept.values())) < 1.02 * images
        return time.process_time() - before

    seconds(100)
    # The least of three, as other work on the machine only makes it longer.
    small, large = (min(seconds(images) for _ in range(3)) for images in (1000, 10_000))
    assert large < 25 * small
