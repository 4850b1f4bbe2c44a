"""The features of a data set's images, by what the classifier looks at."""

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

# What moved counts at least and at most so many times as much as what usually moves in its class.
_LEAST_MASS, _MOST_MASS = 0.3, 3.0
# The single views of each.
_SIDES: dict[View, tuple[View, ...]] = {
    "full": ("full",),
    "motion": ("motion",),
    "both": ("full", "motion"),
}


@dataclass
class DatasetFeatures:
    """Gives the features of images; what isn't in the cache yet is computed first.

    Attributes:
        dataset: the images.
        viewer: computes features.
        motion: how what moved is found.
        distortions: how copies of training images are distorted.
        copies: how many copies, where they are distorted at all.
        weight_by_motion: whether images count by how much moved in them.
    """

    dataset: Dataset
    viewer: Viewer
    motion: MotionSettings = field(default_factory=MotionSettings)
    distortions: Distortions = field(default_factory=Distortions)
    copies: int = 0
    weight_by_motion: bool = False
    _boxes: dict[str, Box] = field(default_factory=dict)

    def prepare(self, view: View, *, copies: bool = True) -> None:
        """Make sure that everything is known that the view needs, with distorted copies or not."""
        if "motion" in _SIDES[view] or self.weight_by_motion:
            self._find_motion()
        pictures = [
            self._picture(row.image, side) for row in self.dataset.used for side in _SIDES[view]
        ]
        self.viewer.ensure(pictures, f"features ({view})")
        if not copies:
            return
        distorted = [
            picture
            for row in self.dataset.subset(Subset.TRAINING)
            for side in _SIDES[view]
            for picture in self._distorted(row.image, side)
        ]
        self.viewer.ensure(distorted, f"distorted copies ({view})")

    def features(self, images: Sequence[Assignment], view: View) -> NDArray[np.float32]:
        """Return the features of N images, shape (N, D), or (N, 2 D) for both views."""
        keys = [[self._picture(row.image, side).key for row in images] for side in _SIDES[view]]
        return stack(self.viewer.cache, keys)

    def samples(
        self, images: Sequence[Assignment], view: View, *, copies: bool = False
    ) -> Samples:
        """Return images as the classifier layer sees them.

        Args:
            images: any of the data set.
            view: what to look at.
            copies: whether to give their distorted copies behind them; their weight is shared.
        """
        targets, weights = self.dataset.targets(images), self._weights(images)
        features = self.features(images, view)
        if not copies or not self.distortions:
            return Samples(features, targets, weights)
        further = list(self._copies(images, view))
        number = 1 + len(further)
        return Samples(
            np.concatenate([features, *further]),
            np.tile(targets, (number, 1)),
            np.tile(weights / number, number).astype(np.float32),
        )

    def box(self, image: Image) -> Box | None:
        """Return what moved in an image, if that has been found."""
        return self._boxes.get(image.name)

    def count_boxes(self) -> dict[str, int]:
        """Return in how many photographs something moved, and in how many nothing was found."""
        moved = sum(box.status == "motion" for box in self._boxes.values())
        return {"motion": moved, "whole_frame": len(self._boxes) - moved}

    def _find_motion(self) -> None:
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

    def _copy_keys(self, image: Image, side: View) -> list[str]:
        return [picture.key for picture in self._distorted(image, side)]

    def _copies(self, images: Sequence[Assignment], view: View) -> Iterator[NDArray[np.float32]]:
        keys = [
            list(zip(*(self._copy_keys(row.image, side) for row in images), strict=True))
            for side in _SIDES[view]
        ]
        for sides in zip(*keys, strict=True):
            yield stack(self.viewer.cache, sides)

    def _weights(self, images: Sequence[Assignment]) -> NDArray[np.float32]:
        weights = np.ones(len(images), np.float32)
        if not self.weight_by_motion:
            return weights
        masses = np.array([self._boxes[row.image.name].score for row in images])
        for label in {row.image.label for row in images}:
            has_label = np.array([row.image.label == label for row in images])
            usual = masses[has_label].mean()
            # Within the class, so that empty frames, in which little moves, count as well.
            if usual > 0:
                weights[has_label] = np.clip(masses[has_label] / usual, _LEAST_MASS, _MOST_MASS)
        return weights
