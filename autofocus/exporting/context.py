"""One export: the table, which of its rows are written, and what the formats need besides."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.exporting.reading import ResultTable
from autofocus.exporting.rows import ACCEPT, OK, ExportRow
from autofocus.exporting.settings import ExportSettings
from autofocus.runs.ledger import Reason


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
        table: the table.
        settings: what to write.
    """

    path: Path
    settings: ExportSettings
    table: ResultTable = field(init=False)

    def __post_init__(self) -> None:
        self.table = ResultTable(self.path, self.settings.images)
        self.kinds = self.settings.kinds

    @cached_property
    def created(self) -> datetime:
        """The time when the table was written, in UTC, to the second.

        It stands where a format wants a time, so that two exports of a table are the same.
        """
        seconds = int(self.path.stat().st_mtime)
        return datetime.fromtimestamp(seconds, timezone.utc)

    @cached_property
    def models(self) -> str:
        """Who labelled: the digests of the models in the table, or nothing."""
        names = {row.model for row in self.table.rows() if row.model}
        return ", ".join(sorted(names))

    def rows(self) -> Iterator[ExportRow]:
        """Yield the rows that are to be written, in the table's order."""
        return (row for row in self.table.rows() if self.is_selected(row))

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

    def labels(self) -> list[str]:
        """Return all labels that the rows name, sorted."""
        found: set[str] = set()
        for row in self.rows():
            found.update(row.labels)
            found.update(label for label, _ in row.ranking)
        return sorted(found)

    def check_any(self) -> None:
        """Raise InputDataError if no row is to be written."""
        if next(iter(self.rows()), None) is None:
            decision = self.settings.decision
            which = "" if decision == "all" else f" with --decision {decision}"
            raise InputDataError(f"{self.path} has no rows to export{which}.")
