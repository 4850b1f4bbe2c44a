"""Images that are labelled empty without review, as they most probably show nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import SettingError
from autofocus.model.decision import ACCEPT, Prediction
from autofocus.model.description import Description
from autofocus.model.empty_rule import EmptyRule
from autofocus.predicting.sequences import animal_scores_of, probabilities_of, unknown_of
from autofocus.runs.journal import Outcome
from autofocus.runs.wording import plural


@dataclass(frozen=True)
class EmptySkip:
    """Labels images empty whose animal score is below a threshold.

    Attributes:
        threshold: of the animal score, 0 to 1.
        rule: of the model.
        labels: of the model.
        columns: the numbers of the labels of empty images among the probabilities.
    """

    threshold: float
    rule: EmptyRule
    labels: Sequence[str]
    columns: Sequence[int]

    @classmethod
    def of(cls, description: Description, threshold: float) -> "EmptySkip | None":
        """Return what labels images empty by a model; None for a threshold of 0.

        Raises:
            SettingError: the model can't tell empty images.
        """
        if not threshold:
            return None
        rule = description.empty_rule
        empty = rule.labels if rule else ()
        columns = [place for place, label in enumerate(description.labels) if label in empty]
        if rule is None or not columns:
            raise SettingError(
                "skip_empty_below: the model can't tell how likely an image shows anything, as "
                "it has no label of empty images or is of an earlier version: train a model with "
                "empty images (retrain --empty_labels), or leave skip_empty_below out."
            )
        return cls(threshold, rule, description.labels, columns)

    def predictions(
        self,
        predictions: Sequence[Prediction],
        probabilities: NDArray[np.float64],
        scores: NDArray[np.float64],
    ) -> Iterator[Prediction]:
        """Yield the predictions for N images, of which those below the threshold are empty.

        Args:
            predictions: by the model's thresholds.
            probabilities: shape (N, C).
            scores: the animal score of each image, shape (N,).
        """
        for prediction, row, score in zip(predictions, probabilities, scores, strict=True):
            if score < self.threshold:
                column = max(self.columns, key=row.__getitem__)
                yield Prediction(self.labels[column], float(row[column]), ACCEPT)
            else:
                yield prediction

    def describe(self, skipped: int, images: int) -> str:
        """Return a note on how many images were labelled empty, and what that misses.

        Args:
            skipped: their number.
            images: the number of all images that were labelled.
        """
        return (
            f"labelled empty without review, as their animal score is below {self.threshold:g}: "
            f"{skipped:,} of {plural(images, 'image')}; {self._cost()}"
        )

    def _cost(self) -> str:
        rate = self.rule.skip_rate(self.threshold)
        if rate is None or rate.missed is None:
            return "how many animals that misses was not measured at this threshold"
        interval = ""
        if rate.low is not None and rate.high is not None:
            interval = f" (95 % confidence interval {rate.low:.1%} to {rate.high:.1%})"
        return (
            f"of the test images that show something, {rate.missed:.1%}{interval} were missed "
            f"below {rate.threshold:g}"
        )


def predict_images(
    outcomes: Sequence[Outcome], description: Description, skip: EmptySkip | None
) -> list[Prediction]:
    """Return the predictions for readable images.

    Args:
        outcomes: of the images, each with its probabilities.
        description: of the model, with the thresholds that count.
        skip: what labels images empty; None for nothing.
    """
    if not outcomes:
        return []
    probabilities = probabilities_of(outcomes)
    unknown = unknown_of(outcomes, description.unknown_distance)
    predictions = description.decision_rule.predict(probabilities, unknown)
    scores = animal_scores_of(outcomes, description) if skip else None
    if skip is None or scores is None:
        return list(predictions)
    return list(skip.predictions(predictions, probabilities, scores))


def is_skipped(skip: EmptySkip | None, score: float) -> bool:
    """Return whether an image of an animal score is labelled empty."""
    return skip is not None and score < skip.threshold
