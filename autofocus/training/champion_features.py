"""The probabilities of a registered model on a data set's features, without its images."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autofocus.model.decision import DECIMALS
from autofocus.model.description import Description
from autofocus.model.saved_model import TrainedClassifier
from autofocus.splits.split import Assignment
from autofocus.training.dataset_features import DatasetFeatures

# So many images have their features in memory at a time.
_BLOCK = 10_000


def difference(description: Description, source: DatasetFeatures) -> str:
    """Return in what a model sees images otherwise than the features; empty if in nothing.

    Args:
        description: of the model.
        source: the features of the images.
    """
    view, backbone = description.view, source.extractor.backbone
    if description.backbone_digest != backbone.digest:
        return f"its backbone is {description.backbone}, and not this {backbone.name}"
    if view == "full":
        return ""
    if description.boxes != source.box_settings(view):
        return "its boxes are found in another way"
    if description.location_pattern != source.dataset.settings.location_pattern:
        return "its boxes are found at locations by another location_pattern"
    return "its crop has another shape" if description.crop != source.shape else ""


def probabilities_of(
    classifier: TrainedClassifier, source: DatasetFeatures, rows: Sequence[Assignment]
) -> NDArray[np.float64] | None:
    """Return what the head that a model's metrics are of says of N images.

    Args:
        classifier: a model that sees the images as the features do, see `difference`.
        source: the features of the images; its view must have been prepared.
        rows: the images.

    Returns:
        The probabilities, of several views the mean, rounded as everywhere; shape (N, C). None if
        the model doesn't tell its head.
    """
    head, description = classifier.measured_head(), classifier.description
    if head is None:
        return None
    blocks = []
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        views = source.view_features(block, description.view, description.views)
        blocks.append(np.stack([head.probabilities(one) for one in views]).mean(0, np.float64))
    return np.round(np.concatenate(blocks), DECIMALS)
