"""From a data set's images to the matrices that a head is trained and evaluated on."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autofocus.boxes.box import Box
from autofocus.boxes.crop_shape import CropShape
from autofocus.features.crop import Crop, View, crops_of, needs_detector, needs_motion
from autofocus.features.distortions import Distortions
from autofocus.features.extraction import Extractor
from autofocus.grouping.locations import LocationPattern
from autofocus.localization.box_table import BoxTable, NameIndex
from autofocus.localization.cameras import Camera, Frames
from autofocus.localization.finding import BoxFinder, BoxSettings, Detections, ObjectDetector
from autofocus.localization.from_file import FileDetector
from autofocus.motion.settings import TIGHT, MotionSettings
from autofocus.splits.dataset import Dataset
from autofocus.splits.images import Image
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.training.feature_rows import Features, fits
from autofocus.training.feature_store import FeatureStore
from autofocus.training.frames import DatasetFrames, FrameFiles
from autofocus.training.pieces import Pieces
from autofocus.training.samples import Samples

# Bounds of an image's weight, as a multiple of the usual motion score in its class.
_MIN_WEIGHT, _MAX_WEIGHT = 0.3, 3.0


@dataclass
class DatasetFeatures:
    """Feature vectors of a data set's images; those that aren't cached are computed first.

    Attributes:
        dataset: the images.
        extractor: computes feature vectors, boxes around motion, and the detector's.
        motion: how motion is detected.
        detector: for the views that need it; None if there is none.
        shape: of the crop around a box; None if the box is the crop.
        distortions: how copies of training images are distorted.
        copies: number of distorted copies per image, if images are distorted at all.
        weight_by_motion: whether images are weighted by the amount of motion in them.
        frames: that boxes are found in; None: the images have each other alone.
        store: files for the features that don't fit in memory; None to hold all in memory.
        pieces: keeps what was trained on the features, until the training is complete.
    """

    dataset: Dataset
    extractor: Extractor
    motion: MotionSettings = TIGHT
    detector: ObjectDetector | None = None
    shape: CropShape | None = field(default_factory=CropShape)
    distortions: Distortions = field(default_factory=Distortions)
    copies: int = 0
    weight_by_motion: bool = False
    frames: Frames | None = None
    store: FeatureStore | None = None
    pieces: Pieces = field(default_factory=Pieces)
    _boxes: dict[BoxSettings, BoxTable] = field(default_factory=dict)
    # The confidence of the detector's best box in each image; empty before it has run.
    _detector_scores: "array[float]" = field(default_factory=lambda: array("d"))

    def prepare(self, view: View, *, copies: bool = True) -> None:
        """Compute everything that a view needs.

        Args:
            view: what the classifier sees.
            copies: whether to compute the distorted copies of the training images, too.
        """
        if view != "full":
            self._find_boxes(view)
        if self.weight_by_motion:
            self._find_motion()
        crops = ((row.image, crop) for row in self.dataset.used for crop in self._crops(row, view))
        self._extract(crops, f"features ({view})")
        if copies:
            self._prepare_copies(self.dataset.subset(Subset.TRAINING), view)

    def features(self, images: Sequence[Assignment], view: View) -> NDArray[np.float32]:
        """Return the features of N images, shape (N, D), or (N, 2 D) for the view `both`."""
        return self._get(images, [self._crops(row, view) for row in images], view)

    def view_features(
        self, images: Sequence[Assignment], view: View, number: int
    ) -> list[NDArray[np.float32]]:
        """Return the features of the first views of N images, as `features` for each view.

        Args:
            images: any of the data set.
            view: what the classifier sees.
            number: of views.
        """
        viewed = [
            list(zip(*(c.viewed(number, row.image.digest) for c in crops), strict=True))
            for row, crops in ((row, self._crops(row, view)) for row in images)
        ]
        if number > 1:
            every = (
                (row.image, crop)
                for row, views in zip(images, viewed, strict=True)
                for crops in views
                for crop in crops
            )
            self._extract(every, f"views ({view})")
        return [
            self._get(images, [views[each] for views in viewed], view) for each in range(number)
        ]

    def samples(
        self, images: Sequence[Assignment], view: View, *, copies: bool = False
    ) -> Samples:
        """Return images as a head sees them; the view must have been prepared.

        Args:
            images: any of the data set.
            view: what the classifier sees.
            copies: whether to append their distorted copies, as for training; an image and its
                copies share its weight.
        """
        targets, weights = self.dataset.targets(images), self._weights(images)
        if not copies or not self.distortions:
            return Samples(self._features(images, view), targets, weights)
        # Folds are trained on images that the model itself was not.
        self._prepare_copies(images, view)
        features = self._features(images, view, copies=True)
        return Samples(
            features,
            np.tile(targets, (self.versions, 1)),
            np.tile(weights / self.versions, self.versions).astype(np.float32),
        )

    def fits(self, images: int, view: View, *, copies: bool = False) -> bool:
        """Return whether the features of so many images may be held in memory.

        Args:
            images: their number.
            view: what the classifier sees.
            copies: whether their distorted copies are, too.
        """
        versions = self.versions if copies else 1
        return self.store is None or fits((versions * images, self._width(view)))

    @property
    def versions(self) -> int:
        """The number of versions of each image to learn from: itself, and its distorted copies."""
        return 1 + len(self.distortions.copies("", self.copies))

    def _features(
        self, images: Sequence[Assignment], view: View, *, copies: bool = False
    ) -> Features:
        """Return the features of N images, then those of their first copies, and so on."""
        if self.store is None or self.fits(len(images), view, copies=copies):
            features = self.features(images, view)
            further = self._copies_features(images, view) if copies else ()
            return np.concatenate([features, *further]) if copies else features

        def compute(places: NDArray[np.int64], version: int) -> NDArray[np.float32]:
            some = [images[place] for place in places.tolist()]
            if not version:
                return self.features(some, view)
            return self._get(some, [self._copies(row, view)[version - 1] for row in some], view)

        return self.store.rows(
            f"{self.extractor.backbone.digest} {view}",
            [row.image.file for row in images],
            (self.versions, self._width(view)),
            self.versions if copies else 1,
            compute,
        )

    def crop(self, image: Image, view: View) -> Crop:
        """Return what the classifier sees of an image in a view of a single crop."""
        (crop,) = crops_of(view, self.box(image, view), self.shape)
        return crop

    def box(self, image: Image, view: View) -> Box | None:
        """Return the box of an image; None if the view needs none."""
        return self._boxes[self.box_settings(view)][image.name] if view != "full" else None

    def box_scores(self, images: Sequence[Assignment], view: View) -> NDArray[np.float64]:
        """Return the score of the box of each of N images, 0 for a whole frame; shape (N,)."""
        boxes = (self.box(row.image, view) for row in images)
        return np.array([box.score if box else 0.0 for box in boxes], np.float64)

    def found(self, images: Sequence[Assignment], view: View) -> NDArray[np.bool_]:
        """Return which of N images have a box, and are not a whole frame; shape (N,)."""
        boxes = (self.box(row.image, view) for row in images)
        return np.array([box is not None and box.is_found for box in boxes], bool)

    def detector_scores(
        self, images: Sequence[Assignment], view: View
    ) -> NDArray[np.float64] | None:
        """Return the confidence of the detector's best box in each of N images, shape (N,).

        Boxes that come again and again at a location don't count; without any box it is 0. None
        if the view doesn't need the detector.
        """
        if not needs_detector(view):
            return None
        scores = [self._detector_scores[self._index[row.image.name]] for row in images]
        return np.array(scores, np.float64)

    def count_boxes(self, view: View) -> dict[str, int]:
        """Return the number of images by what found their box, or as a whole frame."""
        boxes = self._boxes.get(self.box_settings(view))
        return {"motion": 0, "whole_frame": 0, **(boxes.count() if boxes else {})}

    def box_settings(self, view: View) -> BoxSettings:
        """Return what finds the boxes of a view."""
        return BoxSettings(
            self.motion if needs_motion(view) else None,
            self.detector.settings if self.detector and needs_detector(view) else None,
        )

    def _find_boxes(self, view: View) -> None:
        settings = self.box_settings(view)
        if settings in self._boxes:
            return
        if needs_motion(view):
            self._find_motion()
        if needs_detector(view):
            self._detect()
        if settings in self._boxes:
            # They are those around motion.
            return
        boxes = BoxTable(self._index)
        for camera in self._cameras():
            finder = self._finder(camera, settings)
            for name, images in camera.images.items():
                boxes.put(images, finder.box(name))
                if needs_detector(view):
                    self._put_score(images, finder.detector_score(name) or 0.0)
        self._boxes[settings] = boxes

    def _put_score(self, images: Iterable[str], score: float) -> None:
        if not self._detector_scores:
            self._detector_scores.extend(bytes(len(self._index)))
        for image in images:
            self._detector_scores[self._index[image]] = score

    @cached_property
    def _index(self) -> NameIndex:
        return NameIndex(image.name for image in self.dataset.images)

    def _finder(self, camera: Camera, settings: BoxSettings) -> BoxFinder:
        motion = {}
        if settings.motion is not None:
            known = self._boxes[BoxSettings(settings.motion)]
            motion = {name: known[own[0]] for name, own in camera.images.items()}
        detections = self._detections(camera) if settings.detector else {}
        return BoxFinder(
            camera.frames, camera.read, settings, motion_boxes=motion, detections=detections
        )

    def _cameras(self) -> Iterable[Camera]:
        return self._frames.cameras(LocationPattern(self.dataset.settings.location_pattern))

    @property
    def _frames(self) -> Frames:
        alone = FrameFiles(self.extractor.image_dir, (), {})
        return self.frames or DatasetFrames(alone, self.dataset.images)

    def _find_motion(self) -> None:
        settings = BoxSettings(self.motion)
        if settings not in self._boxes:
            found = BoxTable(self._index)
            number = self._frames.number
            self.extractor.find_motion(self._cameras(), self.motion, number, found.put)
            self._boxes[settings] = found

    def _detect(self) -> None:
        if self.detector is None or isinstance(self.detector, FileDetector):
            return
        number = self._frames.number
        self.extractor.find_detections(self.detector, self._cameras(), number)

    def _detections(self, camera: Camera) -> dict[str, Detections]:
        """Return what the detector finds in each frame of a camera."""
        if self.detector is None:
            return {}
        if isinstance(self.detector, FileDetector):
            known = self.detector.boxes
            return {frame.name: known[camera.file(frame.name)] for frame in camera.frames}
        return self.extractor.detections(self.detector, camera)

    def _crops(self, row: Assignment, view: View) -> tuple[Crop, ...]:
        return crops_of(view, self.box(row.image, view), self.shape)

    def _copies(self, row: Assignment, view: View) -> list[tuple[Crop, ...]]:
        """Return the crops of each distorted copy of an image."""
        copies = (
            crop.distorted(self.distortions, row.image.digest, self.copies)
            for crop in self._crops(row, view)
        )
        return list(zip(*copies, strict=True))

    def _prepare_copies(self, images: Sequence[Assignment], view: View) -> None:
        crops = (
            (row.image, crop)
            for row in images
            for copy in self._copies(row, view)
            for crop in copy
        )
        self._extract(crops, f"distorted copies ({view})")

    def _copies_features(
        self, images: Sequence[Assignment], view: View
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the features of the images' first copies, of their second ones, and so on."""
        for copies in zip(*(self._copies(row, view) for row in images), strict=True):
            yield self._get(images, copies, view)

    def _extract(self, crops: Iterable[tuple[Image, Crop]], label: str) -> None:
        known = self.extractor.cache.known
        keyed = ((crop.key(image.digest), (image.file, crop)) for image, crop in crops)
        # Those of all images would need much memory.
        self.extractor.extract({key: crop for key, crop in keyed if key not in known}, label)

    def _get(
        self, images: Sequence[Assignment], crops: Sequence[Sequence[Crop]], view: View
    ) -> NDArray[np.float32]:
        """Return the features of images, those of their crops side by side."""
        keys = [
            crop.key(row.image.digest)
            for row, own in zip(images, crops, strict=True)
            for crop in own
        ]
        return self.extractor.cache.get(keys).reshape(len(images), self._width(view))

    def _width(self, view: View) -> int:
        """Return the number of features of an image."""
        return len(crops_of(view, None)) * self.extractor.backbone.feature_size

    def _weights(self, images: Sequence[Assignment]) -> NDArray[np.float32]:
        weights = np.ones(len(images), np.float32)
        if not self.weight_by_motion:
            return weights
        boxes = self._boxes[BoxSettings(self.motion)]
        amounts = np.array([boxes[row.image.name].score for row in images])
        for label in {row.image.label for row in images}:
            has_label = np.array([row.image.label == label for row in images])
            usual = amounts[has_label].mean()
            # Within the class, so that empty frames, in which little moves, count as well.
            if usual > 0:
                weights[has_label] = np.clip(amounts[has_label] / usual, _MIN_WEIGHT, _MAX_WEIGHT)
        return weights
