"""The decision rule: which labels a prediction has, and whether a person must review it.

Evaluation and prediction apply this one rule, so that the share of accepted images and their
precision, as reported after training, are those of `autofocus predict`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ACCEPT, REVIEW = "accept", "review"
# Why a person must review an image: it lies far from all training images; none of the thresholds
# of its label reaches the target; its score is below the threshold.
UNKNOWN, ALWAYS_REVIEWED, LOW_SCORE = "unknown", "always reviewed", "low score"
# Between the labels of one image.
LABEL_SEPARATOR = "; "
# The threshold of a label that has none of its own, if an image may have several labels.
DEFAULT_THRESHOLD = 0.5
# Probabilities are compared at this many decimals. TensorFlow's are of single precision, which
# differs from one machine to the next by less.
DECIMALS = 6

Thresholds = Mapping[str, float | None]


@dataclass(frozen=True)
class Prediction:
    """The prediction for one image or sequence.

    Attributes:
        label: the predicted label; several are joined by `; `, and there may be none, if an image
            may have several labels.
        score: the highest of the probabilities, 0 to 1.
        decision: `accept` if every predicted label reaches its threshold, so that nobody need
            review it, else `review`; empty if the model has no thresholds.
        review_reason: why it must be reviewed: `unknown`, `always reviewed` or `low score`; empty
            if it need not.
    """

    label: str
    score: float
    decision: str
    review_reason: str = ""


@dataclass(frozen=True)
class DecisionRule:
    """Predicted labels and decisions from probabilities.

    Attributes:
        labels: the C classes, in the order of the probabilities.
        thresholds: by label, the lowest probability at which it is accepted without review; None
            for a label that is always reviewed; None if there are no thresholds.
        multilabel: whether an image may have several labels.
    """

    labels: Sequence[str]
    thresholds: Thresholds | None
    multilabel: bool

    def predicted_labels(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which labels are predicted.

        The most probable one, the first of several that are equal; or, if an image may have
        several labels, each that reaches its threshold (0.5 for a label without one).

        Args:
            probabilities: shape (N, C), 0 to 1.

        Returns:
            Shape (N, C).
        """
        rounded = np.round(probabilities, DECIMALS)
        if self.multilabel:
            limits = self._limits
            return rounded >= np.where(np.isfinite(limits), limits, DEFAULT_THRESHOLD)
        predicted = np.zeros(rounded.shape, bool)
        predicted[np.arange(len(rounded)), rounded.argmax(axis=1)] = True
        return predicted

    def confident_labels(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which predicted labels reach their thresholds, shape (N, C).

        Args:
            probabilities: shape (N, C), 0 to 1.
        """
        reached: NDArray[np.bool_] = np.round(probabilities, DECIMALS) >= self._limits
        return reached & self.predicted_labels(probabilities)

    def accepted(
        self, probabilities: NDArray[np.float64], unknown: NDArray[np.bool_] | None = None
    ) -> NDArray[np.bool_]:
        """Return which images are accepted without review, shape (N,).

        They have a predicted label, each of their predicted labels reaches its threshold, and they
        don't lie far from all training images.

        Args:
            probabilities: shape (N, C), 0 to 1.
            unknown: which images lie far from all training images, shape (N,); None if that is
                not known of any.
        """
        predicted = self.predicted_labels(probabilities)
        confident = self.confident_labels(probabilities)
        accepted: NDArray[np.bool_] = predicted.any(axis=1) & (predicted == confident).all(axis=1)
        return accepted if unknown is None else accepted & ~unknown

    def predict(
        self, probabilities: NDArray[np.float64], unknown: NDArray[np.bool_] | None = None
    ) -> list[Prediction]:
        """Return the predictions for N images.

        Args:
            probabilities: shape (N, C), 0 to 1.
            unknown: see `accepted`.
        """
        predicted = self.predicted_labels(probabilities).tolist()
        scores = probabilities.max(axis=1).tolist()
        reasons = self._review_reasons(probabilities, unknown)
        return [
            Prediction(join_labels(self.labels, row), score, *self._decision(reason))
            for row, score, reason in zip(predicted, scores, reasons, strict=True)
        ]

    def _decision(self, reason: str) -> tuple[str, str]:
        if not self.thresholds:
            return "", ""
        return REVIEW if reason else ACCEPT, reason

    def _review_reasons(
        self, probabilities: NDArray[np.float64], unknown: NDArray[np.bool_] | None
    ) -> list[str]:
        """Return why each image must be reviewed; empty for those that need not."""
        accepted = self.accepted(probabilities)
        predicted = self.predicted_labels(probabilities)
        always = (predicted & np.isinf(self._limits)).any(axis=1)
        reasons = np.where(accepted, "", np.where(always, ALWAYS_REVIEWED, LOW_SCORE))
        if unknown is not None:
            reasons = np.where(unknown, UNKNOWN, reasons)
        return [str(reason) for reason in reasons.tolist()]

    @property
    def _limits(self) -> NDArray[np.float64]:
        """The threshold of each label, shape (C,); infinite for a label without one."""
        values = [(self.thresholds or {}).get(label) for label in self.labels]
        return np.array([np.inf if value is None else value for value in values])


def join_labels(labels: Sequence[str], present: Sequence[bool]) -> str:
    """Return the labels that are present as one text.

    Args:
        labels: the C classes.
        present: whether each is present, shape (C,).
    """
    return LABEL_SEPARATOR.join(
        label for label, is_present in zip(labels, present, strict=True) if is_present
    )
