"""Claims about the one way in which the heads of the model and of folds are trained."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from autofocus.features.crop import View
from autofocus.features.distortions import Distortions
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.training import recipe as module
from autofocus.training.cross_validation import out_of_fold_logits
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.feature_rows import load
from autofocus.training.fitting import FitResult, HeadSettings, fit, fit_by_descent
from autofocus.training.recipe import NO_STEPS, Recipe
from autofocus.training.samples import Samples
from tests.features.small import dataset, small_backbone

DESCENT = HeadSettings("gradient_descent", max_steps=900, learning_rate=0.5, eval_interval=10)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[DatasetFeatures]:
    """Images of six places, with mirrored copies of those that are trained on."""
    backbone, _ = small_backbone()
    with EmbeddingCache(tmp_path / "cache", "means", "0" * 64, 6) as cache:
        features = DatasetFeatures(
            dataset(tmp_path / "i"),
            Extractor(tmp_path / "i", backbone, cache, 1),
            distortions=Distortions(flip_left_right=True),
            copies=4,
        )
        features.prepare("full")
        yield features


class Fits:
    """Records what heads are trained on, and with which settings."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.samples: list[Samples] = []
        self.settings: list[HeadSettings] = []
        self.results: list[FitResult] = []
        monkeypatch.setattr(module, "fit", self.fit)
        monkeypatch.setattr(module, "fit_by_descent", self.descend)

    def fit(
        self, samples: Samples, strength: float, settings: HeadSettings, checkpoint: None
    ) -> FitResult:
        return self._record(samples, settings, fit(samples, strength, settings, checkpoint))

    def descend(
        self, samples: Samples, held_out: Samples, settings: HeadSettings, checkpoint: None
    ) -> FitResult:
        result = fit_by_descent(samples, held_out, settings, checkpoint)
        return self._record(samples, settings, result)

    def _record(self, samples: Samples, settings: HeadSettings, result: FitResult) -> FitResult:
        self.samples.append(samples)
        self.settings.append(settings)
        self.results.append(result)
        return result


