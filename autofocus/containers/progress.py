"""Where a task keeps what it has finished, so that another attempt goes on from there.

A pod may be deleted at any moment, for example with a spot node, and the launcher uploads outputs
only at the end of a task. All attempts of a task are given the same executor input, hence the same
addresses of outputs: beside these a task keeps its progress, for each part of its work a tar file
and a manifest that names it. A part is kept completely or not at all: the tar file gets a new name
each time, and counts only when the manifest, which is written after it, has its digest.
"""

import hashlib
import json
import re
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autofocus import __version__
from autofocus.containers.executor import ExecutorInput
from autofocus.containers.places import AUTO, PARAMETER, Place, check_progress, find_place
from autofocus.containers.tars import ChangedFolderError, move_files, tar_of, unpack_tar
from autofocus.containers.task import RESOURCES, Task
from autofocus.containers.watching import Watcher
from autofocus.errors import StoreUnavailableError
from autofocus.redaction import without_secrets
from autofocus.runs import files
from autofocus.tracking.source import code_digest, image

_FORMAT = 1
_TAR = re.compile(r"[A-Za-z0-9-]+\.[0-9a-f]{12}\.tar")
_MANIFEST_BYTES = 64 << 10
# A store that is unavailable costs time with each attempt: so long a pause follows (s), and one of
# so many times what the attempt has cost.
PAUSE_S, _PAUSE_FACTOR = 300.0, 20.0


@dataclass(frozen=True)
class _Manifest:
    """What is kept of a part.

    Attributes:
        format: the version of this form.
        subject: a digest of the task's inputs and parameters.
        part: the part's name.
        tar: the name of its tar file.
        bytes: the size of the tar file.
        sha256: its digest, as hex digits.
    """

    format: int
    subject: str
    part: str
    tar: str
    bytes: int
    sha256: str


