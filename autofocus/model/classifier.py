"""Earlier name of `autofocus.model.description` and `autofocus.model.saved_model`."""

from autofocus.features.crop import View
from autofocus.model.description import Description
from autofocus.model.saved_model import (
    ASSET_NAME,
    Exportable,
    TrainedClassifier,
    build,
    put_in_place,
)

__all__ = [
    "ASSET_NAME",
    "Description",
    "Exportable",
    "TrainedClassifier",
    "View",
    "build",
    "put_in_place",
]
