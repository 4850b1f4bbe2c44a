"""The events among rows: images of one label at one location, without a long pause."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from autofocus.exporting.rows import ExportRow
from autofocus.grouping.event_names import name_event


@dataclass
class Event:
    """What is known of one event.

    Attributes:
        name: location or folder, label and start, with `@` between.
        location: may be empty.
        labels: of its images.
        start: when its first image was taken.
        end: when its last image was taken.
        images: their number.
        animals: the largest count of individuals in one of its images.
        total: the sum of the scores.
        scored: the number of images with a score.
        method: who labelled, `human` or `machine`.
        model: the digest of the model; may be empty.
    """

    name: str
    location: str
    labels: tuple[str, ...]
    start: datetime
    end: datetime
    images: int = 0
    animals: int = 0
    total: float = 0.0
    scored: int = 0
    method: str = ""
    model: str = ""

    @property
    def label(self) -> str:
        """The labels as one text."""
        return "; ".join(self.labels)

    @property
    def score(self) -> float | None:
        """The mean score of its images; None where people labelled."""
        return self.total / self.scored if self.scored else None

    def add(self, row: ExportRow, *, is_blank: bool) -> None:
        """Add an image."""
        if row.moment is not None:
            self.start = min(self.start, row.moment)
            self.end = max(self.end, row.moment)
        self.images += 1
        number = row.count or 1
        self.animals = max(self.animals, 0 if is_blank else number)
        if row.score is not None:
            self.total += row.score
            self.scored += 1


def name_events(rows: Iterable[ExportRow], gap_min: float) -> dict[str, str]:
    """Return the event of each row with a time and a label, by its path in the table.

    Args:
        rows: in any order; only what is needed of them is kept.
        gap_min: the maximum pause within an event, in minutes.
    """
    known = sorted(
        (row.camera_folder, row.location, row.label, row.moment, row.filepath)
        for row in rows
        if row.moment is not None and row.label
    )
    gap = timedelta(minutes=gap_min)
    events: dict[str, str] = {}
    name, before, last = "", ("", "", ""), datetime.min
    for folder, location, label, moment, filepath in known:
        stream = (folder, location, label)
        if stream != before or moment - last > gap or not name:
            name = name_event(location or folder, label, moment)
        events[filepath] = name
        before, last = stream, moment
    return events


def gather(rows: Iterable[ExportRow], is_blank: Callable[[ExportRow], bool]) -> Iterator[Event]:
    """Yield the events of rows, ordered by name; memory grows with the events.

    Args:
        rows: images with the names of their events; those without one are left out.
        is_blank: tells whether an image shows nothing.
    """
    events: dict[str, Event] = {}
    for row in rows:
        if not row.event or row.moment is None:
            continue
        event = events.get(row.event)
        if event is None:
            event = Event(row.event, row.location, row.labels, row.moment, row.moment)
            event.method, event.model = row.method, row.model
            events[row.event] = event
        event.add(row, is_blank=is_blank(row))
    for _, event in sorted(events.items()):
        yield event
