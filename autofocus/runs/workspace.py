"""The hidden folder in which a stage remembers what it has done.

Beside a stage's output stands `.autofocus/<stage>/`. It holds the settings with which the output
was begun, a lock, unfinished files, and the journal of what is done; deleting it loses no
results, only the memory of them.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from autofocus.errors import OutputConflictError
from autofocus.runs import files

HIDDEN = ".autofocus"


class Workspace:
    """A stage's memory, and its right to be the only one at work on an output.

    Args:
        root: the folder that the stage writes, or in which the file stands that it writes.
        name: the stage's name.
        settings: what must be the same when the stage is started again, as plain JSON values.
        output: the name of the file that the stage writes, as several may share the folder.

    Raises:
        OutputConflictError: (on entering) the output was begun with other settings, or another
            run is at work on it.
    """

    def __init__(
        self, root: Path, name: str, settings: Mapping[str, Any], output: str = ""
    ) -> None:
        self.root = root
        self.name = name
        self.folder = root / HIDDEN / (f"{name}.{output}" if output else name)
        self.scratch = self.folder / "tmp"
        # As they come back from the file: tuples as lists, keys as text.
        self._settings: dict[str, Any] = json.loads(json.dumps(settings))
        self._lock: IO[str] | None = None
        self._is_new = False

    def __enter__(self) -> "Workspace":
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise OutputConflictError(
                f"{self.root} can't be used as an output folder: a file stands in its place."
            ) from None
        self._lock = _lock(self.folder / "lock", self.root)
        try:
            self._check_settings()
            files.empty_folder(self.scratch)
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        if kind is not None and self._is_new and not self._has_memories():
            self.forget()
        if self._lock:
            self._lock.close()

    def forget(self) -> None:
        """Let the output be begun anew, with any settings, as nothing of it was made.

        It is for errors that ask for another setting: whoever corrects it must not be told then
        that it has changed.
        """
        for path in self.folder.iterdir():
            if path.is_file() and path.name != "lock":
                path.unlink()

    @property
    def _settings_path(self) -> Path:
        return self.folder / "settings.json"

    def _has_memories(self) -> bool:
        """Tell whether anything was noted as done."""
        own = {self._settings_path.name, "lock"}
        return any(path.name not in own and path.stat().st_size for path in self.folder.iterdir())

    def _check_settings(self) -> None:
        path = self._settings_path
        if not path.exists():
            files.write_json(path, self._settings, self.scratch)
            self._is_new = True
            return
        before = self._earlier_settings(path)
        for key in {**before, **self._settings}:
            old, new = before.get(key), self._settings.get(key)
            if old != new:
                raise OutputConflictError(
                    f"{self.root} was begun by {self.name} with {key} = {json.dumps(old)}, and "
                    f"now it is {json.dumps(new)}: choose another output, use the same value, "
                    f"or delete {self.folder} and the old output."
                )

    def _earlier_settings(self, path: Path) -> dict[str, Any]:
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            raise OutputConflictError(
                f"{path} can't be read, so nobody knows how {self.root} was begun: choose another "
                f"output, or delete {self.folder} and the old output."
            ) from None


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
