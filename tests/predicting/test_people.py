"""Claims about the boxes that are blurred."""

from typing import Any

import pytest

from autofocus.boxes.box import Box
from autofocus.predicting.people import boxes_to_blur

MOTION = Box(0.1, 0.1, 0.2, 0.2, 0.5, 3, "motion")
WHOLE = Box(detail="nothing moved")
SURE, UNSURE = [0.5, 0.5, 0.2, 0.4, 0.9], [0.0, 0.5, 0.2, 0.4, 0.06]


@pytest.mark.parametrize(
    ("box", "detections", "expected"),
    [
        pytest.param(None, None, [], id="no boxes at all"),
        pytest.param(WHOLE, None, [], id="nothing moved"),
        pytest.param(WHOLE, [], [], id="nothing detected"),
        pytest.param(WHOLE, [UNSURE], [], id="nothing certain"),
        pytest.param(MOTION, None, [(0.1, 0.1)], id="motion"),
        pytest.param(WHOLE, [SURE, UNSURE], [(0.5, 0.5), (0.0, 0.5)], id="detector"),
        pytest.param(MOTION, [UNSURE], [(0.1, 0.1), (0.0, 0.5)], id="both"),
    ],
)
def test_all_boxes_are_blurred_if_one_is_certain(
    box: Box | None, detections: list[Any] | None, expected: list[tuple[float, float]]
) -> None:
    """A box that may be of anything is no reason to leave the rest of the image sharp."""
    extra: dict[str, Any] = {} if box is None else {"box": box.to_json()}
    if detections is not None:
        extra["detections"] = detections
    found = boxes_to_blur(extra, 0.2)
    assert [(one.left, one.top) for one in found] == expected
