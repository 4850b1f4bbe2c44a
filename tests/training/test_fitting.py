"""Claims about training the classifier layer to its optimum."""

from dataclasses import replace

import numpy as np
import pytest

from autofocus.errors import need
from autofocus.training import fitting as fitting_module
from autofocus.training import logistic_regression
from autofocus.training.fitting import MIDDLE_STRENGTH, HeadSettings, StrengthResult, fit
from autofocus.training.samples import Samples
from autofocus.training.standardization import Standardization
from tests.training.blobs import blobs, nothing, one_hot, scores_of

SETTINGS = HeadSettings(strengths=(1.0, 0.1, 0.01, 0.001))
ONE = replace(SETTINGS, strengths=(0.1,))


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let training go on until nothing changes any more."""
    monkeypatch.setattr(logistic_regression, "TOLERANCE", 1e-7)


def uneven(number: int = 200, seed: int = 1) -> Samples:
    """Make three classes that overlap, of which the last two are rare."""
    samples = blobs(number, spread=2, seed=seed, size=8)
    order = np.random.default_rng(seed).permutation(number)
    rare = (samples.classes > 0) & (order % 4 > 0)
    return samples.rows(~rare)


def grouped(samples: Samples, each: int) -> list[str]:
    """Name a group for every few images."""
    return [f"group {number // each}" for number in range(len(samples))]


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
    plain = replace(ONE, class_weights="none")
    unscaled = Standardization(np.zeros(8, np.float32), np.ones(8, np.float32))
    # Means and deviations of the features are those of the images, however much each counts.
    monkeypatch.setattr(Standardization, "of", lambda _: unscaled)
    ours, peer = (fit(each, nothing(8), (), plain).head for each in (weighted, copied))
    assert ours.weights == pytest.approx(peer.weights, abs=1e-4)


def brier_score(row: StrengthResult) -> float:
    assert row.brier_score is not None
    return row.brier_score


def test_the_strength_is_the_one_that_does_best_on_validation() -> None:
    """The chosen strength has the least calibrated Brier score of all tried, and so its layer."""
    fitted = fit(uneven(), uneven(seed=2), (), replace(SETTINGS, patience=9))
    best = min(fitted.path, key=brier_score)
    assert fitted.strength == best.strength
    assert fitted.chosen_on == "validation groups"
    scores = scores_of(fitted.head, uneven(seed=2))
    assert scores.cross_entropy == pytest.approx(
        best.to_json()["validation_cross_entropy"], abs=1e-6
    )


def test_strengths_beside_the_best_are_tried_too() -> None:
    """Beside those of the path, halves of its steps on both sides of its best are tried."""
    path = fit(uneven(), uneven(seed=2), (), replace(SETTINGS, patience=9)).path
    known = [row for row in path if row.strength in SETTINGS.strengths]
    best = min(known, key=brier_score).strength
    further = [row.strength for row in path if row.strength not in SETTINGS.strengths]
    assert best == 0.1
    assert further == pytest.approx([10**-0.5, 10**-1.5])


def test_the_path_ends_when_validation_gets_worse() -> None:
    """With a patience of 1, the first strength that does worse is the last of the path."""
    long = fit(uneven(), uneven(seed=2), (), replace(SETTINGS, patience=9)).path
    known = [row for row in long if row.strength in SETTINGS.strengths]
    judged = [brier_score(row) for row in known]
    worse = next(number for number in range(1, 4) if judged[number] > min(judged[:number]))
    short = fit(uneven(), uneven(seed=2), (), replace(SETTINGS, patience=1)).path
    tried = [row.strength for row in short if row.strength in SETTINGS.strengths]
    assert tried == list(SETTINGS.strengths[: worse + 1])


def test_it_says_when_steps_ran_out() -> None:
    """Two steps reach no optimum, as the result says; enough steps do."""
    assert not fit(uneven(), nothing(8), (), replace(ONE, max_steps=2)).converged
    assert fit(uneven(), nothing(8), (), ONE).converged


def test_without_validation_groups_within_the_training_part_choose() -> None:
    """With too few classes to judge by, groups of the training part are left out in turn."""
    samples = uneven()
    fitted = fit(samples, nothing(8), grouped(samples, 10), SETTINGS)
    assert fitted.chosen_on == "groups within the training part"
    assert fitted.strength in SETTINGS.strengths
    assert len(fitted.path) == 1


def test_copies_of_a_group_do_not_judge_what_they_taught() -> None:
    """Where labels are chance and groups are copies, inner folds find the strongest best."""
    random = np.random.default_rng(0)
    features = np.repeat(random.normal(size=(30, 40)), 4, axis=0).astype(np.float32)
    classes = np.repeat(np.arange(30) % 3, 4)
    samples = Samples(features, one_hot(classes, 3), np.ones(120, np.float32))
    strengths = replace(SETTINGS, strengths=(100.0, 1.0, 0.001), patience=9)
    assert fit(samples, nothing(40), grouped(samples, 4), strengths).strength == 100.0


def test_with_nothing_to_choose_by_a_middle_strength_is_taken() -> None:
    """One group can't be divided: the result says that nothing was chosen."""
    samples = uneven()
    fitted = fit(samples, nothing(8), ["all"] * len(samples), SETTINGS)
    assert fitted.strength == MIDDLE_STRENGTH
    assert fitted.chosen_on == "not chosen: there is nothing to choose by"


