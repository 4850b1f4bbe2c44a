"""Computing what a training may need of all images of a folder."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from autofocus.boxes.box import Box
from autofocus.boxes.crop_shape import CropShape
from autofocus.embeddings.frames import EmbeddedImage, FolderFrames
from autofocus.features.crop import Crop, View, crops_of, needs_detector, needs_motion
from autofocus.features.distortions import Distortions
from autofocus.features.extraction import Extractor
from autofocus.grouping.locations import LocationPattern
from autofocus.localization.cameras import Camera
from autofocus.localization.finding import BoxFinder, BoxSettings, ObjectDetector
from autofocus.motion.settings import TIGHT, MotionSettings


@dataclass(frozen=True)
class Needs:
    """What a training may need of each image.

    Attributes:
        views: what a classifier may see.
        detector: for the views that need it; None if none does.
        distortions: how copies are distorted.
        copies: number of distorted copies per crop, if images are distorted at all.
        mirrored: number of views of each crop, see `features.views`.
        weight_by_motion: whether the box around motion is needed in any case.
        motion: how motion is detected.
        shape: of the crop around a box.
    """

    views: tuple[View, ...]
    detector: ObjectDetector | None = None
    distortions: Distortions = field(default_factory=Distortions)
    copies: int = 0
    mirrored: int = 1
    weight_by_motion: bool = False
    motion: MotionSettings = TIGHT
    shape: CropShape = field(default_factory=CropShape)

    @property
    def has_motion(self) -> bool:
        """Whether boxes around motion are needed."""
        return self.weight_by_motion or any(map(needs_motion, self.views))

    @property
    def has_detector(self) -> bool:
        """Whether the detector's boxes are needed."""
        return any(map(needs_detector, self.views))

    @property
    def has_boxes(self) -> bool:
        """Whether any boxes are needed."""
        return self.has_motion or self.has_detector

    @property
    def has_frames(self) -> bool:
        """Whether the embedding of each whole frame is needed."""
        return any(view in ("full", "both") for view in self.views)

    def crops(self, view: View, box: Box | None, digest: str) -> Iterator[Crop]:
        """Yield everything whose embedding a view needs of an image."""
        for crop in crops_of(view, box, self.shape):
            yield from crop.viewed(self.mirrored, digest)
            yield from crop.distorted(self.distortions, digest, self.copies)

    def box_settings(self, view: View) -> BoxSettings:
        """Return what finds the boxes of a view."""
        detector = self.detector.settings if self.detector and needs_detector(view) else None
        return BoxSettings(self.motion if needs_motion(view) else None, detector)


@dataclass(frozen=True)
class Computation:
    """Computes boxes and embeddings, unless they are in the caches.

    Attributes:
        extractor: computes and stores them.
        frames: all images.
        needs: what is needed of each.
        pattern: finds the location in a name, where a folder holds the frames of several.
    """

    extractor: Extractor
    frames: FolderFrames
    needs: Needs
    pattern: LocationPattern

    def compute(self) -> set[str]:
        """Compute everything that is needed; return the keys of all embeddings."""
        extractor, needs, number = self.extractor, self.needs, self.frames.number
        motion: Mapping[str, Box] = {}
        if needs.has_motion:
            motion = extractor.boxes(self._cameras(), needs.motion, number)
        if needs.detector is not None and needs.has_detector:
            extractor.find_detections(needs.detector, self._cameras(), number)
        keys: set[str] = set()
        for view in needs.views:
            boxes = self._boxes(view, motion) if view != "full" else {}
            crops: dict[str, tuple[str, Crop]] = {}
            for image in self._images():
                box = boxes.get(image.name)
                for crop in needs.crops(view, box, image.digest):
                    crops[crop.key(image.digest)] = (image.name, crop)
            extractor.extract(crops, f"features ({view})")
            keys.update(crops)
        return keys

    def _images(self) -> Iterable[EmbeddedImage]:
        return (image for image in self.frames.images if not image.reason)

    def _cameras(self) -> Iterable[Camera]:
        return self.frames.cameras(self.pattern)

    def _boxes(self, view: View, motion: Mapping[str, Box]) -> dict[str, Box]:
        """Return the box of each image, by its name."""
        settings, detector = self.needs.box_settings(view), self.needs.detector
        boxes: dict[str, Box] = {}
        for camera in self._cameras():
            found = {}
            if settings.detector is not None and detector is not None:
                found = self.extractor.detections(detector, camera)
            known = {name: motion[name] for name in camera.images} if settings.motion else {}
            finder = BoxFinder(
                camera.frames, camera.read, settings, motion_boxes=known, detections=found
            )
            boxes.update((name, finder.box(name)) for name in camera.images)
        return boxes
