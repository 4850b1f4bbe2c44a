"""The one box of an image, chosen from motion and the detector's boxes."""

from collections.abc import Sequence
from dataclasses import replace

from autofocus.boxes.box import OTHER_TIMES, Box

# The share of the smaller of two boxes that must lie in the other, if both are of one animal.
_SHARED = 0.5
# With motion behind it, a box counts from this share of the detector's threshold on.
_SUPPORT = 0.5
_NOTHING = "nothing was detected"


def choose_box(motion: Box | None, detections: Sequence[Box], threshold: float) -> Box:
    """Return the one box of an image.

    It is one that motion and the detector support; else that of the motion, where something moved
    within the sequence; else the detector's most confident; else that of the motion against frames
    of other times, when light and shadows differ, too. A box that both support has the detector's
    edges, and a higher score than either gives it: the probability that one of two independent
    witnesses is right.

    Args:
        motion: the box around motion, or the whole frame and why; None if motion is not used.
        detections: the detector's boxes, the most confident first.
        threshold: the minimum confidence of a detector's box.
    """
    if motion is not None and motion.is_found:
        for one in detections:
            if one.score >= _SUPPORT * threshold and shared(motion, one) >= _SHARED:
                score = round(1 - (1 - motion.score) * (1 - one.score), 4)
                return replace(one, score=score, frames=motion.frames, status="both")
    is_detected = bool(detections) and detections[0].score >= threshold
    if motion is not None and motion.is_found and not (is_detected and _is_doubtful(motion)):
        return motion
    frames = motion.frames if motion is not None else 0
    if is_detected:
        return replace(detections[0], frames=frames)
    detail = _NOTHING if motion is None else f"{motion.detail}; {_NOTHING}"
    return Box(frames=frames, detail=detail)


def _is_doubtful(motion: Box) -> bool:
    """Return whether the rest of the sequence, if there is any, doesn't show the motion."""
    return motion.detail == OTHER_TIMES


def shared(one: Box, other: Box) -> float:
    """Return the area that two boxes share, as a share of the smaller one, 0 to 1."""
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    smaller = min(one.width * one.height, other.width * other.height)
    if smaller <= 0:
        return 0.0
    return max(across, 0.0) * max(down, 0.0) / smaller
