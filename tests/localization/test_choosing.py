"""Claims about the one box of an image."""

from dataclasses import replace

import pytest

from autofocus.boxes.box import OTHER_TIMES, Box
from autofocus.localization.choosing import choose_box, shared

MOVED = Box(0.4, 0.4, 0.3, 0.2, 0.6, 5, "motion")
STILL = Box(frames=5, detail="nothing moved")
DETECTED = Box(0.45, 0.4, 0.2, 0.2, 0.5, status="detector")
ELSEWHERE = Box(0.0, 0.0, 0.1, 0.1, 0.7, status="detector")


def test_motion_goes_before_a_detection_elsewhere() -> None:
    """Where something moved, a box at another place doesn't matter, however sure it is."""
    assert choose_box(MOVED, (ELSEWHERE,), 0.2) == MOVED


def test_motion_of_other_times_gives_way_to_a_confident_detection() -> None:
    """Light and shadows differ from hour to hour, so that such motion counts for less."""
    shadow = replace(MOVED, detail=OTHER_TIMES)
    assert choose_box(shadow, (ELSEWHERE,), 0.2).status == "detector"
    assert choose_box(shadow, (ELSEWHERE,), 0.8) == shadow
    assert choose_box(shadow, (DETECTED,), 0.2).status == "both"


def test_a_box_that_both_support_has_the_detector_s_edges_and_counts_more() -> None:
    """The second detection lies on the motion: its edges are taken, and both scores united."""
    box = choose_box(MOVED, (ELSEWHERE, DETECTED), 0.2)
    assert (box.left, box.width, box.status, box.frames) == (0.45, 0.2, "both", 5)
    assert box.score == 0.8


def test_with_motion_behind_it_half_the_threshold_is_enough() -> None:
    """What the detector alone would not be believed is believed where something moved."""
    assert choose_box(MOVED, (DETECTED,), 0.9).status == "both"
    assert choose_box(MOVED, (DETECTED,), 1.1).status == "motion"


def test_the_detector_finds_what_does_not_move() -> None:
    """Without motion, or without motion detection, its most confident box is taken."""
    assert choose_box(STILL, (ELSEWHERE, DETECTED), 0.2).score == 0.7
    assert choose_box(STILL, (ELSEWHERE, DETECTED), 0.2).frames == 5
    assert choose_box(None, (ELSEWHERE,), 0.2) == ELSEWHERE


def test_a_whole_frame_says_why() -> None:
    """Below the threshold there is no box, and both reasons are given."""
    box = choose_box(STILL, (DETECTED,), 0.6)
    assert not box.is_found
    assert box.detail == "nothing moved; nothing was detected"
    assert choose_box(None, (), 0.2).detail == "nothing was detected"


def test_shared_is_a_share_of_the_smaller_box() -> None:
    """A box inside another shares all of itself, one beside it nothing, an empty one nothing."""
    assert shared(MOVED, DETECTED) == pytest.approx(1.0)
    assert shared(MOVED, ELSEWHERE) == 0.0
    assert shared(MOVED, Box(width=0.0)) == 0.0
