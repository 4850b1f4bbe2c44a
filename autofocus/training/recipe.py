"""The one way in which heads are trained: the model's own, and that of each fold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from autofocus.features.crop import View
from autofocus.splits.split import Assignment
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import FitResult, HeadSettings, fit


@dataclass(frozen=True)
class Recipe:
    """How to train a head on a data set's images.

    A fold judges the model only if its head is trained as the model's was: with distorted copies
    of its training images, the same class weights, the strength that was chosen, and as many
    steps of gradient descent as led to the model.

    Attributes:
        view: what the classifier sees.
        settings: how to train.
    """

    view: View
    settings: HeadSettings

    def train(
        self,
        source: DatasetFeatures,
        training: Sequence[Assignment],
        validation: Sequence[Assignment] = (),
        checkpoint: Checkpoint | None = None,
    ) -> FitResult:
        """Train a head.

        Args:
            source: gives the features; the view must have been prepared.
            training: images to train on, together with their distorted copies.
            validation: images to choose the regularisation, or the number of steps, by.
            checkpoint: keeps unfinished training.
        """
        samples = source.samples(training, self.view, copies=True)
        copies = len(samples) // max(1, len(training))
        groups = [row.group for row in training] * copies
        held_out = source.samples(validation, self.view)
        return fit(samples, held_out, groups, self.settings, checkpoint)

    def fixed(self, result: FitResult) -> "Recipe":
        """Return the recipe with the choices of a training, so that none is left to make."""
        settings = replace(self.settings, strengths=(result.strength,))
        if settings.optimizer == "gradient_descent":
            settings = replace(settings, max_steps=result.best_step)
        return replace(self, settings=settings)
