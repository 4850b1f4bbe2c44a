"""Boxes from MegaDetector results: files in the JSON format of MegaDetector, of any version.

Format: https://github.com/agentmorris/MegaDetector/tree/main/megadetector/output_format.
"""

import math
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autofocus.boxes.box import Box
from autofocus.boxes.path_match import PathMatch, fold_file, match_paths
from autofocus.errors import InputDataError
from autofocus.runs.json_stream import stream_object
from autofocus.runs.wording import plural, shown

# Less confident boxes are noise; the detector that is embedded returns none of them either.
LEAST_SCORE = 0.05
# How far a box may extend beyond the frame, as a share of it: what rounding explains.
_BEYOND = 0.01
# Left, top, width, height and confidence.
_NUMBERS = 5


@dataclass(frozen=True)
class FileDetections:
    """The detections of a file for some images, in shares of the original image.

    They are held as numbers, about 20 bytes each, so that results of millions of images fit.

    Attributes:
        detector: what the file calls the detector.
        notes: what people should know, one sentence each.
    """

    detector: str
    notes: tuple[str, ...]
    _rows: Mapping[str, int] = field(repr=False)
    _starts: Sequence[int] = field(repr=False)
    _numbers: Sequence[float] = field(repr=False)

    def __contains__(self, name: str) -> bool:
        """Tell whether the file has a result for an image, be it without a detection."""
        return name in self._rows

    def __len__(self) -> int:
        """Return the number of images with a result."""
        return len(self._rows)

    def boxes(self, name: str) -> tuple[Box, ...]:
        """Return the boxes of an image, the most confident first; none if it has no result."""
        row = self._rows.get(name)
        if row is None:
            return ()
        first, last = self._starts[row], self._starts[row + 1]
        found = [self._box(number) for number in range(first, last)]
        return tuple(sorted(found, key=lambda one: (-one.score, one.left, one.top)))

    def _box(self, number: int) -> Box:
        numbers = self._numbers[_NUMBERS * number : _NUMBERS * (number + 1)]
        left, top, width, height, score = (round(value, 4) for value in numbers)
        return Box(left, top, width, height, score, status="detector")


def read_detections(path: Path, names: Collection[str]) -> FileDetections:
    """Read the detections of images.

    Images are found by their paths, see `path_match`. Of an entry that has been read, only its
    path and numbers are held.

    Args:
        path: the file.
        names: the images' paths, relative to the folder of the originals.

    Raises:
        MissingInputError: there is no such file.
        InputDataError: it holds no MegaDetector results, or none of these images.
    """
    reading = _Reading()
    for key, value in stream_object(path, "images"):
        reading.add(key, value)
    if not ("detection_categories" in reading.keys and "images" in reading.keys):
        raise InputDataError(
            f"{path} holds no MegaDetector results: it lacks detection_categories or images."
        )
    match = match_paths(reading.files, names)
    if names and not match.rows:
        example = f", such as {shown(reading.example)}" if reading.files else ""
        raise InputDataError(
            f"{path} has results for {plural(len(reading.files), 'image')}{example}, and none of "
            f"them is among the images here, such as {shown(min(names))}: give the results of "
            "these images."
        )
    notes = tuple(reading.notes(path.name, match, len(names)))
    return FileDetections(reading.detector, notes, match.rows, reading.starts, reading.numbers)


class _Reading:
    """What has been read of a file so far."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.detector = "unknown"
        # The paths, with `/` between their components and as `fold_path` spells them.
        self.files: list[str] = []
        self.example = ""
        self.starts = array("q", [0])
        self.numbers = array("f")
        self.failures = self.invalid = 0
        self._invalid_file = ""

    def add(self, key: str, value: Any) -> None:
        """Add a member of the file, or an element of its images."""
        self.keys.add(key)
        if key == "images":
            self._add_image(value)
        elif key == "info" and isinstance(value, Mapping):
            name = value.get("detector")
            self.detector = shown(name) if isinstance(name, str) and name else self.detector

    def _add_image(self, image: Any) -> None:
        file = image.get("file") if isinstance(image, Mapping) else None
        if not isinstance(file, str) or not file:
            self._count_invalid("an entry without a file")
            return
        detections = image.get("detections")
        if image.get("failure") or detections is None:
            self.failures += 1
            return
        if not isinstance(detections, list):
            self._count_invalid(file)
            return
        for detection in detections:
            numbers = _numbers_of(detection)
            if numbers is None:
                self._count_invalid(file)
            elif numbers[4] >= LEAST_SCORE:
                self.numbers.extend(numbers)
        self.example = self.example or file
        self.files.append(fold_file(file))
        self.starts.append(len(self.numbers) // _NUMBERS)

    def _count_invalid(self, file: str) -> None:
        self.invalid += 1
        self._invalid_file = self._invalid_file or file

    def notes(self, name: str, match: PathMatch, images: int) -> Iterator[str]:
        """Yield what people should know.

        Args:
            name: of the file.
            match: the entries of the images.
            images: the number of images that were looked for.
        """
        found = f"{len(match.rows):,} of {plural(images, 'image')}"
        yield f"{name}: results of {self.detector} for {found}"
        if match.repeated:
            several = plural(match.repeated, "image")
            yield f"{name}: of several entries for {several}, the first counts"
        if match.ambiguous:
            several = plural(match.ambiguous, "image")
            yield f"{name}: entries of several paths could be of {several}: none counts"
        if self.failures:
            yield f"{name}: the detector failed on {plural(self.failures, 'image')}"
        if self.invalid:
            yield (
                f"{name}: {plural(self.invalid, 'detection')} left out, as no box or no "
                f"confidence from 0 to 1 can be read, such as in {shown(self._invalid_file)}"
            )


def _numbers_of(detection: Any) -> tuple[float, float, float, float, float] | None:
    """Return left, top, width, height and confidence; None if they are not possible."""
    try:
        left, top, width, height = detection["bbox"]
        numbers = (left, top, width, height, detection["conf"])
        if not all(type(value) in (int, float) for value in numbers):
            return None
        score = float(numbers[4])
        right, bottom = left + width, top + height
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    edges = (left, top, right, bottom)
    if not all(-_BEYOND <= edge <= 1 + _BEYOND for edge in edges) or not 0 <= score <= 1:
        return None
    left, top, right, bottom = (min(max(float(edge), 0.0), 1.0) for edge in edges)
    # Not a number compares as false.
    if not (right > left and bottom > top and math.isfinite(score)):
        return None
    return left, top, right - left, bottom - top, score
