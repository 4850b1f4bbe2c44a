"""Backbones: frozen ImageNet networks that turn images into feature vectors."""

from pathlib import Path

from autofocus.errors import SettingError
from autofocus.features.backbones.base import Backbone
from autofocus.features.backbones.efficientnet_lite import VARIANTS, load_efficientnet
from autofocus.features.backbones.saved_model import load_saved_model

DEFAULT_BACKBONE = "efficientnet-lite0"

__all__ = ["DEFAULT_BACKBONE", "Backbone", "load_backbone"]


def load_backbone(module: str) -> Backbone:
    """Load a backbone.

    Args:
        module: the name of an embedded one, a TF Hub handle (a URL), or a SavedModel's folder.

    Raises:
        SettingError: it is none of the three.
        MissingDependencyError: TensorFlow, or the package with the weights, isn't installed.
        MissingInputError: it can't be fetched.
        InputDataError: it is no backbone.
    """
    if module in VARIANTS:
        return load_efficientnet(module)
    if "://" in module or (module and Path(module).is_dir()):
        return load_saved_model(module)
    raise SettingError(
        f"tfhub_module: {module} is no embedded backbone ({', '.join(VARIANTS)}), no folder, "
        "and no TF Hub handle (a URL)."
    )
