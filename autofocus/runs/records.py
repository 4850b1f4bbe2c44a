"""Records: small JSON files in a stage's memory, with a checksum by which an edit is noticed.

A record is written completely or not at all. One that was edited, cut or damaged is never used:
its reader says which file to delete, or does its work again.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

from autofocus.errors import OutputConflictError
from autofocus.runs import files

T = TypeVar("T")

_CHECKSUM, _VALUE = "checksum", "value"


class DamagedRecordError(OutputConflictError):
    """A record was edited or damaged."""


def write_record(path: Path, value: Any, scratch: Path) -> None:
    """Write a record in place of an earlier one.

    Args:
        path: of the record.
        value: plain JSON values.
        scratch: a folder on the same file system for the unfinished file.
    """
    files.write_json(path, {_CHECKSUM: _checksum(value), _VALUE: value}, scratch)


def read_record(path: Path, kind: type[T]) -> T | None:
    """Return the value of a record; None if there is none.

    Records of earlier versions have no checksum.

    Args:
        path: of the record.
        kind: the type that the value must have.

    Raises:
        DamagedRecordError: it was edited or damaged, or is no plain file.
    """
    try:
        text = files.read_plain(path).decode("utf-8")
        value = json.loads(text)
        if isinstance(value, dict) and value.keys() == {_CHECKSUM, _VALUE}:
            checksum, value = value[_CHECKSUM], value[_VALUE]
            is_whole = checksum == _checksum(value)
        else:
            is_whole = True
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        raise damaged(path) from None
    if not (is_whole and isinstance(value, kind)):
        raise damaged(path)
    return value


def damaged(path: Path) -> DamagedRecordError:
    """Return the error about a record that can't be used."""
    return DamagedRecordError(f"{path} can't be read: delete it, and start again.")


def _checksum(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
