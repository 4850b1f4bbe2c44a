"""The detector against motion boxes: `python -m benchmarks.detector` writes DETECTOR.md."""

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from PIL import Image

from autofocus import __version__
from autofocus.boxes.box import Box
from autofocus.detector.detecting import Detector
from autofocus.detector.settings import DetectorSettings
from autofocus.grouping.frames import Frame
from autofocus.localization.finding import BoxFinder, BoxSettings
from autofocus.motion.settings import MotionSettings
from autofocus.runs.parallel import ordered_map
from benchmarks.hard_sample.making import HardImage, make_hard_sample
from benchmarks.hard_sample.plan import HardSettings
from benchmarks.measure import machine, publish

SIZE = HardSettings(locations=12, per_species=2, empty=6)
SIDES, THREADS, TIMED = (416, 640), (1, 2), 40
# The minimum intersection over union of a right box with the true one.
RIGHT = 0.5

TEXT = """# The detector and motion boxes

The hard synthetic sample: {images} images of {locations} locations, {animals} of them with an
animal of 2 to 10 % of the frame. A box is right if its intersection over union with the true one
is at least {right}. Of each image, the one box that training and prediction use counts.
`python -m benchmarks.detector` gives this page anew (Autofocus {version}, Python {python}).

| boxes of | recall | precision | median overlap with the truth | empty images without a box |
|---|---:|---:|---:|---:|
{quality}

The detector was trained on real animals and finds few drawn ones, so its rows say nothing about
real images: docs/boxes.md has counts of those. They do show what `both` costs where the
detector is of no use.

| input (pixels) | worker threads | ms per image | images per second |
|---:|---:|---:|---:|
{speed}

Time of the detector alone, without decoding, on {machine}, median of three rounds.
"""


def measure(folder: Path) -> str:
    """Measure, and return the text."""
    sample = make_hard_sample(folder / "sample", SIZE)
    frames = [
        Frame(
            f"{one.location}/{one.filepath}",
            f"{one.location}/{one.filepath}",
            datetime.fromisoformat(one.taken),
            one.location,
        )
        for one in sample.images
    ]
    pictures = {
        frame.name: _open(sample.image_dir / one.filepath)
        for frame, one in zip(frames, sample.images, strict=True)
    }
    rows = []
    for name, settings in _ways().items():
        finder = _finder(frames, pictures, settings)
        boxes = list(ordered_map(finder.box, list(pictures), 2))
        rows.append(f"| {name} | {_judge(sample.images, boxes)} |")
        print(rows[-1], flush=True)
    return TEXT.format(
        images=len(sample.images),
        locations=SIZE.locations,
        animals=sum(one.box is not None for one in sample.images),
        right=RIGHT,
        version=__version__,
        python=platform.python_version(),
        quality="\n".join(rows),
        speed="\n".join(_time(list(pictures.values())[:TIMED])),
        machine=machine(),
    )


def _open(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def _ways() -> Mapping[str, BoxSettings]:
    motion, detector = MotionSettings(tight=True), DetectorSettings()
    return {
        "motion": BoxSettings(motion),
        **{
            f"the detector, {side} pixels": BoxSettings(None, replace(detector, side=side))
            for side in SIDES
        },
        "both, 416 pixels": BoxSettings(motion, detector),
    }


def _finder(
    frames: Sequence[Frame], pictures: Mapping[str, Image.Image], settings: BoxSettings
) -> BoxFinder:
    detector = Detector(settings.detector) if settings.detector else None
    read: Callable[[str], Image.Image] = pictures.__getitem__
    known = (
        dict(zip(pictures, ordered_map(detector.detect, pictures.values(), 2), strict=True))
        if detector
        else None
    )
    return BoxFinder(frames, read, settings, detections=known)


def _judge(images: Sequence[HardImage], boxes: Sequence[Box]) -> str:
    """Return recall, precision, overlap and the empty images without a box, as cells."""
    overlaps = [
        _overlap(one.box, box)
        for one, box in zip(images, boxes, strict=True)
        if one.box is not None and box.is_found
    ]
    right = sum(overlap >= RIGHT for overlap in overlaps)
    animals = sum(one.box is not None for one in images)
    found = sum(box.is_found for box in boxes)
    empty = [box for one, box in zip(images, boxes, strict=True) if one.box is None]
    free = sum(not box.is_found for box in empty) / len(empty)
    median = float(np.median(overlaps)) if overlaps else 0.0
    return f"{right / animals:.0%} | {right / max(found, 1):.0%} | {median:.2f} | {free:.0%}"


def _overlap(one: Box, other: Box) -> float:
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    shared = max(across, 0.0) * max(down, 0.0)
    return shared / (one.width * one.height + other.width * other.height - shared)


def _time(pictures: Sequence[Image.Image]) -> list[str]:
    rows = []
    for side in SIDES:
        detector = Detector(replace(DetectorSettings(), side=side))
        detector.detect(pictures[0])
        for threads in THREADS:
            seconds = []
            for _ in range(3):
                start = time.perf_counter()
                for _ in ordered_map(detector.detect, pictures, threads):
                    pass
                seconds.append((time.perf_counter() - start) / len(pictures))
            each = float(np.median(seconds))
            rows.append(f"| {side} | {threads} | {1000 * each:.0f} | {1 / each:.1f} |")
    return rows


if __name__ == "__main__":
    raise SystemExit(publish("DETECTOR.md", measure))
