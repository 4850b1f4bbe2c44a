"""Folders in the user's cache, for what is fetched once and used by all runs of this machine."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from autofocus.errors import AutofocusError, SettingError

_UNFINISHED = ".unfinished-"
# After so many seconds, an unfinished folder is of a process that was killed.
_STALE = 3600


def cache_folder(variable: str, what: str) -> Path:
    """Return the folder that a variable names, or else the project's folder in the user's cache.

    The other variables are those of the XDG specification.

    Args:
        variable: the name of the environment variable.
        what: what the folder is for, for the message.

    Raises:
        SettingError: the variable is not set, and the user has no home folder.
    """
    if own := os.environ.get(variable):
        return Path(own)
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():  # and so to be ignored
        try:
            cache = Path.home() / ".cache"
        except RuntimeError:
            raise SettingError(
                f"the user has no home folder: give a folder for {what} with {variable}."
            ) from None
    return cache / "autofocus"


@contextmanager
def scratch_in(folder: Path, variable: str, what: str) -> Iterator[Path]:
    """Make a folder for unfinished files in a cache, and remove those of killed processes.

    Args:
        folder: the cache, which is created.
        variable: the environment variable with which another one can be given.
        what: what is written there, such as `the weights`, for the message.

    Raises:
        OSError: it can't be made or filled; the message says what to do.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder)
        with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=folder) as scratch:
            yield Path(scratch)
    except AutofocusError:
        raise
    except OSError as error:
        raise OSError(
            error.errno,
            f"{what[0].upper()}{what[1:]} can't be written to {folder} ({error.strerror}): give "
            f"another folder with {variable}",
        ) from None


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed processes have left; a running one takes minutes at most."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _STALE:
                shutil.rmtree(path, ignore_errors=True)
