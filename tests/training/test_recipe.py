"""Claims about the one way in which the heads of the model and of folds are trained."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autofocus.features.distortions import Distortions
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.splits.subsets import Subset
from autofocus.training import recipe as module
from autofocus.training.cross_validation import out_of_fold_logits
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import FitResult, HeadSettings, fit, fit_by_descent
from autofocus.training.recipe import Recipe
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

    def fit(self, samples: Samples, strength: float, settings: HeadSettings) -> FitResult:
        return self._record(samples, settings, fit(samples, strength, settings))

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
    np.testing.assert_allclose(first.features[number:], images[:, [3, 4, 5, 0, 1, 2]], atol=0.02)
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
