"""From the answers of a classifier layer to the figures that a training reports."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.calibration import Calibration, calibrate
from autofocus.evaluation.evaluate import evaluate
from autofocus.evaluation.metrics import Comparison, CrossValidation, Evaluation, Fold
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.settings import EvaluationSettings
from autofocus.evaluation.slices import brightness_band
from autofocus.evaluation.thresholds import choose_thresholds
from autofocus.splits.dataset import Dataset
from autofocus.splits.folds import make_folds
from autofocus.splits.leaks import check_no_leak_between
from autofocus.splits.split import Assignment, Split
from autofocus.splits.subsets import Subset
from autofocus.training.cross_validation import (
    folds_by_image,
    out_of_fold_logits,
    sample_groups,
)
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.recipe import Recipe

# Two ways of splitting are compared by so many folds.
_COMPARED_FOLDS = 5


@dataclass(frozen=True)
class Judge:
    """Judges a classifier layer on images that it did not learn from.

    Attributes:
        dataset: the images.
        settings: of the evaluation.
    """

    dataset: Dataset
    settings: EvaluationSettings

    def predictions(
        self, images: Sequence[Assignment], logits: NDArray[np.float32]
    ) -> Predictions:
        """Return logits, shape (N, C), with the truth, for `autofocus.evaluation`."""
        return Predictions(
            names=tuple(row.image.file for row in images),
            logits=logits,
            targets=self.dataset.targets(images),
            groups=tuple(row.group for row in images),
            sequences=tuple(row.sequence for row in images),
            slices={
                "location": [row.image.frame.location for row in images],
                "light": ["night" if row.image.facts.night else "day" for row in images],
                "brightness": [brightness_band(row.image.facts.brightness) for row in images],
                "camera": [row.image.facts.camera for row in images],
            },
            multilabel=self.dataset.settings.multilabel,
        )

    def calibrate(
        self, held_out: Predictions, fitted_on: str
    ) -> tuple[Calibration, dict[str, float | None]]:
        """Return the temperature, and each label's threshold.

        Args:
            held_out: images that were answered without having been learned from.
            fitted_on: what to call them.
        """
        calibration = calibrate(held_out, fitted_on)
        labels = self.dataset.labels
        return calibration, choose_thresholds(
            held_out, labels, calibration.temperature, self.settings
        )

    def evaluate(
        self,
        test: Predictions,
        calibration: Calibration | None,
        thresholds: dict[str, float | None] | None,
    ) -> Evaluation:
        """Return all metrics of some images."""
        return evaluate(self.dataset.labels, test, calibration, thresholds, self.settings)


@dataclass(frozen=True)
class CrossJudge:
    """Judges a way of training by layers that each leave out some of the data.

    Attributes:
        judge: turns answers into figures.
        source: gives features.
        recipe: how the model's head was trained, with all choices made.
    """

    judge: Judge
    source: DatasetFeatures
    recipe: Recipe

    def folds(self, number: int) -> tuple[CrossValidation, dict[str, int]]:
        """Return the figures of a cross-validation over groups, and the fold of each group."""
        images = list(self.judge.dataset.used)
        group_folds = make_folds(self.judge.dataset.split, number)
        folds = np.array([group_folds[image.group] for image in images], np.int64)
        check_no_leak_between(images, folds.tolist(), self.judge.dataset.split.group_kind)
        logits = self._logits(images, folds)
        rows = [self._row(fold, images, folds, logits) for fold in range(number)]
        evaluation = self.judge.evaluate(self.judge.predictions(images, logits), None, None)
        metrics = CrossValidation(
            number,
            tuple(rows),
            *_mean_and_deviation([row.accuracy for row in rows]),
            *_mean_and_deviation([row.sequence_accuracy for row in rows]),
            test=evaluation,
        )
        return metrics, group_folds

    def held_out(self) -> Predictions | None:
        """Return all images but those of the test, each answered without its group.

        They are many more than the validation part, so that a temperature and thresholds are
        surer; None where there are too few groups.
        """
        images = [one for one in self.judge.dataset.used if one.subset is not Subset.TEST]
        groups = {image.group for image in images}
        if len(groups) < _COMPARED_FOLDS:
            return None
        group_folds = make_folds(self._only(groups), _COMPARED_FOLDS)
        folds = np.array([group_folds[image.group] for image in images], np.int64)
        return self.judge.predictions(images, self._logits(images, folds))

    def _only(self, groups: set[str]) -> Split:
        split = self.judge.dataset.split
        kept = tuple(one for one in split.assignments if one.group in groups)
        return replace(split, assignments=kept)

    def compare(self) -> Comparison | None:
        """Return what a split photograph by photograph would have claimed, and what is true.

        Both by cross-validation with the same features, images and regularisation, so that the
        way of splitting is the only difference; None where there is nothing to compare.
        """
        split = self.judge.dataset.split
        images = sample_groups(self.judge.dataset.used)
        groups = {image.group for image in images}
        number = min(_COMPARED_FOLDS, len(groups))
        if split.group_kind == "image" or number < 2:  # noqa: PLR2004 - one fold leaves nothing to learn
            return None
        group_folds = make_folds(self._only(groups), number)
        fair = np.array([group_folds[image.group] for image in images], np.int64)
        return Comparison(
            by_image_accuracy=self._accuracy(images, folds_by_image(images, number)),
            by_group_accuracy=self._accuracy(images, fair),
            level=split.group_kind,
            images=len(images),
            folds=number,
        )

    def _logits(
        self, images: Sequence[Assignment], folds: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        return out_of_fold_logits(self.source, images, folds, self.recipe)

    def _accuracy(self, images: Sequence[Assignment], folds: NDArray[np.int64]) -> float | None:
        settings = replace(self.judge.settings, resamples=0)
        predictions = self.judge.predictions(images, self._logits(images, folds))
        judge = replace(self.judge, settings=settings)
        return judge.evaluate(predictions, None, None).accuracy.value

    def _row(
        self,
        fold: int,
        images: Sequence[Assignment],
        folds: NDArray[np.int64],
        logits: NDArray[np.float32],
    ) -> Fold:
        tested = [image for image, its in zip(images, folds, strict=True) if its == fold]
        judge = replace(self.judge, settings=replace(self.judge.settings, resamples=0))
        metrics = judge.evaluate(judge.predictions(tested, logits[folds == fold]), None, None)
        return Fold(
            fold + 1,
            metrics.groups,
            metrics.images,
            metrics.accuracy.value,
            metrics.sequence.accuracy.value if metrics.sequence else None,
        )


def _mean_and_deviation(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Return the mean and the standard deviation of the known values; None where unknown."""
    known = [value for value in values if value is not None]
    mean = float(np.mean(known)) if known else None
    return mean, float(np.std(known, ddof=1)) if len(known) > 1 else None
