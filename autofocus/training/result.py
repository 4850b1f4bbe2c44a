"""The result of a training: its metrics, and the calibrated heads with their rules."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.evaluate import Mistake, evaluate, list_mistakes
from autofocus.evaluation.predictions import Predictions
from autofocus.evaluation.rules import Rules, fit_rules
from autofocus.evaluation.training_metrics import (
    Fit,
    HeadMetrics,
    Metrics,
    Refit,
    ViewMetrics,
)
from autofocus.evaluation.views import ViewLogits, average_views, calibrate_views
from autofocus.model.distance import is_unknown
from autofocus.model.head import Head
from autofocus.reporting.mistakes import Misclassified
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.training.candidates import Candidate
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.cross_validation import (
    CrossValidator,
    out_of_fold_view_logits,
    scored_rows,
)
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import FitResult
from autofocus.training.job import TrainingJob
from autofocus.training.predictions import to_occurrence, to_predictions, to_split_metrics
from autofocus.training.recipe import Recipe, calibration_folds, folds_of
from autofocus.training.samples import Samples
from autofocus.training.scores import Scores, score, score_logits
from autofocus.training.unknown import Unknown, distances, fit_unknown

_CROSS_VALIDATION, _VALIDATION = "cross-validation", "validation"


@dataclass(frozen=True)
class FinalHead:
    """The head of the saved model, with all that its predictions need.

    Attributes:
        head: calibrated.
        rules: thresholds and the like.
        unknown: what tells unknown images; None if they are not to be told.
    """

    head: Head
    rules: Rules
    unknown: Unknown | None


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training.

    Attributes:
        metrics: all metrics.
        final: the head of the saved model.
        measured: the calibrated head that the metrics are of; None if it is the final one.
        mistakes: the misclassified test images, the most confident first.
        folds: the fold of each group, if there was a cross-validation.
    """

    metrics: Metrics
    final: FinalHead
    measured: Head | None
    mistakes: tuple[Misclassified, ...]
    folds: Mapping[str, int] | None


