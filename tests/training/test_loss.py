"""Claims about what the training of the classifier layer minimises."""

import numpy as np
import pytest

from autofocus.model.head import Head
from autofocus.training import loss as loss_module
from autofocus.training.loss import Loss, Standard, class_weights, emphasis_of
from autofocus.training.samples import Samples
from tests.training.blobs import blobs, one_hot


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


def test_standard_features_have_mean_0_and_deviation_1() -> None:
    """The training part's features are standard after it."""
    samples = made((30, 20))
    standard = Standard.of(samples).apply(samples.features)
    assert standard.mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-5)
    assert standard.std(axis=0) == pytest.approx(np.ones(4), abs=1e-5)


def test_a_feature_that_never_differs_stays_finite() -> None:
    """A constant feature becomes 0 rather than a division by nothing."""
    samples = made((30, 20))
    features = samples.features.copy()
    features[:, 1] = 0.1
    standard = Standard.of(Samples(features, samples.targets, samples.weights)).apply(features)
    assert standard[:, 1] == pytest.approx(np.zeros(50), abs=1e-5)


def test_a_feature_that_hardly_differs_does_not_drown_the_others_elsewhere() -> None:
    """An image on which such a feature has its usual size is no outlier beyond all measure."""
    samples = made((30, 20))
    features = samples.features.copy()
    features[:, 1] *= 1e-5
    standard = Standard.of(Samples(features, samples.targets, samples.weights))
    assert np.abs(standard.apply(samples.features)).max() < 60


def test_unfolded_weights_answer_for_raw_features() -> None:
    """A layer on standard features and its unfolded form give the same logits."""
    samples = made((30, 20))
    standard, random = Standard.of(samples), np.random.default_rng(1)
    head = Head(random.normal(size=(4, 2)).astype(np.float32), np.array([1, -1], np.float32))
    assert standard.unfold(head).logits(samples.features) == pytest.approx(
        head.logits(standard.apply(samples.features)), abs=1e-4
    )


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


def test_emphasis_has_the_mean_1_and_the_images_proportions() -> None:
    """An image of weight 3 counts three times as much as one of weight 1, whatever the sum."""
    samples = made((1, 1))
    weighted = Samples(samples.features, samples.targets, np.array([30, 10], np.float32))
    emphasis = emphasis_of(weighted, "none", multilabel=False)
    assert emphasis[:, 0].tolist() == [1.5, 0.5]


def loss_of(samples: Samples, multilabel: bool) -> Loss:
    return Loss.of(Standard.of(samples), samples, "balanced", multilabel=multilabel)


@pytest.mark.parametrize("multilabel", [False, True])
def test_the_slope_is_that_of_the_loss(multilabel: bool) -> None:
    """The gradient equals a numerical one, regularisation and class weights included."""
    samples = several() if multilabel else made((5, 2, 3))
    loss = loss_of(samples, multilabel)
    values = np.random.default_rng(3).normal(size=loss.start().size)
    function = loss.at(0.3)
    _, slope = function(values)
    tiny = 1e-5
    for place in range(values.size):
        step = np.zeros_like(values)
        step[place] = tiny
        change = (function(values + step)[0] - function(values - step)[0]) / (2 * tiny)
        assert slope[place] == pytest.approx(change, abs=1e-6)


def test_the_loss_at_0_is_that_of_an_even_guess() -> None:
    """With all weights 0 the cross-entropy of three classes is ln 3."""
    loss = loss_of(blobs(), multilabel=False)
    assert loss.at(1.0)(loss.start())[0] == pytest.approx(np.log(3))


def test_the_bias_is_not_regularised() -> None:
    """A layer of biases alone has the same loss at any strength."""
    loss = loss_of(blobs(), multilabel=False)
    values = loss.start()
    values[-3:] = 5
    assert loss.at(0.0)(values)[0] == loss.at(100.0)(values)[0]


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loss and slope are the same whether features are widened at once or a few at a time."""
    loss = loss_of(blobs(), multilabel=False)
    values = np.random.default_rng(3).normal(size=loss.start().size)
    whole = loss.at(0.1)(values)
    monkeypatch.setattr(loss_module, "_CHUNK", 7)
    parts = loss.at(0.1)(values)
    assert parts[0] == pytest.approx(whole[0], rel=1e-12)
    assert parts[1] == pytest.approx(whole[1], abs=1e-12)
