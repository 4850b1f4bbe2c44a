"""Which version of a registered model a folder holds, as a record inside the folder."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.runs import files

REGISTERED_NAME = "registered_model.json"


@dataclass(frozen=True)
class RegisteredVersion:
    """A version of a registered model in MLflow.

    Attributes:
        name: of the registered model.
        version: its number.
        run_id: of the run that trained it; empty if unknown.
        tracking_uri: MLflow's store, without a password.
    """

    name: str
    version: str
    run_id: str = ""
    tracking_uri: str = ""

    def __str__(self) -> str:
        """Return it as a person would say it."""
        return f"{self.name} version {self.version}"

    def write(self, folder: Path, scratch: Path) -> None:
        """Write the record into the model's folder."""
        files.write_json(folder / REGISTERED_NAME, asdict(self), scratch)


def read_registered(folder: Path) -> RegisteredVersion | None:
    """Return which registered version a folder holds; None if it is not from a registry.

    Args:
        folder: of the model.

    Raises:
        InputDataError: the record can't be read.
    """
    path = folder / REGISTERED_NAME
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name: values[field.name] for field in fields(RegisteredVersion)}
    except (ValueError, TypeError, KeyError, RecursionError):
        known = {}
    if not known or not all(isinstance(value, str) for value in known.values()):
        raise InputDataError(
            f"{path} can't be read: delete it, and the model is used as one of a folder."
        )
    return RegisteredVersion(**known)


def model_text(folder: Path, digest: str) -> str:
    """Return how a table of predictions names a model.

    Args:
        folder: of the model.
        digest: the first digits of its digest.

    Returns:
        The digest, and the registered version if the folder was fetched from a registry.
    """
    registered = read_registered(folder)
    return f"{digest} ({registered})" if registered else digest
