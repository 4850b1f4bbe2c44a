"""The photographs of a training: their features, classes and parts."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autofocus.common.errors import InputDataError
from autofocus.common.journal import Outcome
from autofocus.learning.bottlenecks import Bottlenecks
from autofocus.learning.head import Samples
from autofocus.learning.splits import Part, part_of


@dataclass(frozen=True)
class Image:
    """A photograph that can be learned from.

    Attributes:
        name: its path relative to the image folder.
        label: its class.
        digest: the SHA-256 of its content.
        part: the part of the data that it belongs to.
    """

    name: str
    label: str
    digest: str
    part: Part


@dataclass(frozen=True)
class Dataset:
    """All photographs of a training.

    Attributes:
        labels: the classes, in the network's order.
        images: the photographs, in rising order of their names.
    """

    labels: tuple[str, ...]
    images: tuple[Image, ...]

    def part(self, part: Part) -> tuple[Image, ...]:
        """Return the photographs of one part."""
        return tuple(image for image in self.images if image.part is part)

    def samples(self, part: Part, cache: Bottlenecks) -> Samples:
        """Return features and classes of one part."""
        images = self.part(part)
        numbers = {label: number for number, label in enumerate(self.labels)}
        classes = np.array([numbers[image.label] for image in images], np.int64)
        return Samples(cache.get(image.digest for image in images), classes)

    def table(self) -> dict[str, dict[str, int]]:
        """Return how many photographs each class has in each part."""
        counts = Counter((image.label, image.part) for image in self.images)
        return {label: {part.value: counts[label, part] for part in Part} for label in self.labels}

    def fingerprint(self, *more: Any) -> str:
        """Return a digest of all contents, labels and parts, and of what else is given."""
        rows = sorted((image.digest, image.label, image.part.value) for image in self.images)
        text = json.dumps([self.labels, rows, *more])
        return hashlib.sha256(text.encode()).hexdigest()

    def warnings(self) -> list[str]:
        """Return what is thin about the data, one sentence each."""
        sentences = [_thin(label, parts) for label, parts in self.table().items()]
        twice = Counter(image.digest for image in self.images)
        labels = {(image.digest, image.label) for image in self.images}
        several = sum(number > 1 for number in Counter(digest for digest, _ in labels).values())
        same = sum(number - 1 for number in twice.values()) - (len(labels) - len(twice))
        if several:
            sentences.append(f"{several} photographs stand under several labels.")
        if same:
            sentences.append(f"{same} photographs are copies of others under the same label.")
        return [sentence for sentence in sentences if sentence]


def _thin(label: str, parts: dict[str, int]) -> str:
    lacking = [part for part, number in parts.items() if not number]
    if not lacking:
        return ""
    return f"{label} has {sum(parts.values())} photographs, none of them for {', '.join(lacking)}."


def make_dataset(
    labels: tuple[str, ...],
    outcomes: Sequence[Outcome],
    testing_percentage: float,
    validation_percentage: float,
) -> Dataset:
    """Sort the photographs that could be read into parts.

    Args:
        labels: the classes.
        outcomes: of `Extractor.items`.
        testing_percentage: how much is for the test, 0 to 100.
        validation_percentage: how much is for validation, 0 to 100.

    Raises:
        InputDataError: the training part has fewer than two classes.
    """
    images = tuple(
        Image(
            outcome.row.input,
            outcome.extra["label"],
            outcome.extra["digest"],
            part_of(outcome.extra["digest"], testing_percentage, validation_percentage),
        )
        for outcome in outcomes
        if outcome.row.reason is None
    )
    dataset = Dataset(labels, images)
    learned = {image.label for image in dataset.part(Part.TRAINING)}
    if len(learned) < 2:  # noqa: PLR2004 - one class can't be told from another
        raise InputDataError(
            f"Of {len(images)} photographs in {len(labels)} classes, "
            f"{len(dataset.part(Part.TRAINING))} are for training, in {len(learned)} class(es): "
            "give more photographs, or lower testing_percentage and validation_percentage."
        )
    return dataset
