"""From a data set's images to the matrices that a head is trained and evaluated on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autofocus.boxes.box import Box
from autofocus.features.crop import Crop, View, crops_of
from autofocus.features.distortions import Distortions
from autofocus.features.extraction import Extractor
from autofocus.images.reading import read_image
from autofocus.motion.finding import MotionFinder
from autofocus.motion.settings import MotionSettings
from autofocus.splits.dataset import Dataset
from autofocus.splits.images import Image
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.training.samples import Samples

# Bounds of an image's weight, as a multiple of the usual motion score in its class.
_MIN_WEIGHT, _MAX_WEIGHT = 0.3, 3.0


@dataclass
class DatasetFeatures:
    """Feature vectors of a data set's images; those that aren't cached are computed first.

    Attributes:
        dataset: the images.
        extractor: computes feature vectors, and the boxes around motion.
        motion: how motion is detected.
        distortions: how copies of training images are distorted.
        copies: number of distorted copies per image, if images are distorted at all.
        weight_by_motion: whether images are weighted by the amount of motion in them.
    """

    dataset: Dataset
    extractor: Extractor
    motion: MotionSettings = field(default_factory=MotionSettings)
    distortions: Distortions = field(default_factory=Distortions)
    copies: int = 0
    weight_by_motion: bool = False
    _boxes: dict[str, Box] = field(default_factory=dict)

    def prepare(self, view: View, *, copies: bool = True) -> None:
        """Compute everything that a view needs.

        Args:
            view: what the classifier sees.
            copies: whether to compute the distorted copies of the training images, too.
        """
        if view != "full" or self.weight_by_motion:
            self._detect_motion()
        crops = ((row.image, crop) for row in self.dataset.used for crop in self._crops(row, view))
        self._extract(crops, f"features ({view})")
        if copies:
            self._prepare_copies(self.dataset.subset(Subset.TRAINING), view)

    def features(self, images: Sequence[Assignment], view: View) -> NDArray[np.float32]:
        """Return the features of N images, shape (N, D), or (N, 2 D) for the view `both`."""
        return self._get(images, [self._crops(row, view) for row in images], view)

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
        features = self.features(images, view)
        if not copies or not self.distortions:
            return Samples(features, targets, weights)
        # Folds are trained on images that the model itself was not.
        self._prepare_copies(images, view)
        further = list(self._copies_features(images, view))
        number = 1 + len(further)
        return Samples(
            np.concatenate([features, *further]),
            np.tile(targets, (number, 1)),
            np.tile(weights / number, number).astype(np.float32),
        )

    def crop(self, image: Image, view: View) -> Crop:
        """Return what the classifier sees of an image in a single view, `full` or `motion`."""
        (crop,) = crops_of(view, self.box(image))
        return crop

    def box(self, image: Image) -> Box | None:
        """Return the box of the motion in an image; None if motion was not detected."""
        return self._boxes.get(image.name)

    def count_boxes(self) -> dict[str, int]:
        """Return the number of images with motion, and of those used as a whole frame."""
        moved = sum(box.is_found for box in self._boxes.values())
        return {"motion": moved, "whole_frame": len(self._boxes) - moved}

    def _detect_motion(self) -> None:
        if self._boxes:
            return
        folder = self.extractor.image_dir
        images = self.dataset.images
        finder = MotionFinder(
            [image.frame for image in images],
            lambda name: read_image(folder / name).image,
            self.motion,
        )
        digests = {image.name: image.digest for image in images}
        self._boxes.update(self.extractor.boxes(finder, digests))

    def _crops(self, row: Assignment, view: View) -> tuple[Crop, ...]:
        return crops_of(view, None if view == "full" else self._boxes[row.image.name])

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
        self.extractor.extract(
            {crop.key(image.digest): (image.file, crop) for image, crop in crops}, label
        )

    def _get(
        self, images: Sequence[Assignment], crops: Sequence[Sequence[Crop]], view: View
    ) -> NDArray[np.float32]:
        """Return the features of images, those of their crops side by side."""
        keys = [
            crop.key(row.image.digest)
            for row, own in zip(images, crops, strict=True)
            for crop in own
        ]
        width = len(crops_of(view, None)) * self.extractor.backbone.feature_size
        return self.extractor.cache.get(keys).reshape(len(images), width)

    def _weights(self, images: Sequence[Assignment]) -> NDArray[np.float32]:
        weights = np.ones(len(images), np.float32)
        if not self.weight_by_motion:
            return weights
        amounts = np.array([self._boxes[row.image.name].score for row in images])
        for label in {row.image.label for row in images}:
            has_label = np.array([row.image.label == label for row in images])
            usual = amounts[has_label].mean()
            # Within the class, so that empty frames, in which little moves, count as well.
            if usual > 0:
                weights[has_label] = np.clip(amounts[has_label] / usual, _MIN_WEIGHT, _MAX_WEIGHT)
        return weights
