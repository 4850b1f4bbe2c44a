"""Checks of a model's files before TensorFlow reads them, which may crash on damaged ones."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from autofocus.errors import InputDataError
from autofocus.runs import files

CHECKSUMS_NAME = "checksums.json"
_MOST_BYTES = 100_000
_ADVICE = "copy the whole model folder again, or train again"


def write_checksums(folder: Path, names: tuple[str, ...]) -> None:
    """Write the SHA-256 digests of a model's files beside them.

    Args:
        folder: the SavedModel.
        names: the files, relative to it; those that do not exist are left out.
    """
    digests = {
        name: files.digest_file(folder / name) for name in names if (folder / name).exists()
    }
    text = json.dumps(digests, indent=2) + "\n"
    (folder / CHECKSUMS_NAME).write_text(text, encoding="utf-8", newline="\n")


def check_model(folder: Path, names: tuple[str, ...]) -> None:
    """Check that a model's files are those that were written.

    Models of earlier versions have no checksums; of theirs, only the kind of files is checked.

    Args:
        folder: the SavedModel.
        names: its files, relative to it.

    Raises:
        InputDataError: a file is missing, damaged or changed, or no plain file.
    """
    for name in (*names, CHECKSUMS_NAME):
        path = folder / name
        # Reading a pipe would block.
        if path.exists() and not path.is_file():
            raise InputDataError(f"{path} is no plain file: {_ADVICE}.")
    for name, digest in _read_checksums(folder / CHECKSUMS_NAME).items():
        path = folder / name
        if not path.is_file():
            raise InputDataError(f"{path} is missing: {_ADVICE}.")
        if files.digest_file(path) != digest:
            raise InputDataError(f"{path} is damaged, or was changed after training: {_ADVICE}.")


def _read_checksums(path: Path) -> Mapping[str, str]:
    if not path.exists():
        return {}
    digests: Any = None
    with suppress(ValueError, RecursionError):
        if path.stat().st_size <= _MOST_BYTES:
            digests = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(digests, dict) and digests and all(map(_leads_inside, digests)):
        return digests
    raise InputDataError(
        f"{path} can't be read: {_ADVICE}; or delete it to use the model unchecked."
    )


def _leads_inside(name: str) -> bool:
    parts = name.split("/")
    return "\0" not in name and all(part not in ("", ".", "..") for part in parts)
