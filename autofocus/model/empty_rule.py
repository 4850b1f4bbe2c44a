"""The score that says whether an image shows anything at all."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class EmptyRule:
    """A logistic combination of what the classifier and the detector say of an image.

    Attributes:
        intercept: of the log-odds that the image is not empty.
        classifier: the weight of the classifier's log-odds that the image is not empty.
        detector: the weight of the log-odds of the detector's best box; 0 without a detector.
    """

    intercept: float
    classifier: float
    detector: float

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "EmptyRule":
        """Return the rule that `to_json` described."""
        return cls(**values)
