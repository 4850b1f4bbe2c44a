"""The dataset of a training: images, split, targets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError
from autofocus.grouping.locations import DEFAULT_PATTERN
from autofocus.grouping.sequences import SequenceRule
from autofocus.runs.wording import plural
from autofocus.splits.digests import digest_json
from autofocus.splits.images import Image
from autofocus.splits.leaks import check_no_leak
from autofocus.splits.split import Assignment, Split, make_split
from autofocus.splits.subsets import SplitBy, Subset

# So many classes that lack images are named.
_MOST_GAPS = 20
# A smaller share of images of no sequence changes no result by much, and isn't worth a warning.
_FEW_LONE = 0.02


@dataclass(frozen=True)
class SplitSettings:
    """How to split the images.

    Attributes:
        testing_percentage: percentage of images for the test, 0 to 100.
        validation_percentage: percentage of images for validation, 0 to 100.
        split_by: what is never divided; `auto` for the largest group that the data allow.
        sequence_gap_s: longest time between two frames of a sequence, in seconds.
        multilabel: whether an image may have several labels.
        location_pattern: finds the location in the path of the original image if no column gives
            it.
        sequence_pattern: finds the sequence of an image without a time in the path of the
            original; empty for none.
        sequence_frames: the number of frames per trigger of cameras that record no time; 0 if
            unknown.
    """

    testing_percentage: float
    validation_percentage: float
    split_by: SplitBy = "auto"
    sequence_gap_s: float = 60.0
    multilabel: bool = False
    location_pattern: str = DEFAULT_PATTERN
    sequence_pattern: str = ""
    sequence_frames: int = 0

    @property
    def sequence_rule(self) -> SequenceRule:
        """How the sequence of an image is determined."""
        return SequenceRule(self.sequence_gap_s, self.sequence_pattern, self.sequence_frames)


@dataclass(frozen=True)
class Dataset:
    """All images of a training, with their labels and their places in the split.

    Attributes:
        labels: the classes, in the order of the classifier's outputs.
        split: the assignment of each image.
        settings: how the images were split.
    """

    labels: tuple[str, ...]
    split: Split
    settings: SplitSettings

    @property
    def images(self) -> tuple[Image, ...]:
        """All images, in the order of the split."""
        return tuple(one.image for one in self.split.assignments)

    @cached_property
    def rows(self) -> tuple[Assignment, ...]:
        """The rows to train on and evaluate, sorted by file, those that are left out included.

        One per image where an image may have several labels, else one per image and label: the
        image of such a row has that label and its file alone.
        """
        rows = self.split.assignments
        if not self.settings.multilabel:
            rows = tuple(
                one if image is one.image else replace(one, image=image)
                for one in rows
                for image in one.image.per_label()
            )
        return tuple(sorted(rows, key=lambda one: one.image.file))

    def subset(self, subset: Subset) -> tuple[Assignment, ...]:
        """Return the rows of a subset."""
        return tuple(one for one in self.rows if one.subset is subset)

    @property
    def used(self) -> tuple[Assignment, ...]:
        """The rows of all subsets."""
        return tuple(one for one in self.rows if one.subset is not None)

    def targets(self, rows: Sequence[Assignment]) -> NDArray[np.float32]:
        """Return which of C classes N rows show: shape (N, C), 1 or 0."""
        columns = {label: column for column, label in enumerate(self.labels)}
        targets = np.zeros((len(rows), len(self.labels)), np.float32)
        for row, one in enumerate(rows):
            targets[row, [columns[label] for label in one.image.labels]] = 1
        return targets

    def table(self) -> dict[str, dict[str, int]]:
        """Return the number of rows by class and subset."""
        counts = Counter((label, one.subset) for one in self.rows for label in one.image.labels)
        return {
            label: {subset.value: counts[label, subset] for subset in Subset}
            for label in self.labels
        }

    def fingerprint(self, *more: Any) -> str:
        """Return a digest of all contents, labels and subsets, and of the given JSON values."""
        rows = sorted(
            (one.image.digest, one.image.label, one.subset.value if one.subset else "")
            for one in self.rows
        )
        return digest_json([self.labels, rows, self.split.digest, *more])

    def warnings(self) -> list[str]:
        """Return doubts about the data, one sentence each."""
        table = self.table()
        sentences = [*self.split.warnings, self._warn_of_lone(), *_warn_of_gaps(table)]
        labels: dict[str, set[str]] = {}
        for image in self.images:
            labels.setdefault(image.digest, set()).update(image.labels)
        several = sum(len(each) > 1 for each in labels.values())
        if several and not self.settings.multilabel:
            sentences.append(
                f"{_count(several)} with several labels: whatever the prediction, at least one of "
                "the labels counts as wrong."
            )
        copies = len(self.images) - len(labels)
        if copies:
            sentences.append(f"{_count(copies)} with the same content as another.")
        return [sentence for sentence in sentences if sentence]

    def _warn_of_lone(self) -> str:
        """Return a sentence on images of no sequence, unless they are few; else nothing.

        Those of a split by sequence are told elsewhere.
        """
        lone = sum(not one.sequence for one in self.split.assignments)
        if lone <= _FEW_LONE * len(self.images) or self.split.group_kind == "sequence":
            return ""
        return (
            f"The sequence of {lone:,} of {_count(len(self.images))} is unknown, as they have no "
            "time, so that each counts alone: give a column sequence of the detections, "
            "sequence_pattern or sequence_frames."
        )


def _warn_of_gaps(table: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return a sentence for each of the first classes that lack images, and one for the others."""
    gaps = [sentence for label in table if (sentence := _warn_of_gap(label, table[label]))]
    others = len(gaps) - _MOST_GAPS
    if others <= 0:
        return gaps
    return [*gaps[:_MOST_GAPS], f"{others:,} more classes lack images in the same way."]


def _warn_of_gap(label: str, subsets: Mapping[str, int]) -> str:
    empty = [subset for subset, number in subsets.items() if not number]
    if not empty:
        return ""
    return f"{label} has {_count(sum(subsets.values()))}, none of them in {' or '.join(empty)}."


def _count(number: int) -> str:
    return f"{number:,} image" + "s" * (number != 1)


def make_dataset(
    labels: tuple[str, ...], images: Sequence[Image], settings: SplitSettings
) -> Dataset:
    """Split the images, and check that no subset leaks into another.

    Args:
        labels: the classes.
        images: of `collect_images`.
        settings: how to split them.

    Raises:
        InputDataError: fewer than two classes are left for training.
        LeakError: two subsets share a location, a sequence or a file.
    """
    split = make_split(
        images,
        testing_percentage=settings.testing_percentage,
        validation_percentage=settings.validation_percentage,
        split_by=settings.split_by,
        sequence_rule=settings.sequence_rule,
    )
    check_no_leak(split)
    dataset = Dataset(labels, split, settings)
    _check_training(dataset)
    return dataset


def _check_training(dataset: Dataset) -> None:
    training = dataset.subset(Subset.TRAINING)
    classes = {label for one in training for label in one.image.labels}
    if len(classes) < 2:  # noqa: PLR2004 - a classifier needs two classes
        raise InputDataError(
            f"Of {plural(len(dataset.rows), 'image')} in "
            f"{plural(len(dataset.labels), 'class', 'classes')}, {len(training)} are for "
            f"training, in {plural(len(classes), 'class', 'classes')}: give more images, or lower "
            "testing_percentage and validation_percentage."
        )