class Progress:
    """What a task keeps for its next attempt.

    Args:
        place: where it keeps that; None for nowhere.
        subject: a digest of the task's inputs and parameters: what was kept of others is ignored.
        scratch: a folder for unfinished files.
    """

    def __init__(
        self, place: Place | None = None, subject: str = "", scratch: Path = Path()
    ) -> None:
        self._place = place
        self._subject = subject
        self._scratch = scratch
        self._pause_ends = 0.0
        self._notes: set[str] = set()
        self._tars: dict[str, str] = {}

    def restore(self, part: str, folder: Path) -> bool:
        """Bring the files that an earlier attempt kept.

        Args:
            part: what they are of, such as ``3/24``.
            folder: where they go; it is created.

        Returns:
            Whether there were any, all of them whole.
        """
        return bool(self._try(lambda place: self._restore(place, part, folder)))

    def save(self, part: str, folder: Path) -> bool:
        """Keep all files of a folder, all of them or none, in place of what was kept of the part.

        Args:
            part: what they are of, such as ``3/24``.
            folder: where they are; links are left out.

        Returns:
            Whether they are kept.
        """
        return bool(self._try(lambda place: self._save(place, part, folder)))

    @contextmanager
    def watch(self, part: str, folder: Path, pattern: str) -> Iterator[None]:
        """Within the block, keep the files of a folder whenever they have changed.

        What an earlier attempt kept is brought first. An error in the block saves them once more:
        a task that is submitted again may go on from there.

        Args:
            part: what the files are of.
            folder: where they are; it is created.
            pattern: of their names.
        """
        self.restore(part, folder)
        if self._place is None:
            yield
            return
        watcher = Watcher(folder, pattern, self._scratch, lambda links: self.save(part, links))
        watcher.start()
        try:
            yield
        except Exception:
            watcher.stop()
            # The disk may be full: then the error is that of the task.
            with suppress(OSError):
                watcher.save_now()
            raise
        watcher.stop()

    def clear(self) -> None:
        """Remove all that was kept, as the task's outputs are complete."""
        self._try(lambda place: place.remove_all())

    def _try(self, work: Callable[[Place], Any]) -> Any:
        """Return what the function returns; None, after a note, if that is impossible now."""
        place, began = self._place, time.monotonic()
        if place is None or began < self._pause_ends:
            return None
        try:
            return work(place)
        except ChangedFolderError as error:
            self._note(str(error))
        except StoreUnavailableError as error:
            ended = time.monotonic()
            self._pause_ends = ended + max(PAUSE_S, _PAUSE_FACTOR * (ended - began))
            self._note(f"this task's progress can't be kept now: {error}")
        except Exception as error:
            # Denied, full or missing, or whatever a library raises, which is not to end the task:
            # another attempt would be in vain.
            self._place = None
            self._note(f"this task's progress is not kept any more: {error}")
        return None

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.add(text)
            print(without_secrets(f"note: {text}"), file=sys.stderr, flush=True)

    def _restore(self, place: Place, part: str, folder: Path) -> bool:
        manifest = self._manifest(place, part)
        if manifest is None:
            return False
        unpacked = files.unfinished_path(folder, self._scratch).with_suffix(".restored")
        tar = unpacked.with_suffix(".tar")
        try:
            if not place.get(manifest.tar, tar, manifest.bytes):
                return self._ignore(part, "its files are gone")
            if tar.stat().st_size != manifest.bytes or files.digest_file(tar) != manifest.sha256:
                return self._ignore(part, "its digest is another")
            if not unpack_tar(tar, unpacked):
                return self._ignore(part, "it is no archive of this project")
            move_files(unpacked, folder)
        finally:
            tar.unlink(missing_ok=True)
            shutil.rmtree(unpacked, ignore_errors=True)
        return True

    def _manifest(self, place: Place, part: str) -> _Manifest | None:
        """Return the manifest of a part; None if there is none, or if it can't be of this task."""
        path = self._scratch / f"{uuid.uuid4().hex}.json"
        self._scratch.mkdir(parents=True, exist_ok=True)
        try:
            if not place.get(_name_of(part, "json"), path, _MANIFEST_BYTES):
                return None
            with suppress(ValueError, TypeError, RecursionError):
                manifest = _Manifest(**json.loads(path.read_bytes()))
                if self._is_valid(manifest, part):
                    self._tars[part] = manifest.tar
                    return manifest
        finally:
            path.unlink(missing_ok=True)
        self._ignore(part, "its manifest is not of this task, or damaged")
        return None

    def _is_valid(self, manifest: _Manifest, part: str) -> bool:
        values = asdict(manifest)
        kinds = [type(value) for value in values.values()]
        expected = {"format": _FORMAT, "subject": self._subject, "part": part}
        return (
            kinds == [int, str, str, str, int, str]
            and expected.items() <= values.items()
            and _TAR.fullmatch(manifest.tar) is not None
        )

    def _ignore(self, part: str, why: str) -> bool:
        self._note(f"what an earlier attempt kept of {part} is not used: {why}")
        return False

    def _save(self, place: Place, part: str, folder: Path) -> bool:
        if part not in self._tars:
            self._manifest(place, part)
        name = _name_of(part, f"{uuid.uuid4().hex[:12]}.tar")
        digest, size = hashlib.sha256(), 0

        def content() -> Iterator[bytes]:
            nonlocal digest, size
            digest, size = hashlib.sha256(), 0
            for chunk in tar_of(folder):
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        place.put(name, content)
        manifest = _Manifest(_FORMAT, self._subject, part, name, size, digest.hexdigest())
        text = json.dumps(asdict(manifest), indent=2) + "\n"
        place.put(_name_of(part, "json"), lambda: iter([text.encode()]))
        before = self._tars.get(part)
        self._tars[part] = name
        if before:
            place.remove(before)
        return True


def _name_of(part: str, ending: str) -> str:
    """Return a name for a file of a part: readable, and another for each part."""
    readable = re.sub("[^A-Za-z0-9]+", "-", part).strip("-")[:40]
    digest = hashlib.sha256(part.encode(errors="surrogateescape")).hexdigest()[:12]
    return f"{readable}-{digest}.{ending}"


def open_progress(task: Task) -> Progress:
    """Return where a task keeps its progress; it is cleared when the task's outputs are in place.

    Args:
        task: the task, whose parameter `progress` says where.

    Raises:
        SettingError: the parameter is none of `auto`, `none` and `s3://BUCKET/PREFIX`.
    """
    value = task.parameter(PARAMETER, AUTO) or AUTO
    check_progress(value)
    subject = _subject(task.request)
    progress = Progress(
        find_place(task.request, value, subject), subject, task.folder / "progress"
    )
    task.after_publishing(progress.clear)
    return progress


def _subject(request: ExecutorInput) -> str:
    """Return a digest of what decides a task's result: the same for each attempt at it."""
    ignored = {PARAMETER, *RESOURCES}
    subject = {
        # An image that was built anew may have the name of the one before.
        "code": [__version__, code_digest(), image()],
        "parameters": {
            name: value
            for name, value in request.parameters.items()
            if name not in ignored and not name.startswith("pipelinechannel--")
        },
        "inputs": {
            name: [[artifact.uri, artifact.metadata.get("sha256")] for artifact in artifacts]
            for name, artifacts in request.inputs.items()
        },
        "outputs": sorted(request.outputs),
    }
    text = json.dumps(subject, sort_keys=True)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
