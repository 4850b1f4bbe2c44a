"""Which extra of the package installs what a command needs."""

from autofocus.errors import MissingDependencyError

_OWN = ("autofocus", "components", "pipelines")
# Any other command needs all of them: `run`.
_EXTRAS = {
    "download_images": "download",
    "preprocess_images": "preprocess",
    "clean_detections": "tables",
    "link_images_by_label": "tables",
    "retrain": "train",
    "predict": "predict",
    "export": "tables",
    "import_corrections": "tables",
    "publish_labels": "download",
    "make_sample": "demo",
    "demo": "demo",
}


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
        f"install it with: pip install 'autofocus[{_EXTRAS.get(command, 'run')}]'."
    )
