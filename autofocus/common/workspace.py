"""The hidden folder in which a stage remembers what it has done.

Beside a stage's output stands `.autofocus/<stage>/`. It holds the settings with which the output
was begun, a lock, unfinished files, and the journal of what is done; deleting it loses no
results, only the memory of them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from autofocus.common import files
from autofocus.common.errors import OutputConflictError

HIDDEN = ".autofocus"


class Workspace:
    """A stage's memory, and its right to be the only one at work on an output.

    Args:
        root: the folder that the stage writes, or in which the file stands that it writes.
        name: the stage's name, with the output's name where several outputs share the folder.
        settings: what must be the same when the stage is started again, as plain JSON values.

    Raises:
        OutputConflictError: (on entering) the output was begun with other settings, or another
            run is at work on it.
    """

    def __init__(self, root: Path, name: str, settings: Mapping[str, Any]) -> None:
        self.root = root
        self.name = name
        self.folder = root / HIDDEN / name
        self.scratch = self.folder / "tmp"
        self._settings = dict(settings)
        self._lock: IO[str] | None = None

    def __enter__(self) -> "Workspace":
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise OutputConflictError(
                f"{self.root} can't be used as an output folder: a file stands in its place."
            ) from None
        self._lock = _lock(self.folder / "lock", self.root)
        self._check_settings()
        files.empty_folder(self.scratch)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        files.empty_folder(self.scratch)
        self.scratch.rmdir()
        if self._lock:
            self._lock.close()

    def _check_settings(self) -> None:
        path = self.folder / "settings.json"
        if not path.exists():
            files.write_json(path, self._settings, self.scratch)
            return
        before = json.loads(path.read_text(encoding="utf-8"))
        for key in {**before, **self._settings}:
            old, new = before.get(key), self._settings.get(key)
            if old != new:
                raise OutputConflictError(
                    f"{self.root} was begun by {self.name} with {key} = {json.dumps(old)}, and "
                    f"now it is {json.dumps(new)}: choose another output, use the same value, "
                    f"or delete {self.root / HIDDEN / self.name} and the old output."
                )


def _lock(path: Path, root: Path) -> IO[str]:
    file = path.open("w")
    try:
        import fcntl
    except ImportError:  # Windows: there is no advisory lock, and nothing worse than before
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise OutputConflictError(
            f"Another run is at work on {root}: wait until it ends, or stop it."
        ) from None
    except OSError:
        # Some network file systems have no locks; a lock is a courtesy, not a need.
        return file
    return file
