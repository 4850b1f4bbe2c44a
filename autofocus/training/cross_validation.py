"""Cross-validation: predictions by heads that were trained without the images' groups."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.evaluate import evaluate
from autofocus.evaluation.metrics import Evaluation
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.training_metrics import Comparison, CrossValidation, Fold
from autofocus.evaluation.views import average_views
from autofocus.splits.dataset import Dataset
from autofocus.splits.folds import make_folds
from autofocus.splits.leaks import check_no_leak_between
from autofocus.splits.split import Assignment
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.predictions import to_predictions
from autofocus.training.recipe import FOLDS, Recipe, folds_of
from autofocus.training.sampling import draw_sample

# Two ways of splitting are compared on at most this many images, plus the rest of a group.
MAX_COMPARED = 4000
# Of more images than fit in memory, about so many are scored by heads trained without their fold.
MAX_SCORED = 100_000

Folds = NDArray[np.int64]


@dataclass(frozen=True)
class CrossValidator:
    """Evaluates a recipe by heads that are each trained without one fold of the data.

    Attributes:
        source: gives the features.
        recipe: how the model's head was trained, with all choices made; see `Recipe.fixed`.
        settings: of the evaluation.
    """

    source: DatasetFeatures
    recipe: Recipe
    settings: EvaluationSettings

    @property
    def _dataset(self) -> Dataset:
        return self.source.dataset

    def validate(self, number: int) -> tuple[CrossValidation, dict[str, int]]:
        """Return the metrics of a cross-validation over groups, and the fold of each group."""
        rows: Sequence[Assignment] = self._dataset.used
        group_folds = make_folds(self._dataset.split, number)
        folds = np.array([group_folds[row.group] for row in rows], np.int64)
        check_no_leak_between(list(rows), folds.tolist(), self._dataset.split.group_kind)
        scored = scored_rows(self.source, rows, self.recipe)
        logits = out_of_fold_logits(self.source, rows, folds, self.recipe, scored)
        rows, folds = scored, np.array([group_folds[row.group] for row in scored], np.int64)
        results = [self._fold(fold, rows, folds, logits) for fold in range(number)]
        metrics = CrossValidation(
            number,
            tuple(results),
            *_mean_and_deviation([result.accuracy for result in results]),
            *_mean_and_deviation([result.sequence_accuracy for result in results]),
            test=self._evaluate(
                to_predictions(self.source, rows, logits, self.recipe.view), self.settings
            ),
        )
        return metrics, group_folds

    def compare(self) -> Comparison | None:
        """Return the accuracy that a split image by image would have claimed, and the real one.

        Both by cross-validation with the same features, images and recipe, so that the split is
        the only difference; None if there is nothing to compare.
        """
        kind = self._dataset.split.group_kind
        rows = sample_groups(self._dataset.used)
        number = min(FOLDS, len({row.group for row in rows}))
        if kind == "image" or number < 2:  # noqa: PLR2004 - one fold leaves nothing to train on
            return None
        return Comparison(
            by_image_accuracy=self._accuracy(rows, folds_by_image(rows, number)),
            by_group_accuracy=self._accuracy(rows, folds_of(rows, number)),
            level=kind,
            images=len(rows),
            folds=number,
        )

    def _predict(self, rows: Sequence[Assignment], folds: Folds) -> Predictions:
        logits = out_of_fold_logits(self.source, rows, folds, self.recipe)
        return to_predictions(self.source, rows, logits, self.recipe.view)

    def _accuracy(self, rows: Sequence[Assignment], folds: Folds) -> float | None:
        return self._evaluate(self._predict(rows, folds)).accuracy.value

    def _fold(
        self, fold: int, rows: Sequence[Assignment], folds: Folds, logits: NDArray[np.float32]
    ) -> Fold:
        tested = [rows[number] for number in np.flatnonzero(folds == fold).tolist()]
        predictions = to_predictions(self.source, tested, logits[folds == fold], self.recipe.view)
        metrics = self._evaluate(predictions)
        return Fold(
            fold + 1,
            metrics.groups,
            metrics.images,
            metrics.accuracy.value,
            metrics.sequence.accuracy.value if metrics.sequence else None,
        )

    def _evaluate(
        self, predictions: Predictions, settings: EvaluationSettings | None = None
    ) -> Evaluation:
        """Return metrics without calibration and thresholds; without settings, no intervals."""
        settings = settings or replace(self.settings, resamples=0)
        return evaluate(self._dataset.labels, predictions, None, settings)


def _mean_and_deviation(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Return the mean and the standard deviation of the known values; None where unknown."""
    known = [value for value in values if value is not None]
    mean = float(np.mean(known)) if known else None
    return mean, float(np.std(known, ddof=1)) if len(known) > 1 else None


