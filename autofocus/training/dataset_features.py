"""From a data set's images to the matrices that a head is trained and evaluated on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autofocus.features.distortions import Distortions
from autofocus.features.loading import read
from autofocus.features.views import Picture, Viewer, crop_key, stack
from autofocus.model.classifier import View
from autofocus.motion.boxes import Box
from autofocus.motion.finding import MotionFinder
from autofocus.motion.settings import MotionSettings
from autofocus.splits.dataset import Dataset
from autofocus.splits.images import Image
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.training.samples import Samples

# Bounds of an image's weight, as a multiple of the usual motion score in its class.
_MIN_WEIGHT, _MAX_WEIGHT = 0.3, 3.0
# The inputs of the backbone for each view.
_INPUTS: dict[View, tuple[View, ...]] = {
    "full": ("full",),
    "motion": ("motion",),
    "both": ("full", "motion"),
}


@dataclass
class DatasetFeatures:
    """Feature vectors of a data set's images; those that aren't cached are computed first.

    Attributes:
        dataset: the images.
        viewer: computes feature vectors.
        motion: how motion is detected.
        distortions: how copies of training images are distorted.
        copies: number of distorted copies per image, if images are distorted at all.
        weight_by_motion: whether images are weighted by the amount of motion in them.
    """

    dataset: Dataset
    viewer: Viewer
    motion: MotionSettings = field(default_factory=MotionSettings)
    distortions: Distortions = field(default_factory=Distortions)
    copies: int = 0
    weight_by_motion: bool = False
    _boxes: dict[str, Box] = field(default_factory=dict)

    def prepare(self, view: View, *, copies: bool = True) -> None:
        """Compute everything that a view needs.

        Args:
            view: what the classifier looks at.
            copies: whether to compute the distorted copies of the training images, too.
        """
        if "motion" in _INPUTS[view] or self.weight_by_motion:
            self._detect_motion()
        pictures = [
            self._picture(row.image, side) for row in self.dataset.used for side in _INPUTS[view]
        ]
        self.viewer.ensure(pictures, f"features ({view})")
        if copies:
            self._prepare_copies(self.dataset.subset(Subset.TRAINING), view)

    def features(self, images: Sequence[Assignment], view: View) -> NDArray[np.float32]:
        """Return the features of N images, shape (N, D), or (N, 2 D) for the view `both`."""
        keys = [[self._picture(row.image, side).key for row in images] for side in _INPUTS[view]]
        return stack(self.viewer.cache, keys)

    def samples(
        self, images: Sequence[Assignment], view: View, *, copies: bool = False
    ) -> Samples:
        """Return images as a head sees them; the view must have been prepared.

        Args:
            images: any of the data set.
            view: what the classifier looks at.
            copies: whether to append their distorted copies, as for training; an image and its
                copies share its weight.
        """
        targets, weights = self.dataset.targets(images), self._weights(images)
        features = self.features(images, view)
        if not copies or not self.distortions:
            return Samples(features, targets, weights)
        # Folds are trained on images that the model itself was not.
        self._prepare_copies(images, view)
        further = list(self._copies(images, view))
        number = 1 + len(further)
        return Samples(
            np.concatenate([features, *further]),
            np.tile(targets, (number, 1)),
            np.tile(weights / number, number).astype(np.float32),
        )

    def box(self, image: Image) -> Box | None:
        """Return the box of the motion in an image; None if motion was not detected."""
        return self._boxes.get(image.name)

    def count_boxes(self) -> dict[str, int]:
        """Return the number of images with motion, and of those used as a whole frame."""
        moved = sum(box.status == "motion" for box in self._boxes.values())
        return {"motion": moved, "whole_frame": len(self._boxes) - moved}

    def _detect_motion(self) -> None:
        if self._boxes:
            return
        folder = self.viewer.image_dir
        images = self.dataset.images
        finder = MotionFinder(
            [image.frame for image in images],
            lambda name: read(folder / name),
            self.motion,
        )
        digests = {image.name: image.digest for image in images}
        self._boxes.update(self.viewer.boxes(finder, digests))

    def _picture(self, image: Image, side: View) -> Picture:
        if side == "full":
            return Picture(image.digest, image.file)
        box = self._boxes[image.name]
        key = crop_key(image.digest, box)
        return Picture(key, image.file, box if key != image.digest else None)

    def _distorted(self, image: Image, side: View) -> Iterator[Picture]:
        whole = self._picture(image, side)
        for copy in self.distortions.copies(whole.key, self.copies):
            yield Picture(copy.key, whole.name, whole.box, copy.pixels)

    def _prepare_copies(self, images: Sequence[Assignment], view: View) -> None:
        distorted = [
            picture
            for row in images
            for side in _INPUTS[view]
            for picture in self._distorted(row.image, side)
        ]
        self.viewer.ensure(distorted, f"distorted copies ({view})")

    def _copy_keys(self, image: Image, side: View) -> list[str]:
        return [picture.key for picture in self._distorted(image, side)]

    def _copies(self, images: Sequence[Assignment], view: View) -> Iterator[NDArray[np.float32]]:
        keys = [
            list(zip(*(self._copy_keys(row.image, side) for row in images), strict=True))
            for side in _INPUTS[view]
        ]
        for sides in zip(*keys, strict=True):
            yield stack(self.viewer.cache, sides)

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
