"""One export: the table, which of its rows are written, and what the formats need besides."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone, tzinfo
from functools import cached_property
from pathlib import Path

from autofocus.errors import SettingError
from autofocus.exporting.events import name_events
from autofocus.exporting.originals import Originals
from autofocus.exporting.reading import ResultTable
from autofocus.exporting.rows import ACCEPT, OK, ExportRow
from autofocus.exporting.settings import ExportSettings
from autofocus.exporting.taxa import UNKNOWN_TAXON, Taxon, read_taxa
from autofocus.exporting.zones import read_zone
from autofocus.runs.ledger import Reason
from autofocus.runs.spelling import fold_name
from autofocus.tables.deployments import Deployments, read_deployments

# Genus and species, such as `Procyon lotor`.
_SCIENTIFIC_NAME = re.compile(r"[A-Z][a-z]+ [a-z-]{3,}")


@dataclass(frozen=True)
class Problem:
    """Why a row is left out of a format.

    Attributes:
        reason: a word of the ledger's vocabulary.
        detail: an explanation for people.
    """

    reason: Reason
    detail: str


@dataclass
class Export:
    """A table of results that is written in one or more formats.

    Attributes:
        path: of the table.
        settings: what to write.
        place: the path that the table will have, if it has not been put in its place yet.
        originals: the table of `originals.write_originals`, where the images are elsewhere.
        table: the table.
    """

    path: Path
    settings: ExportSettings
    place: Path | None = None
    originals: Path | None = None
    table: ResultTable = field(init=False)

    def __post_init__(self) -> None:
        place = self.place or self.path
        self.name = place.name
        known = Originals(place.parent, self.settings.images, self.originals)
        self.table = ResultTable(self.path, known)
        self.kinds = self.settings.kinds

    @cached_property
    def created(self) -> datetime:
        """The time when the table was written, in UTC, to the second.

        It stands where a format requires a time, so that two exports of a table are the same.
        """
        seconds = int(self.path.stat().st_mtime)
        return datetime.fromtimestamp(seconds, timezone.utc)

    @cached_property
    def zone(self) -> tzinfo:
        """The time zone of the cameras' clocks; UTC if none is given."""
        return read_zone(self.settings.timezone or "UTC")

    @cached_property
    def deployments(self) -> Deployments:
        """The deployments that were given.

        Raises:
            SettingError: none were given.
            MissingInputError: there is no such table.
            InputDataError: it can't be read.
        """
        path = self.settings.deployments
        if path is None:
            raise SettingError("deployments: give a table of deployments.")
        return read_deployments(path)

    @cached_property
    def models(self) -> str:
        """Who labelled: the digests of the models in the table, or nothing."""
        names = {row.model for row in self.table.rows() if row.model}
        return ", ".join(sorted(names))

    @cached_property
    def _taxa(self) -> Mapping[str, Taxon]:
        return read_taxa(self.settings.taxa) if self.settings.taxa else {}

    def taxon(self, label: str) -> Taxon:
        """Return what is known of a label's taxon; a label may be a scientific name itself."""
        known = self._taxa.get(fold_name(label))
        if known is None and _SCIENTIFIC_NAME.fullmatch(label):
            return Taxon(label)
        return known or UNKNOWN_TAXON

    @cached_property
    def _events(self) -> Mapping[str, str]:
        """The events of a table that has none, by path."""
        if "event" in self.table.columns:
            return {}
        return name_events(self.table.rows(), self.settings.event_gap)

    def rows(self) -> Iterator[ExportRow]:
        """Yield the rows that are to be written, in the table's order."""
        for row in self.table.rows():
            if self.is_selected(row):
                event = self._events.get(row.filepath)
                yield replace(row, event=event) if event else row

    def ordered_rows(self) -> Iterator[ExportRow]:
        """Yield the rows for people to look at: with `review`, the most uncertain first.

        An image is the more uncertain, the less its most probable label stands out from the
        second. One image of each sequence comes before the second of any, as more of the same
        teaches little (see benchmarks/ACTIVE_LEARNING.md). Images of people come last.
        """
        if self.settings.decision != "review":
            return self.rows()
        ordered = sorted(self.rows(), key=_margin)
        seen: Counter[str] = Counter()
        ranks: list[tuple[bool, int]] = []
        for row in ordered:
            sequence = row.sequence or row.filepath
            ranks.append((self.kinds.shows_people(row), seen[sequence]))
            seen[sequence] += 1
        numbers = sorted(range(len(ordered)), key=ranks.__getitem__)
        return (ordered[number] for number in numbers)

    def is_selected(self, row: ExportRow) -> bool:
        """Tell whether a row has the decision that was asked for.

        What people labelled counts as accepted. All images of people are for review.
        """
        decision = self.settings.decision
        if decision == "all":
            return True
        if row.status != OK:
            return False
        is_accepted = self.table.is_by_people or row.decision == ACCEPT
        if decision == "accept":
            return is_accepted
        return not is_accepted or self.kinds.shows_people(row)

    def is_blank(self, row: ExportRow) -> bool:
        """Tell whether an image shows nothing."""
        return not self.kinds.shown(row)

    def labels(self) -> list[str]:
        """Return all labels that the rows name, sorted."""
        found: set[str] = set()
        for row in self.rows():
            found.update(row.labels)
            found.update(label for label, _ in row.ranking)
        return sorted(found)

    def notes(self) -> list[str]:
        """Return what people should know before they look at an empty file."""
        if next(iter(self.rows()), None) is not None:
            return []
        decision = self.settings.decision
        which = "" if decision == "all" else f" with --decision {decision}"
        return [f"{self.name} has no rows{which}: the files hold none"]


def _margin(row: ExportRow) -> float:
    """Return by how much the most probable label stands out from the second."""
    return (1.0 if row.score is None else row.score) - (row.second_score or 0.0)
