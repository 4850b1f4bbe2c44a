"""The table that `predict` writes when all images have been labelled."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autofocus.grouping.locations import LocationPattern
from autofocus.model.decision import Prediction
from autofocus.model.description import Description
from autofocus.motion.boxes import Box
from autofocus.predicting.sequences import (
    NO_SEQUENCE,
    Outcomes,
    Votes,
    chunks,
    count_votes,
    probabilities_of,
)
from autofocus.runs.items import LateTable
from autofocus.runs.journal import Outcome
from autofocus.tables.columns import PREDICTION_BOX, PREDICTIONS, PROBABILITY


@dataclass(frozen=True)
class PredictionTable:
    """One row per image.

    Attributes:
        description: of the model.
        names: of the images, relative to their folder, in the order of the outcomes.
        prefix: precedes a name in its path relative to the table's folder, such as ``photos/``.
        with_probabilities: whether to write the probability of each label.
        decisions: the number of images per decision, when the table has been written.
    """

    description: Description
    names: Sequence[str]
    prefix: str
    with_probabilities: bool
    decisions: Counter[str] = field(default_factory=Counter)

    def at(self, path: Path) -> LateTable:
        """Return the table to write to a path."""
        return LateTable(path, self._columns, self._rows)

    @property
    def _columns(self) -> list[str]:
        box = PREDICTION_BOX if self.description.needs_motion else ()
        labels = self.description.labels if self.with_probabilities else ()
        return [*PREDICTIONS, *box, *(PROBABILITY + label for label in labels)]

    def _rows(self, outcomes: Outcomes) -> Iterator[list[Any]]:
        gap_s = self.description.sequence_gap_s
        pattern = LocationPattern(self.description.location_pattern)
        votes = count_votes(outcomes, self.names, self.prefix, gap_s, pattern)
        first = 0
        for chunk in chunks(outcomes()):
            yield from self._chunk_rows(chunk, votes, first)
            first += len(chunk)

    def _chunk_rows(
        self, chunk: Sequence[Outcome], votes: Votes, first: int
    ) -> Iterator[list[Any]]:
        """Yield the rows of some images, the first of which has the number `first`."""
        readable = [outcome for outcome in chunk if outcome.row.reason is None]
        numbers = votes.numbers[first : first + len(chunk)].tolist()
        in_sequence = [number for number in numbers if number != NO_SEQUENCE]
        rule = self.description.decision_rule
        predictions = iter(rule.predict(probabilities_of(readable)) if readable else ())
        voted = iter(rule.predict(votes.means[in_sequence]) if in_sequence else ())
        for outcome, number in zip(chunk, numbers, strict=True):
            path = self.prefix + outcome.row.input
            if outcome.row.reason is not None:
                cells = [path, "", "", outcome.row.reason.value]
                yield cells + [""] * (len(self._columns) - len(cells))
                continue
            prediction = next(predictions)
            self.decisions[prediction.decision] += 1
            has_vote = number != NO_SEQUENCE
            yield [
                *(path, prediction.label, _decimal(prediction.score), "ok", prediction.decision),
                *(_vote_cells(votes.sequences[number], next(voted)) if has_vote else [""] * 3),
                *self._more_cells(outcome),
            ]

    def _more_cells(self, outcome: Outcome) -> Iterator[str]:
        if self.description.needs_motion:
            box = Box.from_json(outcome.extra["box"])
            yield from map(_decimal, (box.left, box.top, box.width, box.height, box.score))
            yield box.status
        if self.with_probabilities:
            yield from map(_decimal, outcome.extra["probabilities"])


def _vote_cells(sequence: str, vote: Prediction) -> list[str]:
    return [sequence, vote.label, _decimal(vote.score)]


def _decimal(value: float) -> str:
    return f"{value:.4f}"