def test_few_validation_images_are_helped_by_groups_within(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fewer than enough validation images choose together with the training part's groups."""
    samples, validation = uneven(), uneven(seed=2)
    monkeypatch.setattr(fitting_module, "ENOUGH", len(validation) + 1)
    few = fit(samples, validation, grouped(samples, 10), SETTINGS)
    monkeypatch.setattr(fitting_module, "ENOUGH", len(validation))
    enough = fit(samples, validation, grouped(samples, 10), SETTINGS)
    assert few.chosen_on == "validation groups, and groups within the training part"
    assert enough.chosen_on == "validation groups"


def test_groups_within_can_overrule_few_validation_images() -> None:
    """Twelve images of chance that speak for strong regularisation don't choose against 200."""
    samples = uneven()
    features = np.random.default_rng(2).normal(0, 3, (12, 8)).astype(np.float32)
    chance = Samples(features, one_hot(np.arange(12) % 3, 3), np.ones(12, np.float32))
    strengths = replace(SETTINGS, strengths=(100.0, 0.1), patience=9)
    alone = fit(samples, chance, (), strengths)
    helped = fit(samples, chance, grouped(samples, 10), strengths)
    assert alone.strength == 100.0
    assert helped.strength == 0.1


def test_the_head_is_that_of_the_chosen_strength() -> None:
    """Among strengths that differ by a trace the strongest stays, with the weights of its own."""
    samples, validation = uneven(), uneven(seed=2)
    close = (0.2, 0.19, 0.18, 0.1)
    fitted = fit(samples, validation, (), replace(SETTINGS, strengths=close, patience=9))
    alone = fit(samples, validation, (), replace(SETTINGS, strengths=(fitted.strength,)))
    assert fitted.head.weights == pytest.approx(alone.head.weights, abs=5e-3)


def test_validation_of_too_few_classes_does_not_choose() -> None:
    """A validation part of one class out of three leaves the choice to the training part."""
    samples, validation = uneven(), uneven(seed=2)
    alone = validation.rows(validation.classes == 0)
    fitted = fit(samples, alone, grouped(samples, 10), SETTINGS)
    assert fitted.chosen_on == "groups within the training part"


def test_balanced_weights_find_rare_classes_more_often() -> None:
    """Of the images of rare classes, more are answered rightly with balanced weights."""
    test = uneven(2000, seed=3)
    rare = test.rows(test.classes > 0)
    found = {
        how: scores_of(
            fit(uneven(), nothing(8), (), replace(ONE, class_weights=how)).head,
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
    head = fit(constant, nothing(9), (), ONE).head
    assert np.isfinite(head.bias).all()
    assert head.weights[-1].tolist() == [0, 0, 0]


def test_several_labels_are_learned_each_for_itself() -> None:
    """Three labels that come and go independently are all told on new images."""
    random = np.random.default_rng(0)

    def make(number: int) -> Samples:
        targets = (random.random((number, 3)) < 0.4).astype(np.float32)
        features = targets * 3 + random.normal(0, 0.5, (number, 3))
        return Samples(features.astype(np.float32), targets, np.ones(number, np.float32))

    fitted = fit(make(200), make(60), (), replace(SETTINGS, multilabel=True))
    assert fitted.head.multilabel
    assert scores_of(fitted.head, make(200)).accuracy > 0.95


def test_the_history_has_a_row_a_strength() -> None:
    """Each row tells the steps so far, and accuracy and cross-entropy of both parts."""
    fitted = fit(uneven(), uneven(seed=2), (), SETTINGS)
    keys = {
        "step", "training_accuracy", "training_cross_entropy", "validation_accuracy",
        "validation_cross_entropy",
    }  # fmt: skip
    assert all(set(row.to_json()) == keys for row in fitted.history)
    assert fitted.history[-1].step == sum(row.steps for row in fitted.path)


def test_a_fit_does_not_depend_on_the_number_of_threads() -> None:
    """With numerical libraries of one or two threads, the head is the same to the last bit."""
    # Large enough for numpy and scipy to divide the work.
    samples, heads = blobs(3000, spread=3, size=300), []
    for threads in (1, 2):
        with need("threadpoolctl", "train").threadpool_limits(limits=threads):
            heads.append(fit(samples, nothing(300), (), ONE).head)
    assert (heads[0].weights == heads[1].weights).all()
    assert (heads[0].bias == heads[1].bias).all()


def test_gradient_descent_learns_too() -> None:
    """The other optimizer tells well separated classes apart, and says what it did."""
    fitting = HeadSettings("gradient_descent", max_steps=60, learning_rate=0.5, batch_size=16)
    fitted = fit(blobs(), blobs(seed=2), (), fitting)
    assert scores_of(fitted.head, blobs(seed=3)).accuracy > 0.95
    assert fitted.chosen_on == "no regularisation"
    assert fitted.history[0].step == fitting.eval_interval
