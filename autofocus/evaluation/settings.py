"""The settings of an evaluation."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class EvaluationSettings:
    """The settings of an evaluation.

    Attributes:
        target: the metric that each label's threshold must reach.
        value: the value that it must reach, 0 to 1.
        empty_labels: the labels of images that show nothing.
        group_kind: what a group is: `location`, `sequence` or `image`.
        resamples: number of bootstrap resamples; 0 for no intervals.
        seed: seed of the resamples.
        vote_floor: in the vote of a sequence, an image counts by this plus the score of its box;
            None if all count the same.
    """

    target: Literal["precision", "recall"] = "precision"
    value: float = 0.95
    empty_labels: tuple[str, ...] = ("empty",)
    group_kind: str = "location"
    resamples: int = 2000
    seed: int = 0
    vote_floor: float | None = None
