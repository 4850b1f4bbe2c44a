"""Choosing how to train on each view, and the view that does best."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.training_metrics import ViewCandidate
from autofocus.features.choices import ViewChoice
from autofocus.features.crop import View
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.cross_validation import out_of_fold_logits, scored_rows
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import StrengthResult
from autofocus.training.recipe import FOLDS, Recipe, folds_of
from autofocus.training.scores import Measurement, Scores, score_logits
from autofocus.training.votes import VoteScores

# A smaller difference between Brier scores may be chance, and the simpler view is kept.
_MIN_IMPROVEMENT = 0.01
_LEAST_FOLDS = 2


@dataclass(frozen=True)
class Candidate:
    """How to train on one view, with all choices made on groups that were held out in turn.

    Attributes:
        recipe: with its choices made.
        rows: N images of training and validation, of which the groups were held out: all, or some
            of more than fit in memory.
        chosen_on: which images made the choices, in words.
        logits: of each of these images by a head that was trained without its group, shape (N, C);
            None with too few groups.
        votes: how well the votes of their sequences do; None with too few groups.
        held_out: the scores of the logits; None with too few groups.
        path: the results at all strengths of regularisation that were tried.
        history: measurements on the way.
    """

    recipe: Recipe
    rows: tuple[Assignment, ...]
    chosen_on: str
    logits: NDArray[np.float32] | None = None
    votes: VoteScores | None = None
    held_out: Scores | None = None
    path: tuple[StrengthResult, ...] = ()
    history: tuple[Measurement, ...] = ()

    @property
    def view(self) -> View:
        """What the classifier sees."""
        return self.recipe.view

    @property
    def brier_score(self) -> float:
        """Of the votes of sequences; 0 with too few groups, so that the first view is kept."""
        return self.votes.brier_score if self.votes else 0.0

    @property
    def metrics(self) -> ViewCandidate:
        """The candidate as it stands in the metrics of the training."""
        return ViewCandidate(
            view=self.view,
            brier_score=self.votes.brier_score if self.votes else None,
            validation_cross_entropy=self.held_out.cross_entropy if self.held_out else None,
            validation_accuracy=self.held_out.accuracy if self.held_out else None,
            sequence_accuracy=self.votes.accuracy if self.votes else None,
        )


def views_to_try(choice: ViewChoice, *, with_detector: bool = False) -> tuple[View, ...]:
    """Return the views to try, the simplest first.

    Args:
        choice: a view, or `auto` for all that show an image once: the crop beside the full frame
            was never better than the crop alone.
        with_detector: whether the detector is at hand.
    """
    if choice != "auto":
        return (choice,)
    return ("full", "motion", "detector", "combined") if with_detector else ("full", "motion")


def make_candidate(
    source: DatasetFeatures, recipe: Recipe, checkpoint: Checkpoint | None = None
) -> Candidate:
    """Choose how to train on a view, on the groups of training and validation.

    Args:
        source: gives features; the recipe's view must have been prepared.
        recipe: whose choices are to be made.
        checkpoint: keeps unfinished gradient descent.
    """
    subset = source.dataset.subset
    rows = (*subset(Subset.TRAINING), *subset(Subset.VALIDATION))
    if recipe.settings.optimizer == "gradient_descent":
        return _by_descent(source, recipe, rows, checkpoint)
    sample = tuple(recipe.sample(source, rows))
    choice = recipe.choose(source, sample)
    chosen_on = choice.chosen_on
    if len(sample) < len(rows):
        chosen_on += f", of a sample of {len(sample):,} of {len(rows):,} images"
    fixed = recipe.fixed(choice.strength)
    return _measured(
        source,
        Candidate(
            fixed, sample, chosen_on, choice.logits, path=choice.path, history=choice.history
        ),
    )


def _by_descent(
    source: DatasetFeatures,
    recipe: Recipe,
    rows: tuple[Assignment, ...],
    checkpoint: Checkpoint | None,
) -> Candidate:
    """Choose the number of steps on the validation images."""
    subset = source.dataset.subset
    result = recipe.train(source, subset(Subset.TRAINING), subset(Subset.VALIDATION), checkpoint)
    fixed = recipe.fixed(0.0, result.best_step)
    folds = folds_of(rows, FOLDS)
    sample, logits = rows, None
    if len(np.unique(folds)) >= _LEAST_FOLDS:
        sample = tuple(scored_rows(source, rows, recipe))
        logits = out_of_fold_logits(source, rows, folds, fixed, sample)
    return _measured(
        source, Candidate(fixed, sample, "no regularisation", logits, history=result.history)
    )


def _measured(source: DatasetFeatures, candidate: Candidate) -> Candidate:
    """Return the candidate with the scores of its logits."""
    if candidate.logits is None:
        return candidate
    recipe, rows = candidate.recipe, candidate.rows
    samples, multilabel = source.samples(rows, recipe.view), recipe.settings.multilabel
    votes = recipe.votes(source, rows)
    return replace(
        candidate,
        votes=votes.scores(candidate.logits, samples.targets, multilabel=multilabel),
        held_out=score_logits(candidate.logits, samples, multilabel=multilabel),
    )


def choose_candidate(candidates: Sequence[Candidate]) -> Candidate:
    """Return the candidate with the best Brier score of sequences that were held out.

    The first one is kept unless a later one is clearly better, as it is simpler.
    """
    best = candidates[0]
    for candidate in candidates[1:]:
        if candidate.brier_score < best.brier_score - _MIN_IMPROVEMENT:
            best = candidate
    return best
