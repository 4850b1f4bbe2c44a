"""Claims about the description inside a SavedModel."""

import json

import pytest

from autofocus.images.preparing import Preparation
from autofocus.model.description import Description
from autofocus.model.precision import PrecisionCurve
from autofocus.motion.settings import MotionSettings

# As the first version wrote it, before there were views, thresholds and sequences.
FIRST = {
    "labels": ["cat", "dog"],
    "image_size": [224, 224],
    "backbone": "efficientnet-lite0",
    "backbone_digest": "385c",
    "final_tensor_name": "final_result",
    "preparation": {"trim_top": 0, "trim_bottom": 198, "min_side": 256},
    "version": "2.0",
}


def test_a_description_comes_back_as_it_was() -> None:
    """All that is written as JSON is read back the same."""
    description = Description(
        ("cat", "dog"), (224, 240), "b", "d", "final", Preparation(1, 2, 3), view="both",
        motion=MotionSettings(), multilabel=True, thresholds={"cat": 0.9, "dog": None},
        threshold_target="precision 0.95", sequence_gap_s=5, location_pattern="x",
        precision_curves={"cat": PrecisionCurve((0.5, 0.9), (0.7, 0.95), 9)},
        unknown_distance=0.7,
    )  # fmt: skip
    assert Description.from_json(description.to_json()) == description


@pytest.mark.parametrize("more", [{}, {"unknown": 1}])
def test_a_description_of_another_version_is_read(more: dict[str, int]) -> None:
    """What an earlier version did not have has its default; what a later one added is ignored."""
    description = Description.from_json(json.dumps({**FIRST, **more}))
    assert description.labels == ("cat", "dog")
    assert description.preparation == Preparation(0, 198, 256)
    assert (description.view, description.thresholds) == ("full", None)
    assert (description.precision_curves, description.unknown_distance) == (None, None)
    assert not description.needs_motion


def test_only_a_model_that_sees_motion_needs_boxes() -> None:
    """A model of frame and crop does, one of whole frames doesn't."""
    values = (("cat", "dog"), (224, 224), "b", "d", "final", None)
    assert Description(*values, view="both").needs_motion
    assert not Description(*values).needs_motion
