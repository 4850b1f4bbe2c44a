"""The settings of `embed_images`: those of `retrain` that decide what it needs of an image."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from autofocus.features.crop import ViewChoice
from autofocus.grouping.locations import LocationPattern
from autofocus.options.settings import jobs_option, max_rejected_option
from autofocus.retrain_settings import RetrainSettings, check_features


def _of_retrain(name: str) -> Any:
    """Declare a field that `retrain` has as well: with its default, help text and group."""
    field = RetrainSettings.__dataclass_fields__[name]
    return dataclasses.field(default=field.default, metadata=field.metadata)


@dataclass(frozen=True)
class EmbedSettings:
    """The settings of `embed_images`."""

    tfhub_module: str = _of_retrain("tfhub_module")
    view: ViewChoice = _of_retrain("view")
    location_pattern: str = _of_retrain("location_pattern")
    views: int = _of_retrain("views")
    weight_by_motion: bool = _of_retrain("weight_by_motion")
    flip_left_right: bool = _of_retrain("flip_left_right")
    random_crop: int = _of_retrain("random_crop")
    random_scale: int = _of_retrain("random_scale")
    random_brightness: int = _of_retrain("random_brightness")
    distorted_copies: int = _of_retrain("distorted_copies")
    jobs: int = jobs_option()
    max_rejected: float = max_rejected_option()

    def __post_init__(self) -> None:
        check_features(self)
        LocationPattern(self.location_pattern)
