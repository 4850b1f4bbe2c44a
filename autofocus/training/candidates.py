"""Training a head per view, and choosing the view that does best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from autofocus.evaluation.training_metrics import ViewCandidate
from autofocus.features.crop import View
from autofocus.splits.subsets import Subset
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import FitResult, HeadSettings
from autofocus.training.recipe import Recipe
from autofocus.training.scores import Scores, score

VIEWS: tuple[View, ...] = ("full", "motion", "both")
ViewChoice = Literal["full", "motion", "detector", "combined", "both", "auto"]
# A smaller difference between Brier scores may be chance, and the simpler view is kept.
_MIN_IMPROVEMENT = 0.01


@dataclass(frozen=True)
class Candidate:
    """A head that was trained on one view.

    Attributes:
        recipe: how it was trained, with all choices made: for the heads of folds.
        result: the head, and how it was trained.
        validation: its scores on the validation images; None without any.
    """

    recipe: Recipe
    result: FitResult
    validation: Scores | None

    @property
    def view(self) -> View:
        """What the classifier sees."""
        return self.recipe.view

    @property
    def brier_score(self) -> float:
        """On held-out images; 0 without any, so that the first view is kept."""
        return self.result.brier_score or 0.0

    @property
    def metrics(self) -> ViewCandidate:
        """The candidate as it stands in the metrics of the training."""
        scores = self.validation
        return ViewCandidate(
            view=self.view,
            brier_score=self.result.brier_score,
            validation_cross_entropy=scores.cross_entropy if scores else None,
            validation_accuracy=scores.accuracy if scores else None,
        )


def views_to_try(choice: ViewChoice) -> tuple[View, ...]:
    """Return the views to try, the simplest first."""
    return VIEWS if choice == "auto" else (choice,)


def train_candidate(
    source: DatasetFeatures, view: View, settings: HeadSettings, checkpoint: Checkpoint
) -> Candidate:
    """Train a head on one view.

    Args:
        source: gives features; the view must have been prepared.
        view: what the classifier sees.
        settings: how to train.
        checkpoint: keeps unfinished training.
    """
    recipe = Recipe(view, settings)
    validation = source.dataset.subset(Subset.VALIDATION)
    result = recipe.train(source, source.dataset.subset(Subset.TRAINING), validation, checkpoint)
    scores = score(result.head, source.samples(validation, view))
    return Candidate(recipe.fixed(result), result, scores)


def choose_candidate(candidates: Sequence[Candidate]) -> Candidate:
    """Return the candidate with the best Brier score on held-out images.

    The first one is kept unless a later one is clearly better, as it is simpler.
    """
    best = candidates[0]
    for candidate in candidates[1:]:
        if candidate.brier_score < best.brier_score - _MIN_IMPROVEMENT:
            best = candidate
    return best
