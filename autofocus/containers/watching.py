"""Keeping files of a folder in the background, while a task writes them."""

import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# How often a folder is looked at (s).
LOOK_S = 1.0
# The shortest time between two saves (s), which take at most this share of the time, unless the
# variable says after how many seconds to save.
EVERY_S, MAX_SHARE = 60.0, 0.05
INTERVAL = "AUTOFOCUS_PROGRESS_SECONDS"

_Stamps = dict[str, tuple[int, int]]


class Watcher:
    """Saves the files of a folder whenever they have changed, in a thread of its own.

    A file that is replaced meanwhile is saved as it was: the files are linked elsewhere first.

    Args:
        folder: where the files are; it need not exist yet.
        pattern: of the names of the files.
        scratch: a folder on the same file system.
        save: saves all files of the folder that it is given, and tells whether it could.
    """

    def __init__(
        self, folder: Path, pattern: str, scratch: Path, save: Callable[[Path], bool]
    ) -> None:
        self._folder = folder
        self._pattern = pattern
        self._scratch = scratch
        self._save = save
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._saved = self._stamps()

    def start(self) -> None:
        """Begin to watch; what is there by now counts as saved."""
        self._thread.start()

    def stop(self) -> None:
        """End, after a save that is going on."""
        self._stopped.set()
        self._thread.join()

    def save_now(self) -> bool:
        """Save the files if they have changed since they were saved, and tell whether they had."""
        stamps = self._stamps()
        if stamps == self._saved:
            return False
        links = self._scratch / f"watched-{uuid.uuid4().hex}"
        try:
            links.mkdir(parents=True)
            for name in stamps:
                # It may be gone by now.
                with suppress(FileNotFoundError):
                    os.link(self._folder / name, links / name)
            if self._save(links):
                self._saved = stamps
        finally:
            shutil.rmtree(links, ignore_errors=True)
        return True

    def _run(self) -> None:
        due = 0.0
        while not self._stopped.wait(LOOK_S):
            began = time.monotonic()
            if began < due:
                continue
            # Nothing here may end the task, which doesn't depend on it.
            with suppress(OSError):
                if self.save_now():
                    ended = time.monotonic()
                    due = ended + pause_after(ended - began)

    def _stamps(self) -> _Stamps:
        stamps = {}
        for path in sorted(self._folder.glob(self._pattern)):
            with suppress(FileNotFoundError):
                status = path.lstat()
                stamps[path.name] = (status.st_size, status.st_mtime_ns)
        return stamps


def pause_after(seconds: float) -> float:
    """Return how long to wait after a save that took some seconds, in seconds."""
    with suppress(KeyError, ValueError):
        return max(LOOK_S, float(os.environ[INTERVAL]))
    return max(EVERY_S, seconds / MAX_SHARE)
