"""Claims about choosing the view."""

from pathlib import Path
from typing import Literal

import pytest

from autofocus.features.crop import View
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.features.extraction import Extractor
from autofocus.splits.subsets import Subset
from autofocus.training.candidates import (
    Candidate,
    choose_candidate,
    make_candidate,
    views_to_try,
)
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import HeadSettings
from autofocus.training.recipe import Recipe
from autofocus.training.votes import VoteScores
from tests.features.small import dataset, small_backbone


def candidate(view: View, brier_score: float | None) -> Candidate:
    votes = None if brier_score is None else VoteScores(brier_score, 0.5)
    return Candidate(Recipe(view, HeadSettings()), (), "", votes=votes)


def test_the_view_that_does_best_is_chosen() -> None:
    """The lowest Brier score wins."""
    candidates = [candidate("full", 0.5), candidate("motion", 0.3), candidate("both", 0.4)]
    assert choose_candidate(candidates).view == "motion"


def test_a_trace_better_is_not_worth_a_second_view() -> None:
    """The simpler view stays where the difference may be chance, or there is nothing to judge."""
    assert choose_candidate([candidate("full", 0.5), candidate("both", 0.495)]).view == "full"
    assert choose_candidate([candidate("full", None), candidate("motion", None)]).view == "full"


def test_auto_tries_the_single_views_and_a_view_itself() -> None:
    """The whole frame is tried first; both together only where they are asked for."""
    assert views_to_try("auto") == ("full", "motion")
    assert views_to_try("auto", with_detector=True) == ("full", "motion", "detector", "combined")
    assert views_to_try("both") == ("both",)


@pytest.mark.parametrize("optimizer", ["lbfgs", "gradient_descent"])
def test_a_candidate_is_scored_on_groups_that_were_held_out(
    tmp_path: Path, optimizer: Literal["lbfgs", "gradient_descent"]
) -> None:
    """On images that the light half tells apart, no held-out image of either split is wrong."""
    backbone, _ = small_backbone()
    settings = HeadSettings(optimizer, max_steps=200, learning_rate=0.5)
    with EmbeddingCache(tmp_path / "cache", "means", "0" * 64, 6) as cache:
        extractor = Extractor(tmp_path / "i", backbone, cache, 1)
        source = DatasetFeatures(dataset(tmp_path / "i"), extractor)
        source.prepare("full")
        made = make_candidate(source, Recipe("full", settings))
    assert made.held_out is not None
    assert made.held_out.accuracy == 1.0
    assert made.metrics.sequence_accuracy == 1.0
    assert made.metrics.validation_accuracy == 1.0
    assert made.logits is not None
    assert len(made.logits) == len(made.rows) > len(source.dataset.subset(Subset.TRAINING))
    assert len(made.recipe.settings.strengths) == 1
