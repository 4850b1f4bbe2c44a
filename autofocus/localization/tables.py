"""The table of all boxes of a folder of images."""

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from autofocus.boxes.box import Box
from autofocus.errors import RejectedImageError
from autofocus.grouping.frames import Frame
from autofocus.localization.finding import BoxFinder, BoxSettings, Detections, ObjectDetector
from autofocus.localization.from_file import FileDetector
from autofocus.localization.memory import DetectionMemory
from autofocus.motion.settings import MotionSettings
from autofocus.motion.tables import BoxMaker
from autofocus.tables.columns import BOXES, BOXES_NAME

# Raised with every change that makes other boxes of the same images.
_RECIPE = "1"
_MEMORY_NAME = "detections.jsonl"


@dataclass(frozen=True)
class AllBoxMaker(BoxMaker):
    """Finds all boxes in the images that `preprocess_images` made.

    What the detector finds is kept as soon as it is found: a run that was killed goes on where it
    was, and the detector runs on new and changed images only.

    Attributes:
        motion: how motion is detected; None if it is not used.
        detector: finds boxes in single images; None if it is not used.
    """

    motion: MotionSettings | None = None
    detector: ObjectDetector | None = None

    table_name: ClassVar[str] = BOXES_NAME
    columns: ClassVar[tuple[str, ...]] = BOXES
    memory_name: ClassVar[str] = "boxes.json"
    what: ClassVar[str] = "boxes were"

    @property
    def _settings(self) -> BoxSettings:
        return BoxSettings(self.motion, self.detector.settings if self.detector else None)

    def describe(self) -> dict[str, Any]:
        """Return the settings that boxes depend on."""
        settings = {"motion": self._settings.motion, "detector": self._settings.detector}
        given = {name: one.to_json() if one else None for name, one in settings.items()}
        return {"recipe": _RECIPE, **given}

    def find(self, frames: Sequence[Frame]) -> Generator[tuple[Box, ...], None, None]:
        """Yield the boxes of each frame, or the whole frame."""
        names = [frame.name for frame in frames]
        detections = self._detect(names) if self.detector else None
        finder = BoxFinder(frames, self.read, self._settings, detections=detections)
        yield from self.follow("finding boxes", lambda name: list_boxes(finder, name), names)

    def _detect(self, names: Sequence[str]) -> dict[str, Detections]:
        """Return what the detector finds in each image, and remember it."""
        assert self.detector is not None  # noqa: S101 - told by the caller
        if isinstance(self.detector, FileDetector):
            return {name: self.detector.boxes[name] for name in names}
        memory = DetectionMemory(
            self.workspace.folder / _MEMORY_NAME, self.detector.settings, self.workspace.scratch
        )
        with memory:
            found = self.follow("detecting animals", lambda name: self._see(name, memory), names)
            results = {}
            for name, (digest, boxes) in zip(names, found, strict=True):
                if digest:
                    memory.add(digest, boxes)
                results[name] = boxes
        return results

    def _see(self, name: str, memory: DetectionMemory) -> tuple[str, Detections]:
        """Return the digest of an image, and what is in it; no digest if it can't be read."""
        assert self.detector is not None  # noqa: S101 - told by the caller
        try:
            digest = hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
            known = memory.find(digest)
            return digest, self.detector.detect(self.read(name)) if known is None else known
        except (RejectedImageError, FileNotFoundError):
            return "", ()


def list_boxes(finder: BoxFinder, name: str) -> tuple[Box, ...]:
    """Return all boxes of an image.

    Args:
        finder: of the image's folder.
        name: of the image's frame.

    Returns:
        The one box that training and prediction would use, or the whole frame and why; then the
        detector's other boxes that reach its threshold, the most confident first.
    """
    best = finder.box(name)
    if finder.settings.detector is None or not best.is_found:
        return (best,)
    threshold = finder.settings.detector.threshold
    place = replace(best, score=0, frames=0, status="detector")
    others = [
        box
        for box in finder.detections(name)
        if box.score >= threshold and replace(box, score=0) != place
    ]
    return (best, *others)
