"""The machine and the servers that a run needs: packages, disk, MLflow, and paths."""

import importlib.util
import os
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autofocus.checking.data import Data
from autofocus.checking.report import Report
from autofocus.errors import (
    MissingDependencyError,
    MissingInputError,
    OutputConflictError,
    StoreUnavailableError,
)
from autofocus.options.extras import EXTRA_OF_PACKAGE
from autofocus.redaction import public_address, without_secrets
from autofocus.runs import files
from autofocus.store.planning import readable_size

# What the stages of a run import.
_PACKAGES = {
    "download_images": ("boto3", "obstore"),
    "preprocess_images": ("PIL", "numpy"),
    "clean_detections": ("polars",),
    "retrain": ("jinja2", "matplotlib", "mlflow", "scipy", "sklearn", "tensorflow"),
}
# Of the options of stages, the files that are read; label map and rules are read by the check.
_INPUT_FILES = ("table", "preparation_path", "boxes_from")
# Bytes per pixel of a preprocessed JPEG, and the usual ratio of an image's sides.
_BYTES_PER_PIXEL, _RATIO = 0.4, 4 / 3
# A link, an embedding and rows of tables per image, and the model, in bytes.
_BYTES_PER_IMAGE, _BYTES_OF_MODEL = 20_000, 100_000_000
_MLFLOW_TIMEOUT_S = 5.0


def check_packages(settings: Mapping[str, Any], report: Report) -> bool:
    """Check whether the packages of all stages are installed.

    Args:
        settings: the settings of the stages that run, by name.
        report: what is missing is added to it.
    """
    needed = [package for stage in settings for package in _PACKAGES.get(stage, ())]
    if settings["preprocess_images"].frame_rate:
        needed.append("av")
    missing = [package for package in needed if importlib.util.find_spec(package) is None]
    for package in missing:
        extra = EXTRA_OF_PACKAGE[package]
        report.fail(
            "packages",
            MissingDependencyError(
                f"The package {package} is not installed: install it with: pip install "
                f"'autofocus[{extra}]'."
            ),
        )
    if not missing:
        report.add("packages", "all that the stages need are installed")
    return not missing


def check_files(settings: Mapping[str, Any], report: Report) -> None:
    """Check that the files which options name exist.

    Args:
        settings: the settings of the stages that run, by name.
        report: what is missing is added to it.
    """
    for stage, given in settings.items():
        for name in _INPUT_FILES:
            path = getattr(given, name, None)
            if path is not None and not path.is_file():
                error = MissingInputError(f"There is no file {path} ({name} of {stage}).")
                report.fail("files", error)


def check_folders(images: Path, outdir: Path, report: Report) -> None:
    """Check that no stage writes where the images are.

    Args:
        images: the folder of the original images.
        outdir: the folder that the run writes to.
        report: what is found is added to it.
    """
    for name in ("preprocessed", "links", "model"):
        if files.inside(outdir / name, images):
            report.fail(
                "folders",
                OutputConflictError(
                    f"{outdir / name}, where the run writes, is or holds the folder of the "
                    f"images, {images}: choose another --outdir."
                ),
            )
    if files.inside(images, outdir):
        report.warn(
            "folders",
            f"{outdir} lies in the folder of the images, {images}: what the run writes there is "
            "not searched for images",
        )


def check_disk(data: Data, outdir: Path, min_side: int, report: Report) -> None:
    """Compare the free disk space with a rough estimate of what the run writes.

    Args:
        data: the images.
        outdir: the folder that the run writes to.
        min_side: the shorter side of preprocessed images (pixels).
        report: what is found is added to it.
    """
    existing = next(
        path for path in (outdir.absolute(), *outdir.absolute().parents) if path.exists()
    )
    free = shutil.disk_usage(existing).free
    per_image = min_side * min_side * _RATIO * _BYTES_PER_PIXEL + _BYTES_PER_IMAGE
    needed = data.download_bytes + len(data.names) * per_image + _BYTES_OF_MODEL
    text = f"about {readable_size(needed)} needed, {readable_size(free)} free"
    (report.add if needed < free else report.warn)("disk", text)


def check_mlflow(report: Report) -> None:
    """Check that MLflow's server responds, if the environment names one."""
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    name = public_address(uri)
    if urlsplit(uri).scheme not in ("http", "https"):
        report.add("MLflow", f"tracking in {name or 'the local default store'}")
        return
    if reason := _why_silent(uri):
        report.fail(
            "MLflow",
            StoreUnavailableError(
                f"The MLflow tracking store {name} does not respond ({reason}): check "
                "MLFLOW_TRACKING_URI and that the server is up."
            ),
        )
    else:
        report.add("MLflow", f"{name} responds")


def _why_silent(uri: str) -> str:
    """Return why a server does not respond; empty if it does, whatever it says."""
    parts = urlsplit(uri)
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    try:
        with urllib.request.urlopen(plain, timeout=_MLFLOW_TIMEOUT_S):  # noqa: S310 - http only
            return ""
    except urllib.error.HTTPError:
        return ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        # MLflow may be given other certificates.
        return "" if isinstance(reason, ssl.SSLError) else without_secrets(str(reason))
