"""Claims about predictions by heads that were trained without the images' groups."""

from pathlib import Path

import numpy as np
import pytest

from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.training.cross_validation import (
    folds_by_image,
    out_of_fold_logits,
    sample_groups,
)
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import HeadSettings
from autofocus.training.recipe import Recipe
from tests.features.small import dataset, small_backbone


def test_predictions_of_a_fold_know_nothing_of_its_images(tmp_path: Path) -> None:
    """A class that is in one fold only is never predicted in it; otherwise it is."""
    backbone, _ = small_backbone()
    recipe = Recipe("full", HeadSettings(strengths=(0.01,)))
    with EmbeddingCache(tmp_path / "cache", "means", "0" * 64, 6) as cache:
        source = DatasetFeatures(
            dataset(tmp_path / "i"), Extractor(tmp_path / "i", backbone, cache, 1)
        )
        source.prepare("full")
        rows = source.dataset.used
        classes = source.dataset.targets(rows).argmax(axis=1)
        for folds, right in ((classes, 0.0), (np.arange(len(rows)) // 2 % 3, 1.0)):
            predicted = out_of_fold_logits(source, rows, folds, recipe).argmax(axis=1)
            assert (predicted == classes).mean() == right


def test_folds_by_image_know_no_groups_but_keep_copies_together(tmp_path: Path) -> None:
    """The same content is always in the same fold, and no fold is empty."""
    images = dataset(tmp_path).used
    folds = folds_by_image(images, 3)
    assert folds.tolist() == folds_by_image(images, 3).tolist()
    assert set(folds.tolist()) == {0, 1, 2}


def test_a_sample_is_of_whole_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comparison on fewer images divides no group."""
    monkeypatch.setattr("autofocus.training.cross_validation.MAX_COMPARED", 9)
    images = dataset(tmp_path).used
    chosen = sample_groups(images)
    groups = {image.group for image in chosen}
    assert len(chosen) == 12
    assert sum(image.group in groups for image in images) == 12
