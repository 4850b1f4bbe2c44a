"""Claims about choosing the regularisation on groups that are held out in turn."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autofocus.training.feature_rows import load
from autofocus.training.fitting import MIDDLE_STRENGTH, HeadSettings, fit
from autofocus.training.samples import Samples
from autofocus.training.selection import NOT_CHOSEN, TrainingSet, choose
from autofocus.training.votes import Votes
from tests.training.blobs import one_hot, uneven

SETTINGS = HeadSettings(strengths=(1.0, 0.1, 0.01, 0.001), patience=9)


def thirds(samples: Samples, each: int = 1) -> NDArray[np.int64]:
    """Divide images into three folds, a few at a time."""
    return np.arange(len(samples)) // each % 3


def test_the_strength_is_the_one_that_does_best_on_held_out_sequences() -> None:
    """The chosen strength has the least calibrated Brier score of all that were tried."""
    samples = uneven()
    chosen = choose(TrainingSet.of_images(samples), thirds(samples), SETTINGS)
    best = min(chosen.path, key=lambda row: round(row.brier_score, 3))
    assert [row.strength for row in chosen.path] == list(SETTINGS.strengths)
    assert chosen.strength == best.strength
    assert chosen.chosen_on == "sequences of groups held out in 3 folds"


def test_the_logits_are_those_of_heads_trained_without_the_image() -> None:
    """A fold's logits at the chosen strength are those of a head that its other folds trained."""
    samples = uneven()
    folds = thirds(samples)
    chosen = choose(TrainingSet.of_images(samples), folds, SETTINGS)
    head = fit(samples.rows(folds != 1), chosen.strength, SETTINGS).head
    expected = head.logits(load(samples.features)[folds == 1])
    assert chosen.logits is not None
    # The path starts each strength from the one before, the single fit from 0.
    np.testing.assert_allclose(chosen.logits[folds == 1], expected, atol=0.1)


def test_the_path_ends_when_held_out_images_get_worse() -> None:
    """With a patience of 1, no strength is tried beyond the first that does worse in a fold."""
    samples = uneven()
    hasty = replace(SETTINGS, patience=1, strengths=(0.01, 1e-4, 1e-5, 1e-6))
    chosen = choose(TrainingSet.of_images(samples), thirds(samples), hasty)
    assert [row.strength for row in chosen.path] == [0.01, 1e-4]


def test_copies_of_a_group_do_not_judge_what_they_taught() -> None:
    """Where labels are chance and groups are copies, the strongest regularisation is chosen."""
    random = np.random.default_rng(0)
    features = np.repeat(random.normal(size=(30, 40)), 4, axis=0).astype(np.float32)
    classes = np.repeat(np.arange(30) // 3 % 3, 4)
    samples = Samples(features, one_hot(classes, 3), np.ones(120, np.float32))
    strengths = replace(SETTINGS, strengths=(100.0, 1.0, 0.001))
    chosen = choose(TrainingSet.of_images(samples), thirds(samples, 4), strengths)
    assert chosen.strength == 100.0


def test_with_nothing_to_choose_by_a_middle_strength_is_taken() -> None:
    """One group can't be divided: the result says that nothing was chosen."""
    samples = uneven()
    chosen = choose(TrainingSet.of_images(samples), np.zeros(len(samples), np.int64), SETTINGS)
    assert chosen.strength == MIDDLE_STRENGTH
    assert chosen.chosen_on == NOT_CHOSEN
    assert chosen.logits is None


def test_long_sequences_do_not_choose_alone() -> None:
    """A hundred frames of one sequence count as one sequence, and don't decide the strength.

    Its frames look like another class.
    """
    short = uneven(120)
    long = Samples(
        np.tile(load(short.features)[short.classes == 0][:1], (100, 1)),
        np.tile(one_hot(np.array([1]), 3), (100, 1)),
        np.ones(100, np.float32),
    )
    samples = Samples(
        np.concatenate([short.features, long.features]),
        np.concatenate([short.targets, long.targets]),
        np.concatenate([short.weights, np.full(100, 0.01, np.float32)]),
    )
    plain = TrainingSet.of_images(samples)
    sequences = np.r_[np.arange(len(short)), np.full(100, len(short))]
    voted = replace(plain, votes=Votes(sequences, np.ones(len(samples))))
    folds = np.r_[thirds(short), np.zeros(100, np.int64)]
    settings = replace(SETTINGS, strengths=(100.0, 0.1))
    by_image, by_sequence = (choose(each, folds, settings) for each in (plain, voted))
    assert by_sequence.path[1].accuracy > by_image.path[1].accuracy + 0.2
    assert by_sequence.path[1].brier_score < by_image.path[1].brier_score


def test_only_learned_images_teach_but_all_are_scored() -> None:
    """Images that aren't learned from have logits as well, and change no weights."""
    samples = uneven()
    is_learned = np.arange(len(samples)) % 2 == 0
    learned = samples.rows(is_learned)
    part = TrainingSet(
        samples,
        learned,
        np.flatnonzero(is_learned),
        Votes.of_images(len(samples)),
    )
    folds = np.arange(len(samples)) // 2 % 3
    chosen = choose(part, folds, SETTINGS)
    head = fit(learned.rows(folds[is_learned] != 0), chosen.strength, SETTINGS).head
    assert chosen.logits is not None
    expected = head.logits(load(samples.features)[folds == 0])
    np.testing.assert_allclose(chosen.logits[folds == 0], expected, atol=0.1)


def test_the_history_has_a_row_a_strength() -> None:
    """Each row tells the steps so far, and accuracy and cross-entropy of both kinds of images."""
    samples = uneven()
    chosen = choose(TrainingSet.of_images(samples), thirds(samples), SETTINGS)
    keys = {
        "step", "training_accuracy", "training_cross_entropy", "validation_accuracy",
        "validation_cross_entropy",
    }  # fmt: skip
    assert all(set(row.to_json()) == keys for row in chosen.history)
    assert chosen.history[-1].step == sum(row.steps for row in chosen.path)
