"""Claims about logistic regression at several strengths of regularisation."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from autofocus.training import feature_rows
from autofocus.training import logistic_regression as module
from autofocus.training.class_weights import ClassWeights, loss_weights
from autofocus.training.feature_rows import load
from autofocus.training.logistic_regression import LogisticRegressions
from autofocus.training.samples import Samples
from autofocus.training.standardization import Standardization
from tests.training.blobs import blobs, one_hot


def regressions(samples: Samples, multilabel: bool = False) -> LogisticRegressions:
    return LogisticRegressions(samples, "balanced", multilabel=multilabel, max_steps=1000)


def with_labels(number: int = 200) -> Samples:
    """Make images with three labels that come and go independently, the last one rare."""
    random = np.random.default_rng(0)
    targets = (random.random((number, 3)) < [0.5, 0.3, 0.1]).astype(np.float32)
    features = targets + random.normal(0, 1, (number, 3))
    return Samples(
        features.astype(np.float32), targets, random.uniform(0.5, 2, number).astype(np.float32)
    )


def pair() -> Samples:
    """Make images of two classes, some of which count more than others."""
    samples = blobs(150, spread=3)
    kept = samples.rows(samples.classes < 2)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(kept)).astype(np.float32)
    return Samples(kept.features, kept.targets[:, :2], weights)


@pytest.mark.parametrize("kind", ["balanced", "none"])
@pytest.mark.parametrize(
    ("samples", "multilabel"),
    [(blobs(150, spread=3), False), (pair(), False), (with_labels(), True)],
    ids=["classes", "pair", "labels"],
)
def test_the_solution_is_the_minimum_of_the_loss(
    samples: Samples, multilabel: bool, kind: ClassWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the solution the gradient of the loss that the module documents is 0."""
    monkeypatch.setattr(module, "TOLERANCE", 1e-6)
    strength = 0.05
    every = LogisticRegressions(samples, kind, multilabel=multilabel, max_steps=1000)
    for stronger in (1.0, strength):
        head = every.solve(stronger).head
    scale = Standardization.of(samples.features)
    squash = expit if multilabel else lambda logits: softmax(logits, axis=1)
    errors = squash(head.logits(load(samples.features)).astype(np.float64)) - samples.targets
    errors *= loss_weights(samples, kind, multilabel=multilabel)
    slope = scale.apply(load(samples.features)).T @ errors / len(samples)
    slope += strength * head.weights * scale.deviation[:, None]
    assert np.abs(slope).max() < 2e-4
    assert np.abs(errors.mean(axis=0)).max() < 2e-4


def test_a_class_without_images_is_never_predicted() -> None:
    """The middle one of three classes, absent in training, is improbable everywhere."""
    samples = blobs(60)
    head = regressions(samples.rows(samples.classes != 1)).solve(0.1).head
    assert head.probabilities(load(samples.features))[:, 1].max() < 0.05
    assert np.isfinite(head.bias).all()


def test_a_single_class_is_always_predicted() -> None:
    """Images of one class alone give a head for that class."""
    samples = blobs(60)
    solution = regressions(samples.rows(samples.classes == 2)).solve(0.1)
    assert (solution.head.logits(load(samples.features)).argmax(axis=1) == 2).all()
    assert solution.converged


def test_labels_on_all_or_no_images_are_constant() -> None:
    """A label of every image is always predicted, and one of no image never."""
    targets = one_hot(np.arange(60) % 2, 2)
    targets = np.concatenate([targets, np.ones((60, 1)), np.zeros((60, 1))], axis=1)
    samples = Samples(blobs(60).features, targets.astype(np.float32), np.ones(60, np.float32))
    head = regressions(samples, multilabel=True).solve(0.1).head
    probabilities = head.probabilities(load(samples.features))
    assert probabilities[:, 2].min() > 0.95
    assert probabilities[:, 3].max() < 0.05


def test_it_starts_from_the_solution_before() -> None:
    """Solving for the same strength again takes no further steps."""
    every = regressions(blobs(150, spread=3))
    assert every.solve(0.1).steps > 1
    assert every.solve(0.1).steps <= 1


def test_the_solution_does_not_depend_on_the_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a thread or four, the head is the same to the last bit."""
    monkeypatch.setattr(feature_rows, "BLOCK", 100)
    digests = set()
    for number in (1, 4):
        monkeypatch.setattr(feature_rows, "cores", lambda number=number: number)
        digests.add(regressions(blobs(300, spread=3)).solve(0.01).head.digest)
    assert len(digests) == 1


def test_a_search_ends_where_rounding_hides_the_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tolerance below what single precision can tell costs a few steps, not all of them."""
    monkeypatch.setattr(module, "TOLERANCE", 1e-12)
    samples = blobs(150, spread=3)
    shifted = Samples(load(samples.features) + 1000, samples.targets, samples.weights)
    solution = regressions(shifted).solve(0.05)
    assert solution.converged
    assert solution.steps < 200
