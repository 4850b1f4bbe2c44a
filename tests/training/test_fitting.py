"""Claims about training the classifier layer to its optimum."""

from dataclasses import replace

import numpy as np
import pytest

from autofocus.errors import need
from autofocus.training import logistic_regression
from autofocus.training.fitting import HeadSettings, fit, fit_by_descent
from autofocus.training.samples import Samples
from autofocus.training.standardization import Standardization
from tests.training.blobs import blobs, scores_of, uneven

SETTINGS = HeadSettings()
STRENGTH = 0.1


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let training go on until nothing changes any more."""
    monkeypatch.setattr(logistic_regression, "TOLERANCE", 1e-7)


@pytest.mark.usefixtures("exact")
def test_an_image_of_weight_2_counts_as_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doubling an image's weight trains the layer as a copy of the image does."""
    samples = uneven()
    last = samples.rows(np.arange(len(samples)) >= len(samples) - 30)
    copied = Samples(
        np.concatenate([samples.features, last.features]),
        np.concatenate([samples.targets, last.targets]),
        np.concatenate([samples.weights, last.weights]),
    )
    doubled = samples.weights.copy()
    doubled[-30:] = 2
    weighted = Samples(samples.features, samples.targets, doubled)
    plain = replace(SETTINGS, class_weights="none")
    unscaled = Standardization(np.zeros(8, np.float32), np.ones(8, np.float32))
    # Means and deviations of the features are those of the images, however much each counts.
    monkeypatch.setattr(Standardization, "of", lambda _: unscaled)
    ours, peer = (fit(each, STRENGTH, plain).head for each in (weighted, copied))
    assert ours.weights == pytest.approx(peer.weights, abs=1e-4)


def test_it_says_when_steps_ran_out() -> None:
    """Two steps reach no optimum, as the result says; enough steps do."""
    assert not fit(uneven(), STRENGTH, replace(SETTINGS, max_steps=2)).converged
    assert fit(uneven(), STRENGTH, SETTINGS).converged


def test_balanced_weights_find_rare_classes_more_often() -> None:
    """Of the images of rare classes, more are answered rightly with balanced weights."""
    test = uneven(2000, seed=3)
    rare = test.rows(test.classes > 0)
    found = {
        how: scores_of(
            fit(uneven(), STRENGTH, replace(SETTINGS, class_weights=how)).head,
            rare,
        ).accuracy
        for how in ("balanced", "none")
    }
    assert found["balanced"] > found["none"] + 0.05


def test_a_constant_feature_harms_nothing() -> None:
    """A feature that never differs while training is not believed in later."""
    samples = uneven()
    features = np.concatenate([samples.features, np.full((len(samples), 1), 7)], axis=1)
    constant = Samples(features.astype(np.float32), samples.targets, samples.weights)
    head = fit(constant, STRENGTH, SETTINGS).head
    assert np.isfinite(head.bias).all()
    assert head.weights[-1].tolist() == [0, 0, 0]


def test_several_labels_are_learned_each_for_itself() -> None:
    """Three labels that come and go independently are all told on new images."""
    random = np.random.default_rng(0)

    def make(number: int) -> Samples:
        targets = (random.random((number, 3)) < 0.4).astype(np.float32)
        features = targets * 3 + random.normal(0, 0.5, (number, 3))
        return Samples(features.astype(np.float32), targets, np.ones(number, np.float32))

    fitted = fit(make(200), 0.01, replace(SETTINGS, multilabel=True))
    assert fitted.head.multilabel
    assert scores_of(fitted.head, make(200)).accuracy > 0.95


def test_a_fit_does_not_depend_on_the_number_of_threads() -> None:
    """With numerical libraries of one or two threads, the head is the same to the last bit."""
    # Large enough for numpy and scipy to divide the work.
    samples, heads = blobs(3000, spread=3, size=300), []
    for threads in (1, 2):
        with need("threadpoolctl", "train").threadpool_limits(limits=threads):
            heads.append(fit(samples, STRENGTH, SETTINGS).head)
    assert (heads[0].weights == heads[1].weights).all()
    assert (heads[0].bias == heads[1].bias).all()


def test_gradient_descent_learns_too() -> None:
    """The other optimizer tells well separated classes apart, and says what it did."""
    fitting = HeadSettings("gradient_descent", max_steps=60, learning_rate=0.5, batch_size=16)
    fitted = fit_by_descent(blobs(), blobs(seed=2), fitting)
    assert scores_of(fitted.head, blobs(seed=3)).accuracy > 0.95
    assert fitted.strength == 0
    assert fitted.history[0].step == fitting.eval_interval
