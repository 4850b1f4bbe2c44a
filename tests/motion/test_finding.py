"""Claims about finding what moved."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.errors import RejectedImageError
from autofocus.grouping.frames import Frame
from autofocus.motion.finding import MotionFinder
from autofocus.runs.ledger import Reason
from tests.motion.scenes import (
    ANIMAL,
    HEIGHT,
    WIDTH,
    background,
    find,
    frame,
    holds,
    in_a_row,
    in_bursts,
    reader,
    to_image,
    with_animal,
    with_shade,
)


def still(number: int = 6) -> dict[str, np.ndarray]:
    return {f"s{each}": frame(each) for each in range(number)}


def test_an_animal_is_found() -> None:
    """Against frames without it, the box lies around the animal."""
    box = find({**still(), "x": with_animal(frame(50))}, "x")
    assert box.status == "motion"
    assert holds(box)
    assert 0 < box.score < 1
    assert box.frames == 6


def test_an_animal_that_walks_through_a_burst_is_found_by_the_burst_alone() -> None:
    """Of three frames, at each place two show the background, and no ghost is found."""
    places = [(20, 90, 60, 120), (100, 90, 140, 120), (180, 90, 220, 120)]
    burst = {f"b{n}": with_animal(frame(n), place) for n, place in enumerate(places)}
    for number, place in enumerate(places):
        assert holds(find(burst, f"b{number}"), place)


@pytest.mark.parametrize(("by", "step"), [(40.0, 30), (90.0, 20)])
def test_two_other_frames_are_enough_for_an_animal_like_its_scene(by: float, step: int) -> None:
    """One that hardly stands out, or covers in part where it was before, is found by three."""
    places = [(60 + step * n, 90, 100 + step * n, 120) for n in range(3)]
    burst = {f"b{n}": with_shade(frame(n), place, by) for n, place in enumerate(places)}
    for number, place in enumerate(places):
        assert holds(find(burst, f"b{number}"), place)


def test_what_changed_before_a_burst_is_no_animal() -> None:
    """A branch that fell an hour ago is in all frames of the burst, in which an animal walks."""
    branch = (20, 40, 80, 60)
    places = [(100, 90, 140, 120), (150, 90, 190, 120), (200, 90, 240, 120)]
    walk = {
        f"t{n}": with_animal(with_animal(frame(20 + n), branch), place)
        for n, place in enumerate(places)
    }
    pictures = {**still(), **walk}
    finder = MotionFinder(in_bursts(pictures), reader(pictures))
    for number, place in enumerate(places):
        assert holds(finder.box(f"t{number}"), place)
        assert finder.box(f"t{number}").frames == 2


def test_an_animal_that_stays_is_found_by_the_camera_s_other_frames() -> None:
    """A burst in which it doesn't move is compared with what was there before."""
    stay = {f"t{each}": with_animal(frame(20 + each)) for each in range(3)}
    pictures = {**still(), **stay}
    box = MotionFinder(in_bursts(pictures), reader(pictures)).box("t1")
    assert holds(box)
    assert box.frames == 8


@pytest.mark.parametrize("light", [0.5, 1.6])
def test_more_or_less_light_hides_nothing_and_adds_nothing(light: float) -> None:
    """On a frame that is darker or brighter than all others the same is found."""
    assert holds(find({**still(), "x": light * with_animal(frame(50))}, "x"))
    assert find({**still(), "x": light * frame(50)}, "x").status == "whole_frame"


def test_nothing_moved_is_said() -> None:
    """An empty frame is looked at whole, and the reason told."""
    box = find({**still(), "x": frame(50)}, "x")
    assert (box.status, box.detail, box.score) == ("whole_frame", "nothing moved", 0.0)
    assert (box.left, box.top, box.width, box.height) == (0, 0, 1, 1)


def test_a_single_frame_is_looked_at_whole() -> None:
    """Without another frame there is no background, and the box says so."""
    box = find({"x": with_animal(frame(0))}, "x")
    assert box.status == "whole_frame"
    assert box.detail == "no other frame of this scene in the same light"
    assert box.frames == 0


