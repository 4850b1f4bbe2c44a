"""Claims about scaling features to mean 0 and standard deviation 1."""

import numpy as np
import pytest

from autofocus.model.head import Head
from autofocus.training.feature_rows import load
from autofocus.training.samples import Samples
from autofocus.training.standardization import Standardization
from tests.training.blobs import one_hot


def made(sizes: tuple[int, ...]) -> Samples:
    """Make images of classes of some sizes."""
    classes = np.repeat(np.arange(len(sizes)), sizes)
    random = np.random.default_rng(0)
    features = random.normal(2, 3, (len(classes), 4)).astype(np.float32)
    return Samples(features, one_hot(classes, len(sizes)), np.ones(len(classes), np.float32))


def test_standard_features_have_mean_0_and_deviation_1() -> None:
    """The training part's features are standard after it."""
    samples = made((30, 20))
    standard = Standardization.of(load(samples.features)).apply(load(samples.features))
    assert standard.mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-5)
    assert standard.std(axis=0) == pytest.approx(np.ones(4), abs=1e-5)


def test_a_feature_that_never_differs_stays_finite() -> None:
    """A constant feature becomes 0 rather than a division by nothing."""
    samples = made((30, 20))
    features = load(samples.features).copy()
    features[:, 1] = 0.1
    standard = Standardization.of(features).apply(features)
    assert standard[:, 1] == pytest.approx(np.zeros(50), abs=1e-5)


def test_a_feature_that_hardly_differs_does_not_drown_the_others_elsewhere() -> None:
    """An image on which such a feature has its usual size is no outlier beyond all measure."""
    samples = made((30, 20))
    features = load(samples.features).copy()
    features[:, 1] *= 1e-5
    standard = Standardization.of(features)
    assert np.abs(standard.apply(load(samples.features))).max() < 60


def test_unfolded_weights_answer_for_raw_features() -> None:
    """A layer on standard features and its unfolded form give the same logits."""
    samples = made((30, 20))
    standard, random = Standardization.of(samples.features), np.random.default_rng(1)
    head = Head(random.normal(size=(4, 2)).astype(np.float32), np.array([1, -1], np.float32))
    assert standard.unfold(head).logits(load(samples.features)) == pytest.approx(
        head.logits(standard.apply(load(samples.features)).astype(np.float32)), abs=1e-4
    )
