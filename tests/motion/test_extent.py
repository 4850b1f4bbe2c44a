"""Claims about tight boxes around what moved."""

import pytest

from autofocus.boxes.box import OTHER_TIMES, Box
from autofocus.motion.finding import MotionFinder
from autofocus.motion.settings import TIGHT, MotionSettings
from tests.motion.scenes import (
    ANIMAL,
    HEIGHT,
    WIDTH,
    Grey,
    Place,
    frame,
    in_a_row,
    in_bursts,
    reader,
    with_animal,
)


def overlap(box: Box, place: Place = ANIMAL) -> float:
    """Return the intersection of a box and an animal, by their union."""
    left, top, right, bottom = place
    shares = left / WIDTH, top / HEIGHT, right / WIDTH, bottom / HEIGHT
    across = min(box.left + box.width, shares[2]) - max(box.left, shares[0])
    down = min(box.top + box.height, shares[3]) - max(box.top, shares[1])
    both = max(across, 0.0) * max(down, 0.0)
    area = (shares[2] - shares[0]) * (shares[3] - shares[1])
    return both / (box.width * box.height + area - both)


def test_a_tight_box_is_the_animal_s() -> None:
    """It overlaps the animal by far more than the square of earlier models does."""
    pictures = {**{f"s{n}": frame(n) for n in range(6)}, "x": with_animal(frame(50))}
    tight, square = (
        MotionFinder(in_a_row(pictures), reader(pictures), settings).box("x")
        for settings in (TIGHT, MotionSettings())
    )
    assert overlap(tight) > 0.4 > 3 * overlap(square)
    assert (tight.score, tight.frames) == (square.score, square.frames)


@pytest.mark.parametrize(("settings", "detail"), [(MotionSettings(), ""), (TIGHT, OTHER_TIMES)])
def test_motion_against_other_times_says_so(settings: MotionSettings, detail: str) -> None:
    """Where no sequence shows the motion, a tight box is marked; an earlier model's is not."""
    pictures = {**{f"s{n}": frame(n) for n in range(6)}, "x": with_animal(frame(50))}
    alone = MotionFinder(in_bursts(pictures), reader(pictures), settings).box("x")
    in_sequence = MotionFinder(in_a_row(pictures), reader(pictures), settings).box("x")
    assert (alone.is_found, alone.detail) == (True, detail)
    assert (in_sequence.is_found, in_sequence.detail) == (True, "")


def test_what_stands_out_in_two_parts_is_one_animal() -> None:
    """Of one whose middle is like the background, head and tail are inside one box."""
    left, top, right, bottom = ANIMAL
    tail, head = (left, top, left + 14, bottom), (right - 14, top, right, bottom)
    pictures = {f"s{n}": frame(n) for n in range(6)}
    pictures["x"] = with_animal(with_animal(frame(50), tail), head)
    box = MotionFinder(in_a_row(pictures), reader(pictures), TIGHT).box("x")
    assert overlap(box) > 0.4


@pytest.mark.parametrize(("settings", "expected"), [(MotionSettings(), True), (TIGHT, False)])
def test_where_an_animal_was_there_is_no_box(settings: MotionSettings, expected: bool) -> None:
    """It stands in two frames of a sequence and has left the third: other hours tell."""
    pictures: dict[str, Grey] = {
        "b1": with_animal(frame(1)),
        "b2": with_animal(frame(2)),
        "b3": frame(3),
        **{f"{hour}1": frame(10 + ord(hour)) for hour in "acde"},
    }
    finder = MotionFinder(in_bursts(pictures), reader(pictures), settings)
    assert finder.box("b3").is_found is expected
    assert finder.box("b1").is_found


def test_the_boxes_of_earlier_models_stay_as_they_were() -> None:
    """Without `tight`, the boxes are those of the versions before it, to the last digit."""
    pictures = {**{f"s{n}": frame(n) for n in range(6)}, "x": with_animal(frame(50))}
    assert MotionFinder(in_a_row(pictures), reader(pictures)).box("x") == Box(
        0.4688, 0.2882, 0.401, 0.5347, 0.829, 6, "motion"
    )
