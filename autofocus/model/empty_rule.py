"""The score that says whether an image shows anything at all."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Probabilities are cut off here, so that none is certain. The detector reports no box below 0.05.
_LEAST_PROBABILITY, _LEAST_CONFIDENCE = 1e-6, 0.02


@dataclass(frozen=True)
class SkipRate:
    """What skipping the images below a score costs, as measured on the test images.

    Attributes:
        threshold: images with a lower score are skipped.
        empty_skipped: share of the empty images that are skipped.
        missed: share of the images that show something which are skipped.
        low: lower bound of its 95 % confidence interval; None if unknown.
        high: upper bound.
    """

    threshold: float
    empty_skipped: float | None
    missed: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class EmptyRule:
    """A logistic combination of what the classifier and the detector say of an image.

    Attributes:
        intercept: of the log-odds that the image is not empty.
        classifier: the weight of the classifier's log-odds that the image is not empty.
        detector: the weight of the log-odds of the detector's best box; 0 without a detector.
        labels: the labels of images that show nothing.
        skips: what skipping costs, by rising threshold; empty if it was not measured.
    """

    intercept: float
    classifier: float
    detector: float
    labels: tuple[str, ...] = ()
    skips: tuple[SkipRate, ...] = ()

    def scores(
        self, not_empty: NDArray[np.float64], detector: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """Return how likely each image shows something, 0 to 1, shape (N,).

        Args:
            not_empty: the classifier's probability that an image is not empty, 0 to 1, shape (N,);
                see `not_empty`.
            detector: the confidence of the detector's best box, 0 without one, shape (N,); None
                without a detector.

        Raises:
            ValueError: the rule needs the detector's confidence.
        """
        logits = self.intercept + self.classifier * classifier_logits(not_empty)
        if self.detector:
            if detector is None:
                raise ValueError("The detector's confidence is required.")
            logits = logits + self.detector * detector_logits(detector)
        scores: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
        return scores

    def skip_rate(self, threshold: float) -> SkipRate | None:
        """Return what skipping images below a score costs at most; None if it was not measured.

        It is the cost of the lowest threshold that was measured and is not below this one.
        """
        row = bisect_left([rate.threshold for rate in self.skips], threshold)
        return self.skips[row] if row < len(self.skips) else None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "EmptyRule":
        """Return the rule that `to_json` described."""
        labels = tuple(values.get("labels", ()))
        skips = tuple(SkipRate(**rate) for rate in values.get("skips", ()))
        return cls(**{**values, "labels": labels, "skips": skips})


def not_empty(
    probabilities: NDArray[np.float64],
    labels: Sequence[str],
    empty: Sequence[str],
    *,
    multilabel: bool,
) -> NDArray[np.float64]:
    """Return the classifier's probability that each image is not empty, 0 to 1, shape (N,).

    Args:
        probabilities: shape (N, C).
        labels: the C classes.
        empty: those of images that show nothing.
        multilabel: whether each class has a probability of its own.
    """
    columns = probabilities[:, [label in empty for label in labels]]
    if multilabel:
        return np.asarray(1 - columns.max(axis=1, initial=0.0))
    return np.asarray(np.clip(1 - columns.sum(axis=1), 0.0, 1.0))


def classifier_logits(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds of probabilities, none of which is taken for certain."""
    return _logits(probabilities, _LEAST_PROBABILITY)


def detector_logits(confidences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log-odds of the detector's confidences; of those that are no number, of 0."""
    return _logits(np.nan_to_num(confidences), _LEAST_CONFIDENCE)


def _logits(shares: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    clipped = np.clip(shares.astype(np.float64), least, 1 - least)
    logits: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return logits
