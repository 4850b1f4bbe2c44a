"""What an image shows, in the few words that the formats share."""

from collections.abc import Collection
from dataclasses import dataclass, field

from autofocus.exporting.rows import ExportRow
from autofocus.labels.kinds import (
    PEOPLE_PROBABILITY,
    is_empty_like,
    is_human_like,
    matching_labels,
)

ANIMAL, PERSON, VEHICLE, BLANK, UNKNOWN = "animal", "human", "vehicle", "blank", "unknown"


@dataclass(frozen=True)
class Kinds:
    """Which labels stand for what is not an animal; upper and lower case are the same.

    Attributes:
        empty: of images that show nothing; without any, `blank`, `vacía` and their likes.
        people: of images of people; without any, `person`, `Homo sapiens` and their likes.
        vehicles: of images of vehicles.
        unknown: of images on which something can't be told.
    """

    empty: Collection[str]
    people: Collection[str]
    vehicles: Collection[str]
    unknown: Collection[str]
    _known: dict[str, str] = field(default_factory=dict, compare=False)

    def of(self, label: str) -> str:
        """Return what a label stands for."""
        if label not in self._known:
            self._known[label] = self._find(label)
        return self._known[label]

    def _find(self, label: str) -> str:
        for kind, labels in (
            (BLANK, self.empty),
            (PERSON, self.people),
            (VEHICLE, self.vehicles),
            (UNKNOWN, self.unknown),
        ):
            if matching_labels([label], labels):
                return kind
        if not self.empty and is_empty_like(label):
            return BLANK
        return PERSON if not self.people and is_human_like(label) else ANIMAL

    def shows_people(self, row: ExportRow) -> bool:
        """Tell whether one of an image's labels is of people."""
        return any(self.of(label) == PERSON for label in row.labels)

    def may_show_people(self, row: ExportRow) -> bool:
        """Tell whether people are predicted on an image, be it with a low score.

        It follows `predict --people`, as far as the table has the probabilities.
        """
        return self.shows_people(row) or any(
            score >= PEOPLE_PROBABILITY and self.of(label) == PERSON
            for label, score in row.ranking
        )

    def shown(self, row: ExportRow) -> list[str]:
        """Return the labels of an image that stand for something visible."""
        return [label for label in row.labels if self.of(label) != BLANK]