def scored_rows(
    source: DatasetFeatures, rows: Sequence[Assignment], recipe: Recipe
) -> Sequence[Assignment]:
    """Return the images to score heads on: all, or some of more than fit in memory.

    They are drawn alike, whatever their class: thresholds depend on how common each is.
    """
    if source.fits(len(rows), recipe.view):
        return rows
    return draw_sample(rows, MAX_SCORED)


def out_of_fold_logits(
    source: DatasetFeatures,
    images: Sequence[Assignment],
    folds: Folds,
    recipe: Recipe,
    scored: Sequence[Assignment] | None = None,
) -> NDArray[np.float32]:
    """Return the logits of each image by a head that was trained on the other folds.

    Of several views of an image, they are those of the mean probabilities.

    Args:
        source: gives the features.
        images: N images.
        folds: the fold of each image, shape (N,).
        recipe: how the model's head was trained, with all choices made; see `Recipe.fixed`.
        scored: S of the images, in their order; None for all.

    Returns:
        Shape (S, C).
    """
    logits = out_of_fold_view_logits(source, images, folds, recipe, scored)
    if recipe.views == 1:
        single: NDArray[np.float32] = logits[0]
        return single
    multilabel = recipe.settings.multilabel
    return average_views(logits, multilabel=multilabel).astype(np.float32)


def out_of_fold_view_logits(
    source: DatasetFeatures,
    images: Sequence[Assignment],
    folds: Folds,
    recipe: Recipe,
    scored: Sequence[Assignment] | None = None,
    checkpoint: Callable[[str], Checkpoint] | None = None,
) -> NDArray[np.float32]:
    """Return the logits of V views of each image; see `out_of_fold_logits`; shape (V, S, C).

    Args:
        source: as there.
        images: as there.
        folds: as there.
        recipe: as there.
        scored: as there.
        checkpoint: returns what keeps unfinished training of a name.
    """
    scored = images if scored is None else scored
    are_all = len(scored) == len(images)
    scored_folds = folds if are_all else _folds_of_scored(images, folds, scored)
    logits = np.zeros((recipe.views, len(scored), len(source.dataset.labels)), np.float32)
    for fold in np.unique(folds).tolist():
        training = [images[number] for number in np.flatnonzero(folds != fold).tolist()]
        is_tested = scored_folds == fold
        tested = [scored[number] for number in np.flatnonzero(is_tested).tolist()]
        kept = checkpoint(f"fold-{fold}") if checkpoint else None
        head = recipe.train(source, training, checkpoint=kept).head
        logits[:, is_tested] = recipe.view_logits(source, head, tested)
    return logits


def _folds_of_scored(
    images: Sequence[Assignment], folds: Folds, scored: Sequence[Assignment]
) -> Folds:
    """Return the folds of some of the images, which are in their order; shape (S,)."""
    left = iter(enumerate(images))
    return folds[[next(number for number, image in left if image is row) for row in scored]]


def folds_by_image(images: Sequence[Assignment], number: int) -> NDArray[np.int64]:
    """Divide images into folds one by one, by a hash of their content."""
    digests = [hashlib.sha256(f"fold {row.image.digest}".encode()).hexdigest() for row in images]
    return np.array([int(digest, 16) % number for digest in digests], np.int64)


def sample_groups(images: Sequence[Assignment]) -> list[Assignment]:
    """Return the images of randomly chosen whole groups, about `MAX_COMPARED`; deterministic."""
    groups: dict[str, list[Assignment]] = {}
    for image in images:
        groups.setdefault(image.group, []).append(image)
    order = sorted(groups, key=lambda group: hashlib.sha256(group.encode()).hexdigest())
    chosen: list[Assignment] = []
    for group in order:
        if len(chosen) >= MAX_COMPARED:
            break
        chosen += groups[group]
    return chosen
