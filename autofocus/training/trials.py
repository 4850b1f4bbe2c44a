"""Training the classifier layer on each view, and choosing the view that does best."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autofocus.model.classifier import View
from autofocus.splits.subsets import Subset
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import Fitted, Fitting, fit
from autofocus.training.head import Checkpoint, score

VIEWS: tuple[View, ...] = ("full", "motion", "both")
AskedView = Literal["full", "motion", "both", "auto"]
# Below this a difference of Brier scores is taken for chance, and the simpler view stays.
_WORTH = 0.01


@dataclass(frozen=True)
class Trial:
    """A classifier layer that was trained on one view.

    Attributes:
        view: what it looks at.
        fitted: the layer, and how it was found.
        validation: its accuracy and cross-entropy on the validation part; empty without one.
    """

    view: View
    fitted: Fitted
    validation: dict[str, float]

    @property
    def brier_score(self) -> float:
        """On images it did not learn from; 0 without any, so that the first view stays."""
        return self.fitted.brier_score or 0.0

    def to_json(self) -> dict[str, Any]:
        """Return what the report tells of it."""
        return {
            "view": self.view,
            "brier_score": self.fitted.brier_score,
            "validation_cross_entropy": self.validation.get("cross_entropy"),
            "validation_accuracy": self.validation.get("accuracy"),
        }


def views_of(asked: AskedView) -> tuple[View, ...]:
    """Return the views to try."""
    return VIEWS if asked == "auto" else (asked,)


def try_view(
    source: DatasetFeatures,
    view: View,
    fitting: Fitting,
    checkpoint: Path,
    scratch: Path,
    subject: str,
) -> Trial:
    """Train the classifier layer on one view.

    Args:
        source: gives features; those of the view must have been prepared.
        view: what to look at.
        fitting: how to train.
        checkpoint: the folder in which unfinished training is kept.
        scratch: a folder for unfinished files.
        subject: tells what is trained on what.
    """
    dataset = source.dataset
    training_images = dataset.subset(Subset.TRAINING)
    training = source.samples(training_images, view, copies=True)
    validation = source.samples(dataset.subset(Subset.VALIDATION), view)
    copies = len(training) // max(1, len(training_images))
    groups = [image.group for image in training_images] * copies
    kept = Checkpoint(checkpoint / f"checkpoint-{view}.npz", scratch, f"{subject} {view}")
    fitted = fit(training, validation, groups, fitting, kept)
    judged = score(fitted.head, validation) if len(validation) else {}
    return Trial(view, fitted, judged)


def choose(trials: Sequence[Trial]) -> Trial:
    """Return the trial that does best on images it did not learn from.

    It is judged by what chose its regularisation: the Brier score of calibrated answers.

    The first of several stays unless a later one is better by more than a little: it is simpler.
    """
    best = trials[0]
    for trial in trials[1:]:
        if trial.brier_score < best.brier_score - _WORTH:
            best = trial
    return best
