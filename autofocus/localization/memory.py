"""What the detector has found, kept as it is found."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from autofocus.boxes.box import Box
from autofocus.detector.settings import DetectorSettings
from autofocus.localization.finding import Detections
from autofocus.runs import files
from autofocus.runs.checked_lines import checked_line, read_checked_line


class DetectionMemory:
    """A file with a line per image: the digest of its content, and the boxes in it.

    Lines are appended, so that a run that is killed loses the work in progress alone. Each has a
    checksum; one that is torn or was edited is ignored, and its image is looked at again. When all
    images are done, the file is written anew with those alone.

    Args:
        path: the file.
        settings: of the detector; what was found with others is forgotten.
        scratch: a folder on the same file system for the unfinished file.
    """

    def __init__(self, path: Path, settings: DetectorSettings, scratch: Path) -> None:
        self._path = path
        self._scratch = scratch
        self._head = checked_line(settings.to_json())
        self._known: dict[str, Detections] = dict(_read(path, self._head))
        self._present: dict[str, Detections] = {}
        self._file: IO[str] | None = None

    def __enter__(self) -> "DetectionMemory":
        self._rewrite(self._known)
        self._file = self._path.open("a", encoding="utf-8", newline="\n", buffering=1)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        if kind is None:
            self._rewrite(self._present)

    def find(self, digest: str) -> Detections | None:
        """Return the boxes of an image that is known; it may be called in several threads."""
        return self._known.get(digest)

    def add(self, digest: str, boxes: Detections) -> None:
        """Remember the boxes of an image."""
        self._present[digest] = boxes
        if digest not in self._known and self._file is not None:
            self._known[digest] = boxes
            self._file.write(checked_line([digest, _values(boxes)]))

    def _rewrite(self, entries: dict[str, Detections]) -> None:
        lines = [
            checked_line([digest, _values(boxes)]) for digest, boxes in sorted(entries.items())
        ]
        files.write_text(self._path, "".join([self._head, *lines]), self._scratch)


def _values(boxes: Detections) -> list[list[float]]:
    return [[box.left, box.top, box.width, box.height, box.score] for box in boxes]


def _box(left: float, top: float, width: float, height: float, score: float) -> Box:
    return Box(left, top, width, height, score, status="detector")


def _read(path: Path, head: str) -> Iterator[tuple[str, Detections]]:
    """Yield digests and boxes, unless they are of other settings."""
    try:
        descriptor = files.open_plain(path, os.O_RDONLY)
    except OSError:
        return
    with os.fdopen(descriptor, encoding="utf-8", errors="replace", newline="\n") as file:
        if file.readline() != head:
            return
        for line in file:
            try:
                entry = read_checked_line(line)
            except ValueError:
                continue
            digest, boxes = entry
            yield digest, tuple(_box(*row) for row in boxes)
