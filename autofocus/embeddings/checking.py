"""Whether embeddings have what a training needs."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from autofocus.boxes.crop_shape import CropShape
from autofocus.detector.settings import DetectorSettings
from autofocus.embeddings.computing import Needs
from autofocus.embeddings.description import Description
from autofocus.errors import SettingError
from autofocus.features.backbones import Backbone
from autofocus.motion.settings import TIGHT


def check_needs(
    folder: Path, description: Description, backbone: Backbone, needs: Needs, pattern: str
) -> None:
    """Check that a training finds all that it needs in embeddings.

    Args:
        folder: the first of the embeddings' folders, for messages.
        description: what the embeddings hold.
        backbone: of the training.
        needs: what the training needs of each image.
        pattern: the training's location pattern.

    Raises:
        SettingError: they lack something; the message names the parameter that differs.
    """
    made = description.settings
    if description.backbone_digest != backbone.digest:
        own = made.get("tfhub_module", description.backbone)
        raise _differs(folder, "tfhub_module", own, backbone.name)
    for view in needs.views:
        if view not in description.views:
            raise _differs(folder, "view", made.get("view"), view)
    if needs.mirrored > made.get("views", 1):
        raise _differs(folder, "views", made.get("views", 1), needs.mirrored)
    if needs.weight_by_motion and description.motion is None:
        raise _differs(folder, "weight_by_motion", False, True)
    _check_copies(folder, made, needs)
    if needs.has_boxes:
        if made.get("location_pattern") != pattern:
            raise _differs(folder, "location_pattern", made.get("location_pattern"), pattern)
        _check_version(folder, description, needs)


def _check_copies(folder: Path, made: Any, needs: Needs) -> None:
    if not needs.distortions:
        return
    for name, value in asdict(needs.distortions).items():
        if made.get(name) != value:
            raise _differs(folder, name, made.get(name), value)
    copies = made.get("distorted_copies", 0)
    if needs.distortions.is_random and needs.copies > copies:
        raise _differs(folder, "distorted_copies", copies, needs.copies)


def _check_version(folder: Path, description: Description, needs: Needs) -> None:
    motion, detector = description.motion, description.detector
    is_current = (
        description.crop == CropShape()
        and (motion == TIGHT or not needs.has_motion)
        and (detector == DetectorSettings() or not needs.has_detector)
    )
    if not is_current:
        raise SettingError(
            f"The boxes in {folder} were found by another version of Autofocus: run embed again "
            "with this version."
        )


def _differs(folder: Path, name: str, own: object, needed: object) -> SettingError:
    return SettingError(
        f"The embeddings in {folder} were computed with {name} {_shown(own)}, and retrain needs "
        f"{name} {_shown(needed)}: give embed and retrain the same {name}, and run embed again if "
        "retrain's is the right one."
    )


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"
