"""What a classifier's probabilities mean: a label, and whether a person must look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from autofocus.model.classifier import Description

ACCEPT, REVIEW = "accept", "review"
# Between the labels of one photograph.
JOINT = "; "
# From which probability on a photograph has a label, if it may have several and nothing better is
# known.
_EVEN = 0.5


@dataclass(frozen=True)
class Answer:
    """What a classifier says of a photograph or of a sequence.

    Attributes:
        label: the label; several with `; ` between if there may be several, and then perhaps none.
        score: the label's probability, 0 to 1; the highest of all if there may be several.
        decision: `accept` if a label's own threshold is reached, so that nobody need look,
            `review` if not; empty if the model has no thresholds.
    """

    label: str
    score: float
    decision: str


@dataclass(frozen=True)
class Judge:
    """Turns probabilities into answers.

    Attributes:
        labels: the classes, in the order of the probabilities.
        thresholds: by label, from which probability on an answer is accepted; None for a label
            that always wants a look; None if the model has no thresholds.
        multilabel: whether a photograph may have several labels.
    """

    labels: Sequence[str]
    thresholds: Mapping[str, float | None] | None
    multilabel: bool

    @classmethod
    def of(cls, description: Description) -> "Judge":
        """Return the judge that a model's description asks for."""
        return cls(description.labels, description.thresholds, description.multilabel)

    def answer(self, probabilities: Sequence[float]) -> Answer:
        """Say what the probabilities mean.

        Args:
            probabilities: shape (C,).
        """
        best = max(range(len(self.labels)), key=lambda number: probabilities[number])
        given = self._present(probabilities) if self.multilabel else [best]
        label = JOINT.join(self.labels[number] for number in given)
        return Answer(label, probabilities[best], self._decide(given, probabilities))

    def _present(self, probabilities: Sequence[float]) -> list[int]:
        """Return which labels a photograph has that may have several."""
        return [
            number
            for number, label in enumerate(self.labels)
            if probabilities[number] >= self._threshold(label, _EVEN)
        ]

    def _decide(self, given: Sequence[int], probabilities: Sequence[float]) -> str:
        if not self.thresholds:
            return ""
        certain = [
            probabilities[number] >= self._threshold(self.labels[number], float("inf"))
            for number in given
        ]
        return ACCEPT if certain and all(certain) else REVIEW

    def _threshold(self, label: str, otherwise: float) -> float:
        threshold = (self.thresholds or {}).get(label)
        return otherwise if threshold is None else threshold
