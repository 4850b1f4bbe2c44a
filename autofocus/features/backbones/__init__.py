"""Backbones: frozen ImageNet networks that map images to embeddings (feature vectors)."""

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
        module: the name of an embedded backbone, a TF Hub handle (a URL), or the folder of a
            SavedModel.

    Raises:
        SettingError: it is none of the three.
        MissingDependencyError: TensorFlow or the package with the weights isn't installed.
        MissingInputError: it can't be downloaded.
        InputDataError: it doesn't map images to feature vectors.
    """
    if module in VARIANTS:
        return load_efficientnet(module)
    if "://" in module or (module and Path(module).is_dir()):
        return load_saved_model(module)
    raise SettingError(
        f"tfhub_module: {module} is neither an embedded backbone ({', '.join(VARIANTS)}), nor a "
        "folder, nor a TF Hub handle (a URL)."
    )
