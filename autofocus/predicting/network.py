"""From a decoded image to its probabilities: the one way for tables of predictions and servers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from autofocus.boxes.box import Box
from autofocus.features.crop import crops_of
from autofocus.features.pixels import Pixels, to_batch
from autofocus.model.decision import DECIMALS
from autofocus.model.description import Description
from autofocus.model.distance import DECIMALS as DISTANCE_DECIMALS
from autofocus.model.saved_model import TrainedClassifier

# The pixels of an image for each input of the network.
Inputs = tuple[Pixels, ...]


@dataclass(frozen=True)
class NetworkScores:
    """What a model says of an image, rounded.

    Attributes:
        probabilities: of each label, 0 to 1.
        distance: from the training images; None if the model doesn't measure it.
    """

    probabilities: list[float]
    distance: float | None


def network_inputs(image: Image.Image, box: Box | None, description: Description) -> Inputs:
    """Return what the network sees of an image, one view after the other.

    Args:
        image: the preprocessed image.
        box: the one box of the image; None for a model that doesn't need it.
        description: of the model.
    """
    crops = crops_of(description.view, box, description.crop)
    views = zip(*(crop.viewed(description.views) for crop in crops), strict=True)
    return tuple(crop.pixels(image, description.image_size) for view in views for crop in view)


def network_scores(
    classifier: TrainedClassifier, batch: Sequence[Inputs], size: int, *, measured: bool = False
) -> list[NetworkScores]:
    """Return what a model says of some images; of several views of an image, the mean.

    Args:
        classifier: the trained model.
        batch: the images.
        size: of the batches that the network is given. A network's results differ with it
            (measured: by 2e-6), so a smaller batch is filled up.
        measured: whether to use the head that the metrics are of; see `TrainedClassifier.scores`.
    """
    inputs = list(zip(*batch, strict=True))
    step = len(crops_of(classifier.description.view, None))
    views = [
        classifier.scores(
            *(
                to_batch([*pixels, *[pixels[-1]] * (size - len(pixels))])
                for pixels in inputs[start : start + step]
            ),
            measured=measured,
        )
        for start in range(0, len(inputs), step)
    ]
    # The distance is that of the first view, which is the image as it is.
    distances = [None] * size if views[0].distances is None else views[0].distances.tolist()
    probabilities = np.stack([view.probabilities for view in views]).mean(0, np.float64)
    return [
        NetworkScores(
            [round(float(value), DECIMALS) for value in row],
            None if distance is None else round(distance, DISTANCE_DECIMALS),
        )
        for row, distance, _ in zip(probabilities, distances, batch, strict=False)
    ]


def second_label(
    labels: Sequence[str], probabilities: Sequence[float]
) -> tuple[str, float | None]:
    """Return the label with the second highest probability, and that; empty with one label.

    Args:
        labels: the C classes.
        probabilities: of an image, C numbers.
    """
    if len(labels) < 2:  # noqa: PLR2004 - there is no second one
        return "", None
    # Stable, as the decision rule takes the first of several that are equal.
    second = int(np.argsort(-np.asarray(probabilities), kind="stable")[1])
    return labels[second], float(probabilities[second])