@dataclass(frozen=True)
class Assessment:
    """Evaluates a trained head on the images that it was not trained on.

    Attributes:
        job: the training.
        frozen: features of the backbone as it was loaded.
        source: features of the backbone as it is now; the same unless it was fine-tuned.
        candidates: how to train on each view that was tried.
        chosen: the candidate that was chosen.
        measured: the head that was trained without the test images.
        refitted: the head that was trained on all images; None without one.
        checkpoint: returns what keeps unfinished training of a name; None to keep none.
    """

    job: TrainingJob
    frozen: DatasetFeatures
    source: DatasetFeatures
    candidates: Sequence[Candidate]
    chosen: Candidate
    measured: FitResult
    refitted: FitResult | None
    checkpoint: Callable[[str], Checkpoint] | None = None

    def _rows(self, *subsets: Subset) -> tuple[Assignment, ...]:
        return tuple(row for subset in subsets for row in self.job.dataset.subset(subset))

    def _samples(self, *subsets: Subset) -> Samples:
        return self.source.samples(self._rows(*subsets), self.chosen.view)

    def result(self) -> TrainingResult:
        """Calibrate the heads, fit their rules, and evaluate the measured one on the test split.

        The test images are evaluated by rules that were fitted without them.
        """
        job = self.job
        held_out = self._held_out()
        rules, scale = self._fit_rules(*held_out)
        unknown = self._fit_unknown(Subset.TRAINING, Subset.VALIDATION)
        measured = self.measured.head.scaled(scale)
        test = self._test_predictions(unknown, scale)
        # With the backbone as it was loaded: a fine-tuned one was trained on the held-out fold.
        validator = CrossValidator(self.frozen, self._recipe, job.evaluation)
        folds, group_folds = validator.validate(job.folds) if job.folds else (None, None)
        temperature = rules.calibration.temperature
        metrics = Metrics(
            labels=job.dataset.labels,
            multilabel=job.dataset.settings.multilabel,
            images=job.dataset.table(),
            split=to_split_metrics(job.dataset),
            training=_fit(score(self.measured.head, self._samples(Subset.TRAINING))),
            validation=_fit(self._validation_scores(*held_out)),
            head=self._head_metrics(),
            view=self._view_metrics(),
            warnings=(*job.dataset.warnings(), *self._warnings(rules.calibration.fitted_on)),
            data_digest=job.fingerprint,
            history=tuple(row.to_json() for row in self.chosen.history),
            test=evaluate(job.dataset.labels, test, rules, job.evaluation),
            folds=folds,
            comparison=validator.compare(),
            occurrence=to_occurrence(job.dataset),
            refit=self._refit_metrics(),
        )
        return TrainingResult(
            metrics,
            self._refitted_head() or FinalHead(measured, rules, unknown),
            measured if self.refitted else None,
            tuple(self._misclassified(list_mistakes(job.dataset.labels, test, temperature))),
            group_folds,
        )

    def _refitted_head(self) -> FinalHead | None:
        """Return the head that was trained on all images, with rules of its own."""
        if self.refitted is None:
            return None
        rows, logits = self._cross_fit(self._rows(*Subset), "refitted")
        rules, scale = self._fit_rules(rows, logits, _CROSS_VALIDATION)
        return FinalHead(self.refitted.head.scaled(scale), rules, self._fit_unknown(*Subset))

    @property
    def _recipe(self) -> Recipe:
        """The chosen recipe, with the views that are averaged."""
        return replace(self.chosen.recipe, views=self.job.views)

    def _fit_rules(
        self, rows: Sequence[Assignment], logits: ViewLogits, fitted_on: str
    ) -> tuple[Rules, float]:
        """Return the rules, and what the logits of the head are divided by.

        Args:
            rows: N images that the head was not trained on.
            logits: of V views of these images, shape (V, N, C).
            fitted_on: the name of the images.
        """
        job = self.job
        labels, settings = job.dataset.labels, job.evaluation
        held_out = to_predictions(self.source, rows, logits[0], self.chosen.view)
        if job.views == 1:
            rules = fit_rules(held_out, fitted_on, labels, settings)
            return rules, rules.calibration.temperature
        found = calibrate_views(held_out, logits, fitted_on)
        averaged = replace(held_out, logits=self._average(logits, found.temperature))
        is_calibrated = replace(found, temperature=1.0)
        return (
            fit_rules(averaged, fitted_on, labels, settings, is_calibrated),
            found.temperature,
        )

    def _average(
        self, logits: ViewLogits, scale: float
    ) -> NDArray[np.float32] | NDArray[np.float64]:
        """Return the logits of the mean over all views; those of a single view as they are."""
        if len(logits) == 1:
            single: NDArray[np.float32] = logits[0]
            return single
        return average_views(logits, scale, multilabel=self.measured.head.multilabel)

    def _misclassified(self, mistakes: Sequence[Mistake]) -> Iterator[Misclassified]:
        originals = {row.image.file: row.image.original for row in self._rows(Subset.TEST)}
        for mistake in mistakes:
            thumbnail = partial(self.source.extractor.thumbnail, mistake.name)
            yield Misclassified(thumbnail, **asdict(mistake), original=originals[mistake.name])

    def _held_out(self) -> tuple[Sequence[Assignment], ViewLogits, str]:
        """Return images that were not trained on, the logits of their views, and their name.

        Folds of training and validation together, unless the backbone was fine-tuned, for which no
        fold was held out; then the validation split alone. None with too few groups.
        """
        chosen = self.chosen
        if self.job.fine_tuning is not None:
            rows = self._rows(Subset.VALIDATION)
            logits = self._recipe.view_logits(self.source, self.measured.head, rows)
            return rows, logits, _VALIDATION
        if chosen.logits is None:
            nothing = np.zeros((1, 0, len(self.job.dataset.labels)), np.float32)
            return (), nothing, _CROSS_VALIDATION
        every = self._rows(Subset.TRAINING, Subset.VALIDATION)
        if self.job.views == 1 and (self._are_all_scored or not self._is_regularised):
            return chosen.rows, chosen.logits[None], _CROSS_VALIDATION
        return *self._cross_fit(every, "measured"), _CROSS_VALIDATION

    def _cross_fit(
        self, rows: Sequence[Assignment], name: str
    ) -> tuple[Sequence[Assignment], ViewLogits]:
        """Return images, and the logits of their views by heads trained without their fold.

        Args:
            rows: the images to train on; of many of them, only some are returned.
            name: of the heads' checkpoints.
        """
        keep = self.checkpoint
        folds = folds_of(rows, calibration_folds(len(rows)))
        scored = scored_rows(self.source, rows, self._recipe)
        logits = out_of_fold_view_logits(
            self.source,
            rows,
            folds,
            self._recipe,
            scored,
            (lambda fold: keep(f"{name}-{fold}")) if keep else None,
        )
        return scored, logits

    @property
    def _are_all_scored(self) -> bool:
        """Whether the choices were made on all images of training and validation."""
        return len(self.chosen.rows) == len(self._rows(Subset.TRAINING, Subset.VALIDATION))

    @property
    def _is_regularised(self) -> bool:
        """Whether the choices include a strength, for which a sample is enough."""
        return self.job.head_settings.optimizer == "lbfgs"

    def _test_predictions(self, unknown: Unknown | None, scale: float) -> Predictions:
        features, rows = self._samples(Subset.TEST).features, self._rows(Subset.TEST)
        far = None
        if unknown is not None:
            far = is_unknown(distances(unknown.distance, features), unknown.limit)
        logits = self._recipe.view_logits(self.source, self.measured.head, rows)
        averaged = self._average(logits, scale)
        return to_predictions(self.source, rows, averaged, self.chosen.view, far)

    def _fit_unknown(self, *subsets: Subset) -> Unknown | None:
        """Return what tells unknown images, from the images of some subsets."""
        rows = self._recipe.sample(self.source, self._rows(*subsets))
        is_seen = [row.subset is Subset.TRAINING for row in rows]
        return fit_unknown(
            self.source.samples(rows, self.chosen.view),
            [row.group for row in rows],
            self.job.unknown_share,
            is_seen=is_seen if self.job.fine_tuning else None,
        )

    def _validation_scores(
        self, rows: Sequence[Assignment], logits: ViewLogits, _: str
    ) -> Scores | None:
        """Return the scores on the validation images by heads that were trained without them.

        Args:
            rows: images that were not trained on.
            logits: of their views.
        """
        chosen = self.chosen
        if self.job.fine_tuning is not None:
            return score(self.measured.head, self._samples(Subset.VALIDATION))
        if chosen.logits is None:
            return None
        if self._are_all_scored:
            rows, logits = chosen.rows, chosen.logits[None]
        is_validation = np.array([row.subset is Subset.VALIDATION for row in rows])
        if not is_validation.any():
            return None
        samples = self.source.samples(
            [rows[number] for number in np.flatnonzero(is_validation).tolist()], chosen.view
        )
        multilabel = chosen.recipe.settings.multilabel
        return score_logits(logits[0][is_validation], samples, multilabel=multilabel)

    def _head_metrics(self) -> HeadMetrics:
        settings, tuning = self.job.head_settings, self.job.fine_tuning
        return HeadMetrics(
            optimizer=settings.optimizer,
            strength=self.measured.strength,
            chosen_on=self.chosen.chosen_on,
            converged=self.measured.converged,
            steps=self.measured.steps,
            class_weights=settings.class_weights,
            fine_tuning=asdict(tuning) if tuning else None,
            path=tuple(row.to_json() for row in self.chosen.path),
        )

    def _refit_metrics(self) -> Refit:
        measured = [Subset.TRAINING]
        if self.job.fine_tuning is None:
            measured.append(Subset.VALIDATION)
        return Refit(
            is_refitted=self.refitted is not None,
            measured_images=len(self._rows(*measured)),
            images=len(self._rows(*(Subset if self.refitted else measured))),
            reason=self._no_refit_reason(),
        )

    def _no_refit_reason(self) -> str:
        """Return why the saved model is the one that was measured; empty if it is not."""
        if self.refitted is not None:
            return ""
        if self.job.fine_tuning is not None:
            return "a fine-tuned backbone is not trained again"
        if not self.job.refit:
            return "refit was switched off"
        return "there are no test images"

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
        if not self.measured.converged and self.job.head_settings.optimizer == "lbfgs":
            warnings.append(
                "The head had not converged when its training ended: raise "
                "how_many_training_steps."
            )
        if fitted_on == "none":
            warnings.append(
                "There are too few groups for cross-validation: probabilities are not calibrated, "
                "and no thresholds could be selected."
                if self.job.fine_tuning is None
                else "There are no validation images, and a fine-tuned backbone can't be "
                "cross-validated: probabilities are not calibrated, and no thresholds could be "
                "selected."
            )
        return warnings


def _fit(scores: Scores | None) -> Fit | None:
    return Fit(scores.accuracy, scores.cross_entropy) if scores else None
