"""Claims about the weights of classes and images in the loss."""

import numpy as np
import pytest

from autofocus.training.class_weights import class_weights, loss_weights
from autofocus.training.samples import Samples
from tests.training.blobs import one_hot


def made(sizes: tuple[int, ...]) -> Samples:
    """Make images of classes of some sizes."""
    classes = np.repeat(np.arange(len(sizes)), sizes)
    random = np.random.default_rng(0)
    features = random.normal(2, 3, (len(classes), 4)).astype(np.float32)
    return Samples(features, one_hot(classes, len(sizes)), np.ones(len(classes), np.float32))


def several() -> Samples:
    """Make images of several labels: the first on 3 of 4, the second on 1."""
    targets = np.array([[1, 0], [1, 1], [1, 0], [0, 0]], np.float32)
    return Samples(np.eye(4, dtype=np.float32), targets, np.ones(4, np.float32))


def test_balanced_classes_weigh_the_same_together() -> None:
    """Classes of 30 and 10 weigh 40 / (2 · 30) and 40 / (2 · 10) an image; an absent one 0."""
    weights = class_weights(made((30, 0, 10)), "balanced", multilabel=False)
    assert weights == pytest.approx([2 / 3, 0, 2])


def test_without_class_weights_all_count_the_same() -> None:
    """Every class has the weight 1."""
    assert class_weights(made((30, 10)), "none", multilabel=False).tolist() == [1, 1]


def test_a_rare_label_s_presence_counts_more() -> None:
    """Of several labels, one on a quarter of the images counts three times where it is."""
    assert class_weights(several(), "balanced", multilabel=True).tolist() == [1, 3]


def test_loss_weights_have_the_mean_1_and_the_images_proportions() -> None:
    """An image of weight 3 counts three times as much as one of weight 1, whatever the sum."""
    samples = made((1, 1))
    weighted = Samples(samples.features, samples.targets, np.array([30, 10], np.float32))
    weights = loss_weights(weighted, "none", multilabel=False)
    assert weights[:, 0].tolist() == [1.5, 0.5]
