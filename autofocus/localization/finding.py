"""The box of each image, from motion, the detector or both.

Training, prediction and the served model all find the boxes of images here.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from PIL import Image

from autofocus.boxes.box import Box
from autofocus.boxes.repeats import drop_repeats
from autofocus.detector.detecting import Detector
from autofocus.detector.settings import DetectorSettings
from autofocus.errors import InputDataError, RejectedImageError
from autofocus.grouping.frames import Frame
from autofocus.localization.choosing import choose_box
from autofocus.motion.finding import MotionFinder
from autofocus.motion.settings import MotionSettings

Detections = tuple[Box, ...]


class ObjectDetector(Protocol):
    """Finds boxes in a single image."""

    @property
    def settings(self) -> DetectorSettings:
        """How it is used."""

    def detect(self, image: Image.Image) -> Detections:
        """Return all boxes, the most confident first."""


@dataclass(frozen=True)
class BoxSettings:
    """What finds the box of an image.

    Attributes:
        motion: how motion is detected; None if it is not used.
        detector: how the detector is used; None if it is not.
    """

    motion: MotionSettings | None = None
    detector: DetectorSettings | None = None

    def __bool__(self) -> bool:
        """Return whether there is anything to find boxes with."""
        return self.motion is not None or self.detector is not None


@dataclass(frozen=True)
class RecordedDetector:
    """A detector whose boxes are all known already.

    Attributes:
        settings: how it was used.
    """

    settings: DetectorSettings

    def detect(self, image: Image.Image) -> Detections:
        """Fail: it can't look at an image."""
        raise InputDataError(
            f"The boxes of {self.settings.name} in an image of {image.width} x {image.height} "
            "pixels are not known: run embed again."
        )


def load_detector(settings: DetectorSettings | None) -> ObjectDetector | None:
    """Return the detector with its weights; None if it is not needed.

    Raises:
        MissingInputError: the weights are missing.
        MissingDependencyError: the package that runs it is missing.
        InputDataError: the weights are damaged, or it is a detector that only others can run.
        SettingError: these are other weights than the settings name.
    """
    if settings is None:
        return None
    if settings.is_from_file:
        raise InputDataError(
            f"The model's boxes come from {settings.name.replace(':', ' of', 1)}, and no detector "
            "here finds them in other images: use predict --boxes_from, or train it with another "
            "view."
        )
    return Detector(settings)


class BoxFinder:
    """Finds the box of each image; safe to use from several threads.

    The box of a frame depends on the frame, on the neighbours that motion is detected with, and on
    what the detector finds in the frames of its camera: a box that comes again and again is part
    of the scene.

    Args:
        frames: all frames, of any cameras.
        read: reads an image by the name of its frame; where it raises RejectedImageError, the
            image is not compared with others.
        settings: what finds boxes.
        detector: needed if the settings name one, unless all detections are known.
        motion_boxes: the boxes around motion that are known already, by the frame's name.
        detections: what the detector found in images, repeats included, where that is known.
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        read: Callable[[str], Image.Image],
        settings: BoxSettings,
        detector: ObjectDetector | None = None,
        motion_boxes: Mapping[str, Box] | None = None,
        detections: Mapping[str, Detections] | None = None,
    ) -> None:
        self.settings = settings
        self._read = read
        self._detector = detector
        self._motion = MotionFinder(frames, read, settings.motion) if settings.motion else None
        self._motion_boxes = motion_boxes or {}
        self._raw = dict(detections or {})
        self._cameras = _by_camera(frames)
        self._camera_of = {
            frame.name: number for number, row in enumerate(self._cameras) for frame in row
        }
        self._kept: dict[int, dict[str, Detections]] = {}
        self._locks = [threading.Lock() for _ in self._cameras]

    def box(self, name: str) -> Box:
        """Return the box of an image, or the whole frame and why."""
        motion = self.motion_box(name)
        if self.settings.detector is None:
            return motion or Box()
        return choose_box(motion, self.detections(name), self.settings.detector.threshold)

    def motion_box(self, name: str) -> Box | None:
        """Return the box around motion; None if motion is not used."""
        if self._motion is None:
            return None
        known = self._motion_boxes.get(name)
        return self._motion.box(name) if known is None else known

    def neighbours(self, name: str) -> tuple[str, ...]:
        """Return the frames that a frame may be compared with; none if motion is not used."""
        return self._motion.neighbours(name) if self._motion else ()

    def detections(self, name: str) -> Detections:
        """Return the detector's boxes, the most confident first, without repeats."""
        if self.settings.detector is None:
            return ()
        camera = self._camera_of[name]
        with self._locks[camera]:
            if camera not in self._kept:
                self._kept[camera] = self._without_repeats(self._cameras[camera])
        return self._kept[camera][name]

    def detector_score(self, name: str) -> float | None:
        """Return the confidence of the detector's best box, 0 to 1; None without a detector."""
        if self.settings.detector is None:
            return None
        return max((box.score for box in self.detections(name)), default=0.0)

    def _without_repeats(self, frames: Sequence[Frame]) -> dict[str, Detections]:
        found = {frame.name: self._detect(frame.name) for frame in frames}
        # By time alone: a table that tells sequences is at hand in training, but not later.
        return drop_repeats([replace(frame, sequence="") for frame in frames], found)

    def _detect(self, name: str) -> Detections:
        if name not in self._raw:
            if self._detector is None:
                # The image could not be read when all others were.
                return ()
            try:
                self._raw[name] = self._detector.detect(self._read(name))
            except RejectedImageError:
                self._raw[name] = ()
        return self._raw[name]


def _by_camera(frames: Sequence[Frame]) -> list[tuple[Frame, ...]]:
    """Return the frames of each camera at each location, in the order of their names.

    A location alone could unite the folders of several shards.
    """
    ordered = sorted(frames, key=lambda frame: (*_camera(frame), frame.name))
    return [tuple(row) for _, row in groupby(ordered, key=_camera)]


def _camera(frame: Frame) -> tuple[str, str]:
    return frame.camera, frame.location
