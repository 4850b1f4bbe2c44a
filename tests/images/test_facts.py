"""Claims about the facts of an image."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.images.capture import Capture, to_exif
from autofocus.images.facts import Facts, find_facts
from autofocus.images.reading import read_image

NOTHING = Capture()


def save(path: Path, colour: tuple[int, int, int], capture: Capture = NOTHING) -> Path:
    pixels = np.full((40, 60, 3), colour, np.uint8)
    Image.fromarray(pixels).save(path, "PNG", exif=to_exif(capture))
    return path


def facts_of(path: Path) -> Facts:
    return find_facts(read_image(path))


def test_moment_camera_and_light_are_read(tmp_path: Path) -> None:
    """All that the report slices by follows from the file alone."""
    capture = Capture("2016-07-05", "04:05:06", "DateTimeOriginal", "RECONYX", "RECONYX HC500")
    facts = facts_of(save(tmp_path / "a.png", (80, 80, 80), capture))
    assert facts == Facts("2016-07-05T04:05:06", "RECONYX HC500", night=True, brightness=80.0)
    assert facts.taken == datetime(2016, 7, 5, 4, 5, 6)


def test_a_model_without_its_maker_s_name_gets_it(tmp_path: Path) -> None:
    """The manufacturer precedes a model that does not name it."""
    capture = Capture(camera_make="RECONYX", camera_model="HC500")
    assert facts_of(save(tmp_path / "a.png", (9, 9, 9), capture)).camera == "RECONYX HC500"


def test_colour_is_the_day(tmp_path: Path) -> None:
    """Channels that differ are no infrared light."""
    assert not facts_of(save(tmp_path / "a.png", (120, 90, 60))).night


@pytest.mark.parametrize("moment", ["", "2016-07-05T04:05:06"])
def test_facts_survive_the_cache(moment: str) -> None:
    """What is written as JSON is read back the same."""
    facts = Facts(moment, "Müller ❄", night=True, brightness=1.25)
    assert Facts.from_json(facts.to_json()) == facts
