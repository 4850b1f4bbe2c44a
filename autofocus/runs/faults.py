"""Exceptions while one input is handled: those of the input, and those of the environment.

Whatever goes wrong with one input is the row of that input. A full disk, missing rights to the
outputs, too little memory, a lost network or a missing package concern all inputs, and end a run.
"""

import errno
import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from autofocus.errors import AutofocusError, RejectedImageError
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, rejected
from autofocus.runs.wording import shown

T = TypeVar("T")

# Of the operating system, whatever file it was working on.
_ENVIRONMENT = frozenset(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EFBIG", "EMFILE", "ENFILE", "ENOMEM")
    if hasattr(errno, name)
)
# Of libraries that must not be imported here: no memory left on a GPU.
_RESOURCES = ("ResourceExhaustedError", "OutOfMemoryError")


@dataclass(frozen=True)
class Faults:
    """Tells whose fault an exception is.

    Attributes:
        memory: the stage's hidden folder, where unfinished files are.
    """

    memory: Path

    def caught(
        self, name: str, outputs: Callable[[], Sequence[Path]], work: Callable[[], T]
    ) -> "T | Outcome":
        """Return the result of work on one input, or its rejection if it raises an exception.

        Args:
            name: of the input.
            outputs: returns the paths that are made of it.
            work: makes something of the input.

        Raises:
            Exception: one that concerns all inputs.
        """
        try:
            return work()
        except RejectedImageError as error:
            return Outcome(rejected(name, error.reason, shown(error.detail)))
        except Exception as error:
            if self.is_of_environment(error, outputs()):
                raise
            reason = Reason.UNREADABLE if isinstance(error, OSError) else Reason.UNEXPECTED
            return Outcome(rejected(name, reason, describe(error)))

    def is_of_environment(self, error: Exception, outputs: Sequence[Path] = ()) -> bool:
        """Tell whether an exception concerns all inputs.

        Args:
            error: the exception.
            outputs: the paths that are made of the input.
        """
        if isinstance(error, RejectedImageError):
            return False
        if isinstance(error, (AutofocusError, MemoryError, ImportError, sqlite3.Error)):
            return True
        if isinstance(error, OSError):
            return self._is_of_disk(error, outputs)
        return type(error).__name__ in _RESOURCES

    def _is_of_disk(self, error: OSError, outputs: Sequence[Path]) -> bool:
        """Tell whether an error of the operating system concerns a disk, or the network."""
        if error.errno == errno.ENAMETOOLONG:
            return False
        if error.errno in _ENVIRONMENT or isinstance(error, (ConnectionError, TimeoutError)):
            return True
        names = [name for name in (error.filename, error.filename2) if name is not None]
        if not names:
            # Reading and writing open files; what can't be written is a matter of the disk.
            return False
        written = {os.fspath(above) for path in outputs for above in (path, *path.parents)}
        memory = os.fspath(self.memory)
        return any(
            isinstance(name, (str, os.PathLike))
            and (os.fspath(name) in written or os.fspath(name).startswith(memory))
            for name in names
        )


def describe(error: Exception) -> str:
    """Return the type and the message of an exception, for the column `detail`."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else error
    text = f"{type(error).__name__}: {words}".rstrip(": ")
    return shown(text)
