"""How well a head does on labelled images, measured while it is trained."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.temperature import fit_temperature
from autofocus.model.head import Head, to_probabilities
from autofocus.training.feature_rows import Features, by_block, fits, load, slices
from autofocus.training.samples import Samples

_TINY = 1e-12
# With several labels per image, a label is predicted from this probability on.
_HALF = 0.5


@dataclass(frozen=True)
class Scores:
    """Accuracy and cross-entropy on some images.

    Attributes:
        accuracy: share of images with the right prediction, 0 to 1; with several labels per
            image, of those with exactly the right labels.
        cross_entropy: mean over images, and over labels if there are several per image (natural
            logarithm).
    """

    accuracy: float
    cross_entropy: float

    def to_json(self, prefix: str) -> dict[str, float]:
        """Return the scores as JSON values, with a prefix before each name."""
        return {
            f"{prefix}accuracy": self.accuracy,
            f"{prefix}cross_entropy": self.cross_entropy,
        }


@dataclass(frozen=True)
class Measurement:
    """The scores of a head at one moment of its training.

    Attributes:
        step: number of steps of the optimizer so far.
        training: on training images; None if there are none.
        validation: on validation images; None if there are none.
    """

    step: int
    training: Scores | None
    validation: Scores | None

    @classmethod
    def from_fields(cls, values: dict[str, Any]) -> "Measurement":
        """Return the measurement of which these are the fields, as `asdict` gives them."""
        training, validation = values["training"], values["validation"]
        return cls(
            values["step"],
            Scores(**training) if training else None,
            Scores(**validation) if validation else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the measurement as a row of the training history."""
        return {
            "step": self.step,
            **(self.training.to_json("training_") if self.training else {}),
            **(self.validation.to_json("validation_") if self.validation else {}),
        }

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "Measurement":
        """Read what `to_json` wrote."""
        return cls(row["step"], _scores_of(row, "training_"), _scores_of(row, "validation_"))


def _scores_of(row: dict[str, Any], prefix: str) -> Scores | None:
    if f"{prefix}accuracy" not in row:
        return None
    return Scores(row[f"{prefix}accuracy"], row[f"{prefix}cross_entropy"])


def score(head: Head, samples: Samples) -> Scores | None:
    """Return the scores of a head on some images; None if there are none."""
    if not len(samples):
        return None
    if fits(samples.features.shape):
        logits = head.logits(load(samples.features))
        return score_logits(logits, samples, multilabel=head.multilabel)

    def part(rows: slice, features: NDArray[np.float32]) -> Scores:
        # Scores need no features.
        block = Samples(features[:, :0], samples.targets[rows], samples.weights[rows])
        return score_logits(head.logits(features), block, multilabel=head.multilabel)

    accuracy = entropy = 0.0
    sizes = [block.stop - block.start for block in slices(len(samples))]
    for size, scores in zip(sizes, by_block(part, samples.features), strict=True):
        accuracy += size * scores.accuracy
        entropy += size * scores.cross_entropy
    return Scores(accuracy / len(samples), entropy / len(samples))


def logits_of(head: Head, features: Features) -> NDArray[np.float32]:
    """Return the logits of N images, shape (N, C)."""
    if fits(features.shape):
        return head.logits(load(features))
    return np.concatenate(list(by_block(lambda _, block: head.logits(block), features)))


def score_logits(logits: NDArray[np.float32], samples: Samples, *, multilabel: bool) -> Scores:
    """Return the scores of logits of shape (N, C) on N images, at least one."""
    probabilities = to_probabilities(logits, multilabel=multilabel).astype(np.float64)
    if multilabel:
        is_present = samples.targets > _HALF
        is_right = ((probabilities >= _HALF) == is_present).all(axis=1)
        likelihood = np.where(is_present, probabilities, 1 - probabilities)
    else:
        is_right = probabilities.argmax(axis=1) == samples.classes
        likelihood = probabilities[np.arange(len(probabilities)), samples.classes]
    entropy = -np.log(np.maximum(likelihood, _TINY))
    return Scores(float(is_right.mean()), float(entropy.mean()))


def calibrated_brier_score(
    logits: NDArray[np.float32], samples: Samples, *, multilabel: bool
) -> float:
    """Return the Brier score after calibration: 0 or more, lower is better.

    G. W. Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather
    Review 78 (1950). The logits are divided by the temperature that fits these images (Guo and
    others, "On Calibration of Modern Neural Networks", ICML 2017).

    Args:
        logits: shape (N, C).
        samples: N images, at least one.
        multilabel: whether each class has a probability of its own.
    """
    temperature = fit_temperature(logits, samples.targets, multilabel=multilabel)
    # In double precision, as in the evaluation.
    probabilities = to_probabilities(
        logits.astype(np.float64) / temperature, multilabel=multilabel
    )
    return float(np.square(probabilities - samples.targets).sum(axis=1).mean())
