"""The photographs of a training: what they show, and which part of the data each belongs to."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import InputDataError
from autofocus.grouping.locations import DEFAULT_PATTERN
from autofocus.images.facts import Facts
from autofocus.splits.leaks import check_no_leak
from autofocus.splits.photographs import Photograph
from autofocus.splits.splitting import Assignment, Member, Part, Split, SplitBy, make_split


@dataclass(frozen=True)
class Asked:
    """How the photographs are to be divided.

    Attributes:
        testing_percentage: how much is for the test, 0 to 100.
        validation_percentage: how much is for validation, 0 to 100.
        split_by: what is never divided; `auto` for the largest group that the data allow.
        sequence_gap_s: how long after the one before a frame may come and be of its sequence.
        multilabel: whether a photograph may have several labels.
        location_pattern: finds the location in a photograph's path, where no column tells it.
    """

    testing_percentage: float
    validation_percentage: float
    split_by: SplitBy = "auto"
    sequence_gap_s: float = 60.0
    multilabel: bool = False
    location_pattern: str = DEFAULT_PATTERN


@dataclass(frozen=True)
class Image:
    """What the classifier layer sees as one image.

    Attributes:
        name: its path relative to the image folder.
        labels: what it shows; one, unless images may have several.
        facts: what the photograph tells of itself.
        assignment: the part of the data that its photograph belongs to, and with which others.
    """

    name: str
    labels: tuple[str, ...]
    facts: Facts
    assignment: Assignment

    @property
    def label(self) -> str:
        """Its labels as one text."""
        return "; ".join(self.labels)

    @property
    def digest(self) -> str:
        """The SHA-256 of its content."""
        return self.assignment.digest

    @property
    def part(self) -> Part | None:
        """The part of the data that it belongs to; None if it is left out."""
        return self.assignment.part


@dataclass(frozen=True)
class Dataset:
    """All photographs of a training.

    Attributes:
        labels: the classes, in the network's order.
        images: in rising order of their names, those that are left out among them.
        photographs: the same in the order of the split; several images can be of one.
        split: which photograph belongs to which part, and why.
        asked: how they were to be divided.
    """

    labels: tuple[str, ...]
    images: tuple[Image, ...]
    photographs: tuple[Photograph, ...]
    split: Split
    asked: Asked

    def part(self, part: Part) -> tuple[Image, ...]:
        """Return the images of one part."""
        return tuple(image for image in self.images if image.part is part)

    @property
    def used(self) -> tuple[Image, ...]:
        """The images of all parts."""
        return tuple(image for image in self.images if image.part is not None)

    def targets(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Return which classes N images show, shape (N, C), 1 where they do."""
        numbers = {label: number for number, label in enumerate(self.labels)}
        targets = np.zeros((len(images), len(self.labels)), np.float32)
        for row, image in enumerate(images):
            targets[row, [numbers[label] for label in image.labels]] = 1
        return targets

    def table(self) -> dict[str, dict[str, int]]:
        """Return how many images each class has in each part."""
        counts = Counter((label, image.part) for image in self.images for label in image.labels)
        return {label: {part.value: counts[label, part] for part in Part} for label in self.labels}

    def split_figures(self) -> dict[str, Any]:
        """Return what is to be known about the split, as plain JSON values."""
        groups = {part: {image.assignment.group for image in self.part(part)} for part in Part}
        return {
            "level": self.split.level,
            "asked": self.asked.split_by,
            "groups": {part.value: len(groups[part]) for part in Part},
            "images": {part.value: len(self.part(part)) for part in Part},
            "left_out": len(self.images) - len(self.used),
            "sequence_gap_s": self.asked.sequence_gap_s,
            "digest": self.split.digest,
            "warnings": list(self.split.warnings),
        }

    def fingerprint(self, *more: Any) -> str:
        """Return a digest of all contents, labels and parts, and of what else is given."""
        rows = sorted(
            (image.digest, image.label, image.part.value if image.part else "")
            for image in self.images
        )
        text = json.dumps([self.labels, rows, self.split.digest, *more])
        return hashlib.sha256(text.encode()).hexdigest()

    def warnings(self) -> list[str]:
        """Return what is thin or doubtful about the data, one sentence each."""
        table = self.table()
        sentences = [*self.split.warnings, *(_thin(label, table[label]) for label in table)]
        labels: dict[str, set[str]] = {}
        for photograph in self.photographs:
            labels.setdefault(photograph.digest, set()).update(photograph.labels)
        several = sum(len(each) > 1 for each in labels.values())
        if several and not self.asked.multilabel:
            sentences.append(
                f"Several labels have {_photographs(several)} in common: whatever is answered, "
                "one of them counts as wrong."
            )
        copies = len(self.photographs) - len(labels)
        if copies:
            sentences.append(f"Copies of others: {_photographs(copies)}.")
        return [sentence for sentence in sentences if sentence]


def _thin(label: str, parts: dict[str, int]) -> str:
    lacking = [part for part, number in parts.items() if not number]
    if not lacking:
        return ""
    photographs = _photographs(sum(parts.values()))
    return f"{label} has {photographs}, and none for {' and '.join(lacking)}."


def _photographs(number: int) -> str:
    return f"{number:,} photograph" + "s" * (number != 1)


def make_dataset(
    labels: tuple[str, ...], photographs: Sequence[Photograph], asked: Asked
) -> Dataset:
    """Sort the photographs into parts, and make sure that no part knows another.

    Args:
        labels: the classes.
        photographs: of `gather`.
        asked: how to divide them.

    Raises:
        InputDataError: the training part has fewer than two classes.
        LeakError: two parts share a place, a sequence or a file.
    """
    members = [Member(one.frame, one.labels, one.digest) for one in photographs]
    split = make_split(
        members,
        testing_percentage=asked.testing_percentage,
        validation_percentage=asked.validation_percentage,
        split_by=asked.split_by,
        sequence_gap_s=asked.sequence_gap_s,
    )
    check_no_leak(split)
    images = [
        image
        for photograph, assignment in zip(photographs, split.assignments, strict=True)
        for image in _images(photograph, assignment, asked.multilabel)
    ]
    ordered = tuple(sorted(images, key=lambda image: image.name))
    dataset = Dataset(labels, ordered, tuple(photographs), split, asked)
    _check_training(dataset)
    return dataset


def _images(photograph: Photograph, assignment: Assignment, multilabel: bool) -> list[Image]:
    if multilabel:
        return [Image(photograph.images[0], photograph.labels, photograph.facts, assignment)]
    return [
        Image(name, (label,), photograph.facts, assignment)
        for name, label in zip(photograph.images, photograph.labels, strict=True)
    ]


def _check_training(dataset: Dataset) -> None:
    training = dataset.part(Part.TRAINING)
    learned = {label for image in training for label in image.labels}
    if len(learned) < 2:  # noqa: PLR2004 - one class can't be told from another
        raise InputDataError(
            f"Of {len(dataset.images)} photographs in {len(dataset.labels)} classes, "
            f"{len(training)} are for training, in {len(learned)} class(es): "
            "give more photographs, or lower testing_percentage and validation_percentage."
        )
