"""The table of predict, made when all photographs have been looked at."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autofocus.grouping.locations import LocationPattern
from autofocus.model.answers import Answer, Judge
from autofocus.model.classifier import Description
from autofocus.model.votes import Outcomes, take_votes
from autofocus.motion.boxes import Box
from autofocus.runs.items import LateTable
from autofocus.runs.journal import Outcome
from autofocus.tables.columns import PREDICTION_BOX, PREDICTIONS, PROBABILITY


@dataclass(frozen=True)
class PredictionTable:
    """A row for each photograph.

    Attributes:
        description: of the model.
        names: of the photographs, relative to their folder, in the order of the outcomes.
        prefix: what makes of a name the path relative to the table's folder, such as ``photos/``.
        with_probabilities: whether to write the probability of each label.
        decisions: how many photographs were decided in which way, when the table has been made.
    """

    description: Description
    names: Sequence[str]
    prefix: str
    with_probabilities: bool
    decisions: Counter[str] = field(default_factory=Counter)

    def at(self, path: Path) -> LateTable:
        """Return the table that is to stand there."""
        return LateTable(path, self._columns, self._rows)

    @property
    def _columns(self) -> list[str]:
        box = PREDICTION_BOX if self.description.looks_at_motion else ()
        labels = self.description.labels if self.with_probabilities else ()
        return [*PREDICTIONS, *box, *(PROBABILITY + label for label in labels)]

    def _rows(self, outcomes: Outcomes) -> Iterator[list[Any]]:
        judge, gap_s = Judge.of(self.description), self.description.sequence_gap_s
        pattern = LocationPattern(self.description.location_pattern)
        votes = take_votes(outcomes, self.names, self.prefix, gap_s, pattern)
        for place, outcome in enumerate(outcomes()):
            path = self.prefix + outcome.row.input
            if outcome.row.reason is not None:
                cells = [path, "", "", outcome.row.reason.value]
                yield cells + [""] * (len(self._columns) - len(cells))
                continue
            answer = judge.answer(outcome.extra["probabilities"])
            self.decisions[answer.decision] += 1
            vote = votes.of(place)
            yield [
                *(path, answer.label, _share(answer.score), "ok", answer.decision),
                *(_vote_cells(vote[0], judge.answer(vote[1])) if vote else ("", "", "")),
                *self._more(outcome),
            ]

    def _more(self, outcome: Outcome) -> Iterator[str]:
        if self.description.looks_at_motion:
            box = Box.from_json(outcome.extra["box"])
            shares = (box.left, box.top, box.width, box.height, box.score)
            yield from map(_share, shares)
            yield box.status
        if self.with_probabilities:
            yield from map(_share, outcome.extra["probabilities"])


def _vote_cells(sequence: str, answer: Answer) -> tuple[str, str, str]:
    return sequence, answer.label, _share(answer.score)


def _share(value: float) -> str:
    return f"{value:.4f}"
