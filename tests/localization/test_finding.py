"""Claims about finding the box of each image."""

import numpy as np
import pytest
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.detector.settings import DetectorSettings
from autofocus.errors import RejectedImageError
from autofocus.localization.finding import BoxFinder, BoxSettings
from autofocus.motion.finding import MotionFinder
from autofocus.motion.settings import MotionSettings
from autofocus.runs.ledger import Reason
from tests.localization.bright import BrightDetector
from tests.motion.scenes import ANIMAL, HEIGHT, WIDTH, Grey, frame, in_a_row, reader, with_animal

BOTH = BoxSettings(MotionSettings(), DetectorSettings())
ALONE = BoxSettings(detector=DetectorSettings())


def camera() -> dict[str, Grey]:
    """Six frames of a scene, on the last of which there is an animal."""
    still = {f"s{number}": np.minimum(frame(number), 170) for number in range(5)}
    return {**still, "x": with_animal(np.minimum(frame(50), 170))}


def finder(settings: BoxSettings, detector: BrightDetector | None = None) -> BoxFinder:
    pictures = camera()
    return BoxFinder(in_a_row(pictures), reader(pictures), settings, detector)


def test_motion_alone_gives_the_box_of_the_motion_finder() -> None:
    """Without a detector nothing is added, and nothing is detected."""
    pictures = camera()
    motion = MotionFinder(in_a_row(pictures), reader(pictures))
    boxes = finder(BoxSettings(MotionSettings()))
    assert [boxes.box(name) for name in pictures] == [motion.box(name) for name in pictures]
    assert (boxes.detections("x"), boxes.detector_score("x")) == ((), None)
    assert boxes.neighbours("x") == motion.neighbours("x")


def test_the_detector_alone_needs_no_other_image() -> None:
    """The box is the detector's, no neighbour is compared, and an empty frame says so."""
    boxes = finder(ALONE, BrightDetector())
    box = boxes.box("x")
    left, top, right, bottom = ANIMAL
    assert box == Box(
        left / WIDTH, top / HEIGHT, (right - left) / WIDTH, (bottom - top) / HEIGHT, 0.9,
        status="detector",
    )  # fmt: skip
    assert boxes.box("s1").detail == "nothing was detected"
    assert (boxes.detector_score("x"), boxes.detector_score("s1")) == (0.9, 0.0)
    assert boxes.neighbours("x") == ()


def test_both_together_count_more_than_either() -> None:
    """A box that motion and the detector find has the detector's edges and a higher score."""
    box = finder(BOTH, BrightDetector()).box("x")
    assert (box.status, box.frames) == ("both", 5)
    assert box.score > 0.9
    assert box.width == (ANIMAL[2] - ANIMAL[0]) / WIDTH


def test_the_detector_sees_each_image_once() -> None:
    """However often boxes are asked for; and what is known is not detected again."""
    detector = BrightDetector()
    boxes = finder(BOTH, detector)
    for name in ("x", "s1", "x"):
        boxes.box(name)
    assert detector.images == 6
    pictures = camera()
    known = BoxFinder(
        in_a_row(pictures), reader(pictures), ALONE, detections={"x": boxes.detections("x")}
    )
    assert known.box("x").is_found
    assert not known.box("s1").is_found
    assert detector.images == 6


def test_an_image_that_can_t_be_read_has_no_detections() -> None:
    """The others of its camera have theirs."""

    def read(name: str) -> Image.Image:
        if name == "s1":
            raise RejectedImageError(Reason.TRUNCATED, "cut off")
        return reader(camera())(name)

    boxes = BoxFinder(in_a_row(camera()), read, ALONE, BrightDetector())
    assert boxes.detections("s1") == ()
    assert boxes.box("x").is_found


@pytest.mark.parametrize(("settings", "expected"), [(BoxSettings(), False), (ALONE, True)])
def test_settings_without_a_source_are_none(settings: BoxSettings, expected: bool) -> None:
    """A classifier that sees whole frames needs no boxes."""
    assert bool(settings) is expected
