"""Autofocus: from camera-trap images in an S3 bucket to a trained, tracked species classifier.

The stages, their settings and their results can be imported from here:

    from autofocus import PreprocessSettings, preprocess_images

    result = preprocess_images(indir, outdir, PreprocessSettings(trim_bottom=198))
    print(result)

`import autofocus` imports none of them: each comes with its module when it is first used. A stage
and its module share their name, and here the name always stands for the function. The module's
other names are imported from it as usual (`from autofocus.predict import NAME`), and the module
itself is `importlib.import_module("autofocus.predict")`.

Type checkers read `__init__.pyi`.
"""

import importlib
import sys
from types import ModuleType

from autofocus import interrupts

__version__ = "0.1.0"

# Before all imports that take time. It does nothing in programs that aren't ours.
interrupts.install()

_NAMES_BY_MODULE = {
    "init": ("init", "InitResult"),
    "init_settings": ("InitSettings",),
    "download_images": ("download_images", "DownloadResult"),
    "download_settings": ("DownloadSettings",),
    "preprocess_images": ("preprocess_images", "PreprocessResult"),
    "preprocess_settings": ("PreprocessSettings",),
    "ingest_images": ("ingest_images", "IngestResult"),
    "ingest_settings": ("IngestSettings",),
    "clean_detections": ("clean_detections", "CleanResult"),
    "clean_settings": ("CleanSettings",),
    "link_images_by_label": ("link_images_by_label", "LinkResult"),
    "link_settings": ("LinkSettings",),
    "embed": ("embed", "EmbedResult"),
    "embed_settings": ("EmbedSettings",),
    "retrain": ("retrain",),
    "retrain_result": ("RetrainResult",),
    "retrain_settings": ("RetrainSettings",),
    "predict": ("predict", "PredictResult"),
    "predict_settings": ("PredictSettings",),
    "export": ("export", "ExportResult"),
    "exporting.settings": ("ExportSettings",),
    "import_corrections": (
        "import_corrections",
        "CorrectionSettings",
        "CorrectionResult",
    ),
    "publish_labels": ("publish_labels", "PublishSettings", "PublishResult"),
    "serve": ("serve", "ServeResult"),
    "serve_settings": ("ServeSettings",),
    "label": ("label", "LabelResult"),
    "label_settings": ("LabelSettings",),
    "run": ("run", "RunResult"),
    "promote": ("promote", "PromoteResult"),
    "weights": ("weights", "WeightsSettings", "WeightsResult"),
    "audit": ("audit", "Audit"),
    "errors": (
        "AutofocusError",
        "BucketNotFoundError",
        "ClusterCredentialsError",
        "ClusterError",
        "ClusterUnreachableError",
        "CredentialsError",
        "InputDataError",
        "LeakError",
        "MissingDependencyError",
        "MissingGpuError",
        "MissingInputError",
        "OutputConflictError",
        "PackageIndexError",
        "RejectedImageError",
        "RunError",
        "SettingError",
        "StoreError",
        "StoreUnavailableError",
        "TooManyRejectedError",
    ),
}
_MODULES = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}

__all__ = ["__version__", *_MODULES]  # noqa: PLE0604 - names all the same


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """A package in which a submodule does not take the place of the function of its name."""

    def __setattr__(self, name: str, value: object) -> None:
        # The import system sets each submodule as an attribute of its package.
        if not (name in _MODULES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
