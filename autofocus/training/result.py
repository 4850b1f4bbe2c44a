"""The result of a training: its metrics, thresholds and calibrated head."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from autofocus.evaluation.calibration import calibrate
from autofocus.evaluation.evaluate import Mistake, evaluate, list_mistakes
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.thresholds import choose_thresholds, precision_curves
from autofocus.evaluation.training_metrics import (
    Fit,
    HeadMetrics,
    Metrics,
    ViewMetrics,
)
from autofocus.model.distance import is_unknown
from autofocus.model.head import Head
from autofocus.model.precision import PrecisionCurve
from autofocus.reporting.mistakes import Misclassified
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.training.candidates import Candidate
from autofocus.training.cross_validation import CrossValidator
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.job import TrainingJob
from autofocus.training.predictions import to_occurrence, to_predictions, to_split_metrics
from autofocus.training.samples import Samples
from autofocus.training.scores import score
from autofocus.training.unknown import Unknown, fit_unknown


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training.

    Attributes:
        metrics: all metrics.
        head: the calibrated head.
        thresholds: the threshold of each label; None for a label that is always reviewed.
        curves: which threshold of each label ensures which precision.
        unknown: what tells unknown images; None if they are not to be told.
        mistakes: the misclassified test images, the most confident first.
        folds: the fold of each group, if there was a cross-validation.
    """

    metrics: Metrics
    head: Head
    thresholds: Mapping[str, float | None]
    curves: Mapping[str, PrecisionCurve]
    unknown: Unknown | None
    mistakes: tuple[Misclassified, ...]
    folds: Mapping[str, int] | None


@dataclass(frozen=True)
class Assessment:
    """Evaluates a trained head on the images that it was not trained on.

    Attributes:
        job: the training.
        frozen: features of the backbone as it was loaded.
        source: features of the backbone as it is now; the same unless it was fine-tuned.
        candidates: the heads that were trained, one per view.
        chosen: the candidate that was chosen.
        head: the trained head, fine-tuned or not.
    """

    job: TrainingJob
    frozen: DatasetFeatures
    source: DatasetFeatures
    candidates: Sequence[Candidate]
    chosen: Candidate
    head: Head

    @cached_property
    def _samples(self) -> dict[Subset, Samples]:
        view = self.chosen.view
        return {subset: self.source.samples(self._rows(subset), view) for subset in Subset}

    def _rows(self, subset: Subset) -> tuple[Assignment, ...]:
        return self.job.dataset.subset(subset)

    def result(self) -> TrainingResult:
        """Calibrate the head, choose thresholds, and evaluate it on the test split."""
        job = self.job
        labels = job.dataset.labels
        # With the backbone as it was loaded: a fine-tuned one was trained on the held-out fold.
        validator = CrossValidator(self.frozen, self.chosen.recipe, job.evaluation)
        held_out, fitted_on = self._held_out(validator)
        calibration = calibrate(held_out, fitted_on)
        temperature = calibration.temperature
        thresholds = choose_thresholds(held_out, labels, temperature, job.evaluation)
        curves = precision_curves(held_out, labels, temperature)
        test = self._predictions(Subset.TEST)
        folds, group_folds = validator.validate(job.folds) if job.folds else (None, None)
        mistakes = list_mistakes(labels, test, temperature)
        return TrainingResult(
            Metrics(
                labels=labels,
                multilabel=job.dataset.settings.multilabel,
                images=job.dataset.table(),
                split=to_split_metrics(job.dataset),
                training=self._fit(Subset.TRAINING),
                validation=self._fit(Subset.VALIDATION),
                head=self._head_metrics(),
                view=self._view_metrics(),
                warnings=(*job.dataset.warnings(), *self._warnings(calibration.fitted_on)),
                data_digest=job.fingerprint,
                history=tuple(row.to_json() for row in self.chosen.result.history),
                test=evaluate(labels, test, calibration, thresholds, job.evaluation, curves),
                folds=folds,
                comparison=validator.compare(),
                occurrence=to_occurrence(job.dataset),
            ),
            self.head.scaled(temperature),
            thresholds,
            curves,
            self._unknown,
            tuple(self._misclassified(mistakes)),
            group_folds,
        )

    def _misclassified(self, mistakes: Sequence[Mistake]) -> Iterator[Misclassified]:
        originals = {row.image.file: row.image.original for row in self._rows(Subset.TEST)}
        for mistake in mistakes:
            path, original = self.job.image_dir / mistake.name, originals[mistake.name]
            yield Misclassified(path, **asdict(mistake), original=original)

    def _held_out(self, validator: CrossValidator) -> tuple[Predictions, str]:
        """Return predictions for images that were not trained on, and the name of these images.

        Folds of training and validation together, unless the backbone was fine-tuned, for which no
        fold was held out; then, and with too few groups, the validation split alone.
        """
        held_out = validator.predict_held_out() if self.job.fine_tuning is None else None
        if held_out is not None:
            return held_out, "cross-validation"
        return self._predictions(Subset.VALIDATION), "validation"

    def _predictions(self, subset: Subset) -> Predictions:
        features = self._samples[subset].features
        unknown = None
        if subset is Subset.TEST and self._unknown is not None:
            distances = self._unknown.distance.distances(features)
            unknown = is_unknown(distances, self._unknown.limit)
        logits = self.head.logits(features)
        return to_predictions(self.job.dataset, self._rows(subset), logits, unknown)

    @cached_property
    def _unknown(self) -> Unknown | None:
        """What tells unknown images, from training and validation images."""
        rows = [*self._rows(Subset.TRAINING), *self._rows(Subset.VALIDATION)]
        is_seen = [row.subset is Subset.TRAINING for row in rows]
        return fit_unknown(
            self.source.samples(rows, self.chosen.view),
            [row.group for row in rows],
            self.job.unknown_share,
            is_seen=is_seen if self.job.fine_tuning else None,
        )

    def _fit(self, subset: Subset) -> Fit | None:
        scores = score(self.head, self._samples[subset])
        return Fit(scores.accuracy, scores.cross_entropy) if scores else None

    def _head_metrics(self) -> HeadMetrics:
        settings, tuning = self.job.head_settings, self.job.fine_tuning
        result = self.chosen.result
        return HeadMetrics(
            optimizer=settings.optimizer,
            strength=result.strength,
            chosen_on=result.chosen_on,
            converged=result.converged,
            steps=result.steps,
            class_weights=settings.class_weights,
            fine_tuning=asdict(tuning) if tuning else None,
            path=tuple(row.to_json() for row in result.path),
        )

    def _view_metrics(self) -> ViewMetrics:
        return ViewMetrics(
            asked=self.job.view,
            chosen=self.chosen.view,
            candidates=tuple(each.metrics for each in self.candidates),
            boxes=self.source.count_boxes(self.chosen.view),
        )

    def _warnings(self, fitted_on: str) -> list[str]:
        """Return what is doubtful about the training itself."""
        warnings = []
        if not self.chosen.result.converged and self.job.head_settings.optimizer == "lbfgs":
            warnings.append(
                "The head had not converged when its training ended: raise "
                "how_many_training_steps."
            )
        if fitted_on == "none":
            warnings.append(
                "There are no validation images, and too few groups for cross-validation: "
                "probabilities are not calibrated, and no thresholds could be selected."
                if self.job.fine_tuning is None
                else "There are no validation images, and a fine-tuned backbone can't be "
                "cross-validated: probabilities are not calibrated, and no thresholds could be "
                "selected."
            )
        return warnings
