"""The tables that `predict` writes when all images have been labelled."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from autofocus.boxes.box import Box
from autofocus.model.decision import ACCEPT, REVIEW, Prediction
from autofocus.model.description import Description
from autofocus.predicting.event_table import Events
from autofocus.predicting.events import ImageEvents, find_image_events
from autofocus.predicting.known import Known
from autofocus.predicting.network import second_label
from autofocus.predicting.options import DEFAULT_GAP_MIN
from autofocus.predicting.people import PeopleRule, boxes_to_blur
from autofocus.predicting.sequences import (
    NO_SEQUENCE,
    Outcomes,
    Votes,
    animal_scores_of,
    chunks,
    count_votes,
)
from autofocus.predicting.skipping import EmptySkip, is_skipped, predict_images
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason
from autofocus.runs.results import LateTable
from autofocus.tables.columns import (
    ANIMAL_SCORE,
    BOX_COUNT,
    DETECTIONS_FOUND,
    EVENTS,
    PREDICTION_BOX,
    PREDICTIONS,
    PROBABILITY,
)

# Images that were left out on purpose have a row in the ledger and none in the table.
_LEFT_OUT = frozenset({Reason.LABELLED, Reason.PEOPLE})
_SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class PredictionTable:
    """One row per image, and one row per event.

    Attributes:
        description: of the model.
        names: of the images, relative to their folder, in the order of the outcomes.
        prefix: precedes a name in its path relative to the table's folder, such as ``photos/``.
        model: the first digits of the model's digest.
        with_probabilities: whether to write the probability of each label.
        event_gap_min: the maximum pause within an event, in minutes.
        people: decides on which images people are predicted; None if it doesn't matter.
        known: locations and sequences that a table gives, by name.
        skip: labels images empty that most probably show nothing; None for none.
        skipped: the number of these images per label, when the table has been written.
        decisions: the number of images per decision, when the table has been written.
        sequence_decisions: the number of sequences per decision, when the table has been written;
            empty for a model that decides images only.
        images_in_sequences: the number of images in these sequences.
        labels: the number of images per label, when the table has been written.
        events: the events, when the table has been written.
        with_people: the boxes that may hold people, by the names of the images on which people
            are predicted, in order, when the table has been written; none for all of an image.
    """

    description: Description
    names: Sequence[str]
    prefix: str
    model: str
    with_probabilities: bool = False
    event_gap_min: float = DEFAULT_GAP_MIN
    people: PeopleRule | None = None
    known: Mapping[str, Known] = field(default_factory=dict)
    skip: EmptySkip | None = None
    skipped: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    sequence_decisions: Counter[str] = field(default_factory=Counter)
    images_in_sequences: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    events: Events = field(default_factory=Events)
    with_people: dict[str, tuple[Box, ...]] = field(default_factory=dict)

    def at(self, path: Path) -> LateTable:
        """Return the table to write to a path."""
        return LateTable(path, self._columns, self._rows)

    def events_at(self, path: Path) -> LateTable:
        """Return the table of events to write to a path, after the table of images."""
        return LateTable(path, EVENTS, lambda _: self.events.rows())

    @property
    def _columns(self) -> list[str]:
        box: tuple[str, ...] = PREDICTION_BOX if self.description.needs_boxes else ()
        if self.description.boxes.detector:
            box = (*box, BOX_COUNT, DETECTIONS_FOUND)
        score = (ANIMAL_SCORE,) if self.description.empty_rule else ()
        labels = self.description.labels if self.with_probabilities else ()
        return [*PREDICTIONS, *box, *score, *(PROBABILITY + label for label in labels)]

    def _rows(self, outcomes: Outcomes) -> Iterator[list[str]]:
        description = self.description
        votes = count_votes(outcomes, self.names, self.prefix, description, self.known)
        self._count_sequences(votes)
        event_gap_s = self.event_gap_min * _SECONDS_PER_MINUTE
        events = find_image_events(outcomes, self._predict, votes.locations, event_gap_s)
        columns, first = self._columns, 0
        for chunk in chunks(outcomes()):
            for row in self._chunk_rows(chunk, votes, events, first):
                self.events.add(row)
                yield [row.get(column, "") for column in columns]
            first += len(chunk)

    def _count_sequences(self, votes: Votes) -> None:
        """Count sequences, and the images in them, by decision."""
        if not (self.description.sequence_thresholds and len(votes.sequences)):
            return
        rule = self.description.sequence_decision_rule
        accepted = rule.accepted(votes.probabilities, votes.unknown)
        frames = np.bincount(
            votes.numbers[votes.numbers != NO_SEQUENCE], minlength=len(votes.sequences)
        )
        self.sequence_decisions.update(
            {ACCEPT: int(accepted.sum()), REVIEW: int((~accepted).sum())}
        )
        self.images_in_sequences.update(
            {ACCEPT: int(frames[accepted].sum()), REVIEW: int(frames[~accepted].sum())}
        )

    def _chunk_rows(
        self,
        chunk: Sequence[Outcome],
        votes: Votes,
        events: ImageEvents,
        first: int,
    ) -> Iterator[dict[str, str]]:
        """Yield the cells of some images by column; the first has the number `first`."""
        readable = [outcome for outcome in chunk if outcome.row.reason is None]
        numbers = votes.numbers[first : first + len(chunk)].tolist()
        in_sequence = [number for number in numbers if number != NO_SEQUENCE]
        scores = animal_scores_of(readable, self.description) if readable else None
        animal_scores = None if scores is None else iter(scores)
        predictions = iter(self._predict(readable))
        voted = iter(self._vote_predictions(votes, in_sequence) if in_sequence else ())
        for index, (outcome, number) in enumerate(zip(chunk, numbers, strict=True), first):
            row = self._input_cells(outcome)
            if outcome.row.reason is None:
                prediction = next(predictions)
                self.decisions[prediction.decision] += 1
                self.labels[prediction.label] += 1
                if self.people and self.people.shows_people(outcome.extra["probabilities"]):
                    self.with_people[outcome.row.input] = self._boxes_to_blur(outcome)
                row |= _prediction_cells(prediction) | _capture_cells(outcome)
                row |= {"location": votes.locations[index], "event": events.name(index)}
                row |= self._probability_cells(outcome, prediction.label)
                if animal_scores is not None:
                    score = float(next(animal_scores))
                    row[ANIMAL_SCORE] = _decimal(score)
                    self.skipped[prediction.label] += is_skipped(self.skip, score)
                if number != NO_SEQUENCE:
                    row |= _vote_cells(votes.sequences[number], next(voted))
            if outcome.row.reason not in _LEFT_OUT:
                yield row

    def _predict(self, readable: Sequence[Outcome]) -> list[Prediction]:
        return predict_images(readable, self.description, self.skip)

    def _vote_predictions(self, votes: Votes, numbers: Sequence[int]) -> list[Prediction]:
        """Return the predictions for some sequences, without a decision by an older model."""
        probabilities = votes.probabilities[numbers]
        if not self.description.sequence_thresholds:
            predictions = self.description.decision_rule.predict(probabilities)
            return [replace(one, decision="", review_reason="") for one in predictions]
        unknown = None if votes.unknown is None else votes.unknown[numbers]
        return self.description.sequence_decision_rule.predict(probabilities, unknown)

    def _boxes_to_blur(self, outcome: Outcome) -> tuple[Box, ...]:
        detector = self.description.detector
        return boxes_to_blur(outcome.extra, detector.threshold if detector else 0.0)

    def _input_cells(self, outcome: Outcome) -> dict[str, str]:
        name, reason = outcome.row.input, outcome.row.reason
        return {
            "filepath": self.prefix + name,
            "status": reason.value if reason else "ok",
            "original": name,
            "event": "",
            "model": self.model,
        }

    def _probability_cells(self, outcome: Outcome, chosen: str) -> dict[str, str]:
        """Return the second label, the box and the probability of each label."""
        probabilities, labels = outcome.extra["probabilities"], self.description.labels
        label, score = second_label(labels, probabilities)
        if score is not None and label == chosen:
            # The image was labelled empty: the most probable label comes second.
            score = max(probabilities)
            label = labels[probabilities.index(score)]
        cells = {}
        if score is not None:
            cells = {"second_label": label, "second_score": _decimal(score)}
        if self.description.needs_boxes:
            cells |= _box_cells(Box.from_json(outcome.extra["box"]))
        if detector := self.description.boxes.detector:
            cells |= _detection_cells(outcome.extra["detections"], detector.threshold)
        if self.with_probabilities:
            for label, probability in zip(labels, probabilities, strict=True):
                cells[PROBABILITY + label] = _decimal(probability)
        return cells


def _prediction_cells(prediction: Prediction) -> dict[str, str]:
    return {
        "label": prediction.label,
        "score": _decimal(prediction.score),
        "decision": prediction.decision,
        "review_reason": prediction.review_reason,
    }


def _capture_cells(outcome: Outcome) -> dict[str, str]:
    date, _, time = outcome.extra["moment"].partition("T")
    return {
        "date": date,
        "time": time,
        "night": str(outcome.extra["night"]),
        "camera": outcome.extra["camera"],
        "split": outcome.extra["split"],
    }


def _vote_cells(sequence: str, vote: Prediction) -> dict[str, str]:
    return {
        "sequence": sequence,
        "sequence_label": vote.label,
        "sequence_score": _decimal(vote.score),
        "sequence_decision": vote.decision,
        "sequence_review_reason": vote.review_reason,
    }


def _box_cells(box: Box) -> dict[str, Any]:
    values = (*map(_decimal, (box.left, box.top, box.width, box.height, box.score)), box.status)
    return dict(zip(PREDICTION_BOX, values, strict=True))


def _detection_cells(detections: Sequence[Sequence[float]], threshold: float) -> dict[str, str]:
    """Return the number of certain boxes, and the numbers of all."""
    certain = sum(score >= threshold for *_, score in detections)
    texts = (" ".join(map(_decimal, numbers)) for numbers in detections)
    return {BOX_COUNT: str(certain), DETECTIONS_FOUND: "; ".join(texts)}


def _decimal(value: float) -> str:
    return f"{value:.4f}"
