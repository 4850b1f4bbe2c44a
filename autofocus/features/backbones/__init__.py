"""Backbones: frozen ImageNet networks that map images to embeddings (feature vectors)."""

import difflib
from pathlib import Path

from autofocus.errors import MissingInputError, SettingError
from autofocus.features.backbones.base import Backbone
from autofocus.features.backbones.efficientnet_lite import VARIANTS, load_efficientnet
from autofocus.features.backbones.keras_models import PREFIX, load_application, load_keras_file
from autofocus.features.backbones.onnx_models import load_onnx
from autofocus.features.backbones.saved_model import load_saved_model
from autofocus.runs.wording import shown

_FILES = {".keras": load_keras_file, ".onnx": load_onnx}

__all__ = ["Backbone", "load_backbone"]


def load_backbone(module: str) -> Backbone:
    """Load a backbone.

    Args:
        module: the name of an embedded backbone, `keras:` and the name of a network of Keras
            Applications, a `.keras` or `.onnx` file, the folder of a SavedModel, or a TF Hub
            handle (a URL).

    Raises:
        SettingError: it is none of these.
        MissingDependencyError: TensorFlow, ONNX Runtime or the package with the weights isn't
            installed.
        MissingInputError: there is no such file, or it can't be downloaded.
        InputDataError: it doesn't map images to feature vectors.
    """
    if module in VARIANTS:
        return load_efficientnet(module)
    if module.lower().startswith(PREFIX):
        return load_application(module)
    if "://" in module or (module and Path(module).is_dir()):
        return load_saved_model(module)
    if load := _FILES.get(Path(module).suffix.lower()):
        if not Path(module).is_file():
            raise MissingInputError(f"There is no file {module} (tfhub_module).")
        return load(Path(module))
    close = difflib.get_close_matches(module.lower(), VARIANTS, 1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise SettingError(
        f"tfhub_module: {shown(module)} is no embedded backbone ({', '.join(VARIANTS)}), no "
        "network of Keras Applications (such as keras:EfficientNetV2S), no .keras or .onnx file, "
        f"no folder of a SavedModel and no TF Hub handle (a URL).{hint}"
    )