def test_a_fold_is_trained_on_the_distorted_copies_too(
    source: DatasetFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fold's matrix holds its training images, then their mirrored copies, of half weight."""
    rows = source.dataset.used
    folds = np.arange(len(rows)) % 3
    fits = Fits(monkeypatch)
    out_of_fold_logits(source, rows, folds, Recipe("full", HeadSettings(strengths=(0.1,))))
    number = (folds != 0).sum()
    first = fits.samples[0]
    images = source.features([row for row, fold in zip(rows, folds, strict=True) if fold], "full")
    assert len(first) == 2 * number
    np.testing.assert_array_equal(first.features[:number], images)
    np.testing.assert_allclose(
        load(first.features)[number:], images[:, [3, 4, 5, 0, 1, 2]], atol=0.02
    )
    assert first.weights.tolist() == [0.5] * (2 * number)


def test_a_fold_makes_as_many_steps_of_descent_as_led_to_the_model(
    source: DatasetFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the best measurement came at some step, each fold makes that many steps."""
    recipe = Recipe("full", replace(DESCENT, class_weights="none"))
    subset = source.dataset.subset
    result = recipe.train(source, subset(Subset.TRAINING), subset(Subset.VALIDATION))
    assert 0 < result.best_step < result.steps
    fits = Fits(monkeypatch)
    rows = source.dataset.used
    out_of_fold_logits(
        source, rows, np.arange(len(rows)) % 3, recipe.fixed(result.strength, result.best_step)
    )
    assert [fold.steps for fold in fits.results] == [result.best_step] * 3
    assert {settings.class_weights for settings in fits.settings} == {"none"}


def test_a_fold_has_the_strength_that_was_chosen(
    source: DatasetFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several strengths the folds take the model's, and choose none of their own."""
    recipe = Recipe("full", HeadSettings(strengths=(1.0, 0.1, 0.01)))
    strength = recipe.choose(source, source.dataset.subset(Subset.TRAINING)).strength
    fits = Fits(monkeypatch)
    rows = source.dataset.used
    out_of_fold_logits(source, rows, np.arange(len(rows)) % 3, recipe.fixed(strength))
    assert [fold.strength for fold in fits.results] == [strength] * 3


def test_all_training_images_give_the_head_of_the_model_again(source: DatasetFeatures) -> None:
    """The fixed recipe, run on the model's own images, ends with the model's weights."""
    training = source.dataset.subset(Subset.TRAINING)
    validation = source.dataset.subset(Subset.VALIDATION)
    result = Recipe("full", DESCENT).train(source, training, validation)
    again = Recipe("full", DESCENT).fixed(0.0, result.best_step).train(source, training)
    np.testing.assert_array_equal(again.head.weights, result.head.weights)


class Boxes(DatasetFeatures):
    """Features of which the boxes are given: a score per image, 0 for none."""

    given: dict[str, float]

    def box_scores(self, images: Sequence[Assignment], _: View) -> NDArray[np.float64]:
        return np.array([self.given.get(row.image.name, 0.0) for row in images])

    def found(self, images: Sequence[Assignment], view: View) -> NDArray[np.bool_]:
        return self.box_scores(images, view) > 0

    def samples(self, images: Sequence[Assignment], _: View, *, copies: bool = False) -> Samples:
        return super().samples(images, "full", copies=copies)


def in_sequences(
    source: DatasetFeatures, boxes: Sequence[float]
) -> tuple[Boxes, list[Assignment]]:
    """Return the first images as three sequences of four frames of a class, with boxes."""
    rows = [row for row in source.dataset.used if row.image.label == "left"][: len(boxes)]
    made = Boxes(source.dataset, source.extractor)
    made.given = {row.image.name: score for row, score in zip(rows, boxes, strict=True)}
    return made, [replace(row, sequence=f"s{number // 4}") for number, row in enumerate(rows)]


# Of three sequences of four frames: one with two boxes, one with one, one without.
SCORES = (0.9, 0.0, 0.5, 0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_only_frames_with_a_box_teach_unless_their_sequence_has_none(
    source: DatasetFeatures,
) -> None:
    """Each sequence counts once, whatever its frames; all frames of one without a box are used."""
    boxes, rows = in_sequences(source, SCORES)
    images = Recipe("motion", HeadSettings()).training_set(boxes, rows)
    assert images.owners.tolist() == [0, 2, 5, 8, 9, 10, 11]
    assert images.learned.weights.tolist() == [0.5, 0.5, 1, 0.25, 0.25, 0.25, 0.25]
    assert len(images.images) == len(rows)
    np.testing.assert_allclose(images.votes.weights[:3], [1.0, 0.1, 0.6])


def test_each_step_can_be_switched_off(source: DatasetFeatures) -> None:
    """Without them, every image is learned from with the weight 1, and is a vote of its own."""
    boxes, rows = in_sequences(source, SCORES)
    images = Recipe("motion", HeadSettings(), NO_STEPS).training_set(boxes, rows)
    assert images.owners.tolist() == list(range(12))
    assert set(images.learned.weights.tolist()) == {1.0}
    assert len(set(images.votes.sequences.tolist())) == 12
    full = Recipe("full", HeadSettings()).training_set(boxes, rows)
    assert full.owners.tolist() == list(range(12))
    assert set(full.learned.weights.tolist()) == {0.25}
    assert set(full.votes.weights.tolist()) == {1.0}


def test_frames_that_are_labelled_otherwise_are_a_part_of_their_own(
    source: DatasetFeatures,
) -> None:
    """An empty frame among frames with boxes is still learned from, as one example."""
    boxes, rows = in_sequences(source, SCORES[:4])
    rows[1] = replace(rows[1], image=replace(rows[1].image, labels=("right",)))
    images = Recipe("motion", HeadSettings()).training_set(boxes, rows)
    assert images.owners.tolist() == [0, 1, 2]
    assert images.learned.weights.tolist() == [0.5, 1, 0.5]


def test_copies_share_the_weight_of_their_image(source: DatasetFeatures) -> None:
    """With a mirrored copy of each image, a sequence still counts once in total."""
    rows = [replace(row, sequence="s") for row in source.dataset.used[:4]]
    rows = [row for row in rows if row.image.label == rows[0].image.label]
    images = Recipe("full", HeadSettings()).training_set(source, rows)
    assert len(images.learned) == 2 * len(rows)
    assert images.learned.weights.sum() == pytest.approx(1)
    assert images.owners.tolist() == [*range(len(rows))] * 2
