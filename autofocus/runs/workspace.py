"""The hidden folder in which a stage remembers what it has done.

Beside a stage's output stands `.autofocus/<stage>/`. It holds the settings with which the output
was begun, a lock, unfinished files, the journal of what is done, and a list of the tables and
other single files that the stage wrote. Deleting it loses no results, only the memory of them.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from autofocus.errors import OutputConflictError
from autofocus.runs import files
from autofocus.runs.ledger import is_ledger_of
from autofocus.runs.outputs import check_folders_between, check_outputs
from autofocus.runs.records import DamagedRecordError, damaged, read_record, write_record
from autofocus.runs.trust import BOOT_NAME, Trust
from autofocus.runs.wording import shown

HIDDEN = ".autofocus"
# The key of a stage's recipe version among its settings; outputs without one are of version 1.
RECIPE = "recipe"
# The outcomes of the last finished run; see `runs.journal`.
FINISHED_NAME = "finished.jsonl"
# The list of the single files that a stage wrote.
OUTPUTS_NAME = "outputs.json"
# In a hidden folder: the program made the folder around it, which holds nothing else.
MADE_NAME = "made"
# Originals lie in the folders of these.
_WRITE_ORIGINALS = ("download_images", "make_sample")
# What is a file in every memory, by its ending, and what is a folder.
_ENDINGS = (".json", ".jsonl", ".merging", ".npz")
_FOLDERS = ("tmp", "headers")


class Workspace:
    """A stage's memory, and its right to be the only run on an output.

    Args:
        root: the folder that the stage writes, or the folder of the file that it writes.
        name: the stage's name.
        settings: what must be the same when the stage is started again, as plain JSON values.
        output: the name of the file that the stage writes, as several may share the folder.
        recipe: the version of how the stage makes its outputs; it is raised with every change
            of the program that changes them.
        free: settings that earlier versions recorded, and that may be different now.

    Raises:
        OutputConflictError: (on entering) the output was begun with other settings or another
            recipe, another run is writing it, or its memory was edited or damaged.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        settings: Mapping[str, Any],
        output: str = "",
        recipe: int = 1,
        free: Iterable[str] = (),
    ) -> None:
        self.root = root
        self._free = frozenset(free)
        self.name = name
        self._output = root / output
        self.folder = root / HIDDEN / (f"{name}.{output}" if output else name)
        self.scratch = self.folder / "tmp"
        # As they come back from the file: tuples as lists, keys as text.
        self._settings: dict[str, Any] = json.loads(json.dumps({**settings, RECIPE: recipe}))
        self._lock: int | None = None
        self._earlier: set[str] = set()
        self._trusts_ledger: bool | None = None
        self._is_old = False

    def __enter__(self) -> "Workspace":
        owns_root = self._output == self.root and self.name not in _WRITE_ORIGINALS
        self._lock = _lock(self.folder, self.root, owns_root=owns_root)
        try:
            self._earlier = {path.name for path in self.folder.iterdir()} | {"lock"}
            files.empty_folder(self.scratch)
            self._check_settings()
            self.trust = Trust.of(self.folder, self.scratch)
            self.is_continued = self._was_ending()
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.trust.settle()
            self._ending_path.unlink(missing_ok=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        is_new = self._settings_path.name not in self._earlier
        if kind is not None and is_new and not self._has_memories():
            self.forget()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def mark_ending(self, lines: Path) -> None:
        """Record that all inputs are done, but maybe not the stage.

        A run that is stopped between that and its end is continued by the next one, which keeps
        the statuses in its ledger; see `is_continued`.

        Args:
            lines: the file of outcomes that is going to be the journal of the finished run.
        """
        write_record(self._ending_path, files.stamp(lines), self.scratch)

    def _was_ending(self) -> bool:
        try:
            stamp = read_record(self._ending_path, dict)
        except DamagedRecordError:
            return False
        return stamp is not None and files.is_unchanged(self.folder / FINISHED_NAME, stamp)

    def forget(self) -> None:
        """Forget what this run has recorded, so that an output it began may be begun anew.

        It is for errors that ask for another setting: after the correction, the run must not fail
        because the setting has changed. What earlier runs recorded stays.
        """
        for path in self.folder.iterdir():
            if path.is_file() and path.name not in self._earlier:
                path.unlink()

    def check_outputs(self, paths: Iterable[Path], ledger: Path) -> None:
        """Check that no file of another origin stands where the stage is going to write.

        A file is the stage's own if its memory lists it. Where there is no list, because the
        memory was deleted, the ledger decides: beside a ledger of this stage stand its outputs.
        Earlier versions of the program wrote no list; what stands beside their memory is taken
        for theirs.
        The first call must name all files that the stage may write.

        Args:
            paths: tables and other single files that the stage writes.
            ledger: the path of the stage's ledger, whether or not it exists.

        Raises:
            OutputConflictError: a file stands there that the stage did not write, or a link
                leads there.
        """
        if self._trusts_ledger is None:
            is_lost = not self._outputs_path.exists()
            self._trusts_ledger = is_lost and (self._is_old or is_ledger_of(ledger, self.name))
        paths = list(paths)
        for path in paths:
            check_folders_between(self.root, path)
        own = self._claimed()
        standing = {self._relative(path): path for path in paths if os.path.lexists(path)}
        for name, path in standing.items():
            is_plain = path.is_file() and not path.is_symlink()
            if not (is_plain and (self._trusts_ledger or name in own)):
                raise OutputConflictError(conflict(path, self.name))
        self._write_claims(own, own | standing.keys())

    def claim(self, paths: Iterable[Path], ledger: Path) -> None:
        """Record files as the stage's own, before they are written; see `check_outputs`."""
        paths = list(paths)
        self.check_outputs(paths, ledger)
        own = self._claimed()
        self._write_claims(own, own | {self._relative(path) for path in paths})

    def remove(self, path: Path) -> None:
        """Remove a file if it is recorded as the stage's own; otherwise leave it."""
        if self._relative(path) in self._claimed() and path.is_file():
            path.unlink()

    def remove_others(self, folder: Path, keep: Iterable[Path]) -> None:
        """Remove the stage's own single files that lie in a folder, all but those to be kept."""
        own = self._claimed()
        kept = {self._relative(path) for path in keep}
        inside = self._relative(folder) + "/"
        others = {name for name in own if name.startswith(inside) and name not in kept}
        for name in others:
            path = folder / name.removeprefix(inside)
            # A record that somebody edited may name anything.
            if ".." not in path.parts[len(folder.parts) :] and files.inside(folder, path.parent):
                path.unlink(missing_ok=True)
        self._write_claims(own, own - others)

    def _claimed(self) -> set[str]:
        recorded = read_record(self._outputs_path, list) or []
        if not all(isinstance(name, str) for name in recorded):
            raise damaged(self._outputs_path)
        return set(recorded)

    def _write_claims(self, before: set[str], now: set[str]) -> None:
        if now != before:
            write_record(self._outputs_path, sorted(now), self.scratch)

    def name_of(self, path: Path) -> str:
        """Return a path relative to the output folder, as the memory records it."""
        return self._relative(path)

    def _relative(self, path: Path) -> str:
        return files.relative_to_folder(path.absolute(), self.root.absolute())

    @property
    def _settings_path(self) -> Path:
        return self.folder / "settings.json"

    @property
    def _ending_path(self) -> Path:
        return self.folder / "ending.json"

    @property
    def _outputs_path(self) -> Path:
        return self.folder / OUTPUTS_NAME

    def _has_memories(self) -> bool:
        """Tell whether any work was recorded as done."""
        if any(os.path.lexists(self.root / name) for name in self._claimed()):
            return True
        own = {self._settings_path.name, self._outputs_path.name, BOOT_NAME, "lock"}
        return any(path.name not in own and path.stat().st_size for path in self.folder.iterdir())

    def _check_settings(self) -> None:
        path = self._settings_path
        if not path.exists():
            write_record(path, self._settings, self.scratch)
            return
        before = self._earlier_settings(path)
        self._is_old = RECIPE not in before
        before = {key: value for key, value in before.items() if key not in self._free}
        if before.pop(RECIPE, 1) != self._settings[RECIPE]:
            raise OutputConflictError(
                f"{self._output} was written by another version of {self.name}, which makes other "
                f"outputs: choose another output, or delete {self.folder} and the old output."
            )
        for key in {**before, **self._settings}:
            old, new = before.get(key), self._settings.get(key)
            # An option that an earlier version lacked; unset, it changes nothing.
            is_new_and_unset = key not in before and not new
            if key != RECIPE and old != new and not is_new_and_unset:
                raise OutputConflictError(
                    f"{self._output} was begun by {self.name} with {shown(key)} = "
                    f"{shown(json.dumps(old))}, and now it is {shown(json.dumps(new))}: choose "
                    f"another output, use the same value, or delete {self.folder} and the old "
                    "output."
                )

    def _earlier_settings(self, path: Path) -> dict[str, Any]:
        try:
            return read_record(path, dict) or {}
        except DamagedRecordError:
            raise OutputConflictError(
                f"{path} can't be read, so the settings of {self._output} are unknown: choose "
                f"another output, or delete {self.folder} and the old output."
            ) from None


def list_recorded(root: Path) -> set[str]:
    """Return the tables and other single files that stages recorded as written to a folder.

    Args:
        root: the folder; the names are relative to it.
    """
    recorded: set[str] = set()
    for path in root.glob(f"{HIDDEN}/*/{OUTPUTS_NAME}"):
        # Those of a damaged list are unknown; the stage itself will say so.
        with suppress(DamagedRecordError):
            recorded.update(map(str, read_record(path, list) or []))
    return recorded


def is_empty(root: Path) -> bool:
    """Return whether a folder holds nothing, or only the memory of a run that was just killed."""
    try:
        return {path.name for path in root.iterdir()} <= {HIDDEN}
    except FileNotFoundError:
        return True
    except OSError:
        return False


def mark_made(root: Path) -> None:
    """Record that a folder was made by the program, so that nothing in it is ever an input."""
    memory = root / HIDDEN
    memory.mkdir(parents=True, exist_ok=True)
    (memory / MADE_NAME).touch()


def conflict(path: Path, stage: str) -> str:
    """Return the sentence about a file that stands where a stage would write."""
    return (
        f"{path} already exists and was not written by {stage}, as far as its memory tells: move "
        "it away, or choose another output."
    )


@contextmanager
def locked(folder: Path, root: Path) -> Iterator[None]:
    """Within the block, be the only run on an output.

    Args:
        folder: the hidden folder for the lock; it is created.
        root: the output, for messages.

    Raises:
        OutputConflictError: another run is writing the output, or a file stands in its place.
    """
    lock = _lock(folder, root)
    try:
        yield
    finally:
        os.close(lock)


def _lock(folder: Path, root: Path, *, owns_root: bool = True) -> int:
    """Lock an output until the returned descriptor is closed; record a new folder as made."""
    check_outputs(folders=[root])
    is_new = owns_root and is_empty(root)
    try:
        check_folders_between(root, folder / "lock")
        folder.mkdir(parents=True, exist_ok=True)
        if is_new:
            mark_made(root)
    except (FileExistsError, NotADirectoryError) as error:
        if isinstance(error, OutputConflictError):
            raise
        raise OutputConflictError(
            f"{root} can't be used as an output folder: a file stands in its place."
        ) from None
    _check_memory(folder)
    descriptor = files.open_plain(folder / "lock", os.O_RDWR | os.O_CREAT)
    try:
        import fcntl
    except ImportError:  # Windows has no advisory locks
        return descriptor
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise OutputConflictError(
            f"Another run is at work on {root}: wait until it ends, or stop it."
        ) from None
    except OSError:
        # Some network file systems have no locks: the run goes on without one.
        return descriptor
    return descriptor


def _check_memory(folder: Path) -> None:
    """Check that nothing but plain files and folders lies in a stage's memory.

    So nothing is written or emptied through a link, and no pipe is waited for.
    """
    for entry in os.scandir(folder):
        is_file = entry.is_file(follow_symlinks=False)
        is_folder = entry.is_dir(follow_symlinks=False)
        must_be_file = entry.name == "lock" or entry.name.endswith(_ENDINGS)
        if not is_file and (must_be_file or not is_folder):
            raise OutputConflictError(
                f"{entry.path} can't be used, as it is no plain file: delete it, and start again."
            )
        if is_file and entry.name in _FOLDERS:
            raise OutputConflictError(
                f"{entry.path} can't be used, as it is no folder: delete it, and start again."
            )
