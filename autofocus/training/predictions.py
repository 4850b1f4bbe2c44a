"""Logits for images of a dataset as predictions to evaluate."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.slices import brightness_band
from autofocus.splits.dataset import Dataset
from autofocus.splits.split import Assignment


def to_predictions(
    dataset: Dataset, rows: Sequence[Assignment], logits: NDArray[np.float32]
) -> Predictions:
    """Return logits, shape (N, C), together with the truth of their N rows."""
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
    )
