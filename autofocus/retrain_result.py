"""The summary of `retrain`."""

import dataclasses
from dataclasses import dataclass

from autofocus.evaluation.training_metrics import Metrics
from autofocus.runs.result import StageResult
from autofocus.runs.wording import plural
from autofocus.training.registration import Registration

_LEVELS = {
    "location": "split by location",
    "sequence": "split by sequence: a location can be on both sides",
    "image": "split image by image: LIKELY TO BE TOO HIGH",
}


@dataclass(frozen=True)
class RetrainResult(StageResult):
    """The summary of `retrain`.

    Attributes:
        metrics: of the training.
        run_id: the run in MLflow.
        tracking_uri: where MLflow keeps it.
        is_reused: whether an earlier training on the same data was reused.
        registration: the version of a registered model, if one was asked for.
    """

    metrics: Metrics = dataclasses.field(kw_only=True)
    run_id: str = ""
    tracking_uri: str = ""
    is_reused: bool = False
    registration: Registration | None = None

    @property
    def accuracy_in_words(self) -> str:
        """The test accuracy, with its interval and the kind of the split."""
        test = self.metrics.test
        if test.accuracy.value is None:
            return "unknown: there are no test images"
        interval = ""
        if test.accuracy.interval:
            low, high = test.accuracy.interval
            interval = f" (95 % confidence interval {low:.1%} to {high:.1%})"
        level = _LEVELS[self.metrics.split.level]
        return f"{test.accuracy.value:.1%} of {test.images} test images{interval}, {level}"

    @property
    def sequence_accuracy_in_words(self) -> str:
        """The share of test sequences whose vote is correct."""
        sequence = self.metrics.test.sequence
        if not sequence or sequence.accuracy.value is None:
            return "unknown: no sequence is known"
        return f"{sequence.accuracy.value:.1%} of {sequence.sequences} test sequences"

    @property
    def refit_in_words(self) -> str:
        """What the saved model was trained on beyond the measured head; empty if nothing."""
        refit = self.metrics.refit
        if not refit or not refit.is_refitted:
            return ""
        return (
            f"saved model trained on all {plural(refit.images, 'image')} afterwards; the "
            f"accuracy is that of the same recipe on {refit.measured_images:,} of them"
        )

    @property
    def accepted_sequences_in_words(self) -> str:
        """The share of test sequences that need no review; empty if they are not decided."""
        sequence = self.metrics.test.sequence
        if not sequence or not sequence.thresholds:
            return ""
        accepted = sequence.thresholds.spared
        right = f", {accepted.right:,} of them correct" if accepted.images else ""
        return f"{accepted.images:,} of {sequence.sequences:,} test sequences{right}"

    @property
    def folds_in_words(self) -> str:
        """The mean accuracy of the cross-validation; empty without one."""
        folds = self.metrics.folds
        if not folds or folds.mean is None:
            return ""
        deviation = folds.standard_deviation
        spread = f" ± {deviation:.1%} (standard deviation)" if deviation is not None else ""
        return f"{folds.mean:.1%}{spread} in {folds.number} folds over {self.metrics.split.level}s"

    def __str__(self) -> str:
        """Return the summary and the accuracy as a few lines of text."""
        folds, accepted = self.folds_in_words, self.accepted_sequences_in_words
        done = "reused: nothing has changed since" if self.is_reused else "trained"
        return "\n".join(
            [
                super().__str__(),
                f"  {'model:':<12} {done}",
                f"  {'accuracy:':<12} {self.accuracy_in_words}",
                f"  {'by sequence:':<12} {self.sequence_accuracy_in_words}",
                *([f"  {'accepted:':<12} {accepted}"] if accepted else []),
                *([f"  {'refit:':<12} {self.refit_in_words}"] if self.refit_in_words else []),
                *([f"  {'folds:':<12} {folds}"] if folds else []),
                f"  {'MLflow:':<12} run {self.run_id} in {self.tracking_uri}",
                *([f"  {'registered:':<12} {self.registration}"] if self.registration else []),
            ]
        )
