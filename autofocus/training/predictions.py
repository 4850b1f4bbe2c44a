"""A dataset in the terms of evaluation: predictions for its images, and its split in numbers."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.slices import brightness_band
from autofocus.evaluation.training_metrics import Occurrence, SplitMetrics
from autofocus.features.crop import View
from autofocus.splits.dataset import Dataset
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.training.dataset_features import DatasetFeatures

_HOURS = 24


def to_predictions(
    source: DatasetFeatures,
    rows: Sequence[Assignment],
    logits: NDArray[np.float32] | NDArray[np.float64],
    view: View,
    unknown: NDArray[np.bool_] | None = None,
) -> Predictions:
    """Return predictions together with the truth of their N rows.

    Args:
        source: knows the boxes of the rows.
        rows: N images.
        logits: shape (N, C).
        view: what the classifier sees.
        unknown: which images lie far from all training images, shape (N,); None if not measured.
    """
    dataset = source.dataset
    images = [row.image for row in rows]
    return Predictions(
        names=tuple(image.file for image in images),
        logits=logits,
        targets=dataset.targets(rows),
        groups=tuple(row.group for row in rows),
        sequences=tuple(row.sequence for row in rows),
        slices={
            "location": [image.frame.location for image in images],
            "light": ["night" if image.facts.night else "day" for image in images],
            "brightness": [brightness_band(image.facts.brightness) for image in images],
            "camera": [image.facts.camera for image in images],
        },
        multilabel=dataset.settings.multilabel,
        unknown=unknown,
        box_scores=None if view == "full" else source.box_scores(rows, view),
        detector_scores=source.detector_scores(rows, view),
    )


def to_occurrence(dataset: Dataset) -> Occurrence:
    """Return when and where the images of a dataset were taken."""
    hours = {label: [0] * _HOURS for label in dataset.labels}
    locations: dict[str, Counter[str]] = {}
    for row in dataset.used:
        frame = row.image.frame
        for label in row.image.labels:
            if frame.moment is not None:
                hours[label][frame.moment.hour] += 1
            locations.setdefault(frame.location, Counter())[label] += 1
    return Occurrence(
        hours={label: tuple(numbers) for label, numbers in hours.items()},
        untimed=sum(row.image.frame.moment is None for row in dataset.used),
        locations={name: dict(sorted(locations[name].items())) for name in sorted(locations)},
    )


def to_split_metrics(dataset: Dataset) -> SplitMetrics:
    """Return the split of a dataset in numbers."""
    subsets = {subset.value: dataset.subset(subset) for subset in Subset}
    return SplitMetrics(
        level=dataset.split.group_kind,
        asked=dataset.settings.split_by,
        groups={name: len({row.group for row in rows}) for name, rows in subsets.items()},
        images={name: len(rows) for name, rows in subsets.items()},
        left_out=len(dataset.rows) - len(dataset.used),
        sequence_gap_s=dataset.settings.sequence_gap_s,
        digest=dataset.split.digest,
        warnings=dataset.split.warnings,
    )