def test_what_always_moves_counts_less_than_an_animal() -> None:
    """Leaves that flicker in every frame are not chosen over an animal elsewhere."""

    def windy(seed: int) -> np.ndarray:
        picture = frame(seed)
        leaves = np.random.default_rng([9, seed]).normal(scale=30, size=(60, 80))
        picture[10:70, 10:90] += leaves
        return picture

    pictures = {f"s{each}": windy(each) for each in range(8)}
    assert holds(find({**pictures, "x": with_animal(windy(50))}, "x"))


def test_a_camera_that_shakes_finds_the_animal_only() -> None:
    """A frame shifted by a few pixels is laid over the others first."""
    shaken = np.roll(frame(50), (3, -4), axis=(0, 1))
    assert holds(find({**still(), "x": with_animal(shaken)}, "x"))
    assert find({**still(), "x": shaken}, "x").status == "whole_frame"


def test_another_scene_in_the_same_folder_is_no_background() -> None:
    """Where the camera was moved, its frames of another place are left aside."""
    others = {f"o{each}": frame(each, background(seed=5)) for each in range(6)}
    box = find({**others, "x": with_animal(frame(50))}, "x")
    assert box.detail == "no other frame of this scene in the same light"


def test_frames_by_infrared_light_are_not_compared_with_those_by_day() -> None:
    """A day's frames are no background for a night's, though the scene is the same."""
    tint = np.array([1.2, 1.0, 0.6])
    coloured = {
        f"s{each}": Image.fromarray(
            np.clip(frame(each)[..., None] * tint, 0, 255).astype(np.uint8)
        )
        for each in range(6)
    }
    images = {**coloured, "x": to_image(with_animal(frame(50)))}
    frames = [Frame(name, f"cam/{name}.JPG") for name in sorted(images)]
    box = MotionFinder(frames, lambda name: images[name]).box("x")
    assert box.detail == "no other frame of this scene in the same light"


def test_digits_in_a_strip_at_the_edge_are_no_animal() -> None:
    """A clock that is printed into the picture changes each second, and is left aside."""
    pictures = still()
    stamped = frame(50)
    stamped[-8:, 30:120] = 255
    assert find({**pictures, "x": stamped}, "x").status == "whole_frame"


def test_a_neighbour_that_cannot_be_read_is_left_aside() -> None:
    """One broken photograph costs no other its box."""
    pictures = {**still(), "x": with_animal(frame(50))}

    def read(name: str) -> Image.Image:
        if name == "s3":
            raise RejectedImageError(Reason.TRUNCATED, "cut off")
        return to_image(pictures[name])

    finder = MotionFinder(in_a_row(pictures), read)
    assert holds(finder.box("x"))
    assert finder.box("x").frames == 5
    assert finder.box("s3").status == "whole_frame"


def test_threads_change_nothing() -> None:
    """The same boxes come out, whichever thread asks first."""
    pictures = {f"x{n}": with_animal(frame(n), (9 * n, 60, 9 * n + 40, 90)) for n in range(16)}
    names = sorted(pictures)
    alone = MotionFinder(in_a_row(pictures), reader(pictures))
    expected = [alone.box(name) for name in names]
    together = MotionFinder(in_a_row(pictures), reader(pictures))
    with ThreadPoolExecutor(8) as executor:
        assert list(executor.map(together.box, reversed(names))) == expected[::-1]


def test_boxes_are_square_and_inside_the_frame() -> None:
    """Wherever the animal is, its box has equal sides in pixels and stays in the frame."""
    for left, top in ((0, 0), (WIDTH - 40, HEIGHT - 40), (100, 100)):
        place = (left, top, left + 40, top + 30)
        box = find({**still(), "x": with_animal(frame(50), place)}, "x")
        assert box.width * WIDTH == pytest.approx(box.height * HEIGHT, abs=0.1)
        assert box.left >= 0
        assert box.top >= 0
        assert box.left + box.width <= 1.0001
        assert box.top + box.height <= 1.0001


def test_a_crop_shows_the_animal_and_little_else(tmp_path: Path) -> None:
    """What is cut out holds all of the animal's pixels."""
    picture = with_animal(frame(50))
    box = find({**still(), "x": picture}, "x")
    crop = box.crop(to_image(picture))
    bright = (np.asarray(crop, float) > 185).sum()
    animal = (ANIMAL[2] - ANIMAL[0]) * (ANIMAL[3] - ANIMAL[1])
    assert bright > 0.95 * animal
    assert crop.width * crop.height < 0.35 * WIDTH * HEIGHT
    assert not list(tmp_path.iterdir())
