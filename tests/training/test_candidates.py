"""Claims about choosing the view."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from autofocus.features.crop import View
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.model.head import Head
from autofocus.training.candidates import (
    Candidate,
    choose_candidate,
    train_candidate,
    views_to_try,
)
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import FitResult, HeadSettings
from autofocus.training.recipe import Recipe
from tests.features.small import dataset, small_backbone

HEAD = Head(np.zeros((1, 2), np.float32), np.zeros(2, np.float32))
RESULT = FitResult(HEAD, (), 1.0, converged=True, steps=1, best_step=1, chosen_on="")


def candidate(view: View, brier_score: float | None) -> Candidate:
    return Candidate(Recipe(view, HeadSettings()), replace(RESULT, brier_score=brier_score), None)


def test_the_view_that_does_best_is_chosen() -> None:
    """The lowest Brier score wins."""
    candidates = [candidate("full", 0.5), candidate("motion", 0.3), candidate("both", 0.4)]
    assert choose_candidate(candidates).view == "motion"


def test_a_trace_better_is_not_worth_a_second_view() -> None:
    """The simpler view stays where the difference may be chance, or there is nothing to judge."""
    assert choose_candidate([candidate("full", 0.5), candidate("both", 0.495)]).view == "full"
    assert choose_candidate([candidate("full", None), candidate("motion", None)]).view == "full"


def test_auto_tries_all_views_and_a_view_itself() -> None:
    """The whole frame is tried first."""
    assert views_to_try("auto") == ("full", "motion", "both")
    assert views_to_try("motion") == ("motion",)


def test_a_head_is_trained_on_training_and_judged_on_validation_images(tmp_path: Path) -> None:
    """On images that the light half tells apart, validation has no mistake."""
    backbone, _ = small_backbone()
    with EmbeddingCache(tmp_path / "cache", "means", "0" * 64, 6) as cache:
        extractor = Extractor(tmp_path / "i", backbone, cache, 1)
        source = DatasetFeatures(dataset(tmp_path / "i"), extractor)
        source.prepare("full")
        checkpoint = Checkpoint(tmp_path / "c.npz", tmp_path, "subject")
        trained = train_candidate(source, "full", HeadSettings(), checkpoint)
    assert trained.validation is not None
    assert trained.validation.accuracy == 1.0
    assert trained.metrics.validation_accuracy == 1.0
