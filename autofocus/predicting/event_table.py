"""`events.csv`: the events among predictions, a row each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from autofocus.labels.kinds import is_empty_like
from autofocus.runs import files
from autofocus.runs.csv_files import CsvReader, CsvWriter
from autofocus.tables.columns import BOX_COUNT, EVENTS, EVENTS_NAME

# Scores are summed up as whole numbers, so that the mean doesn't depend on the order of the rows.
_SCORE_UNITS = 10_000
_COLUMNS = ("label", "score", "date", "time", "location", "event")


@dataclass
class _Event:
    """What is counted of one event."""

    location: str
    label: str
    start: str
    end: str
    images: int = 0
    score_units: int = 0
    boxes: int = 1


@dataclass(frozen=True)
class Events:
    """The events among the rows of a table of predictions, in memory that grows with the events.

    Attributes:
        by_name: what is counted of each.
    """

    by_name: dict[str, _Event] = field(default_factory=dict)

    def add(self, row: Mapping[str, str]) -> None:
        """Add a row of the table of predictions; one without an event is left out.

        Args:
            row: its cells by column.
        """
        name = row["event"]
        if not name:
            return
        moment = f"{row['date']}T{row['time']}"
        event = self.by_name.get(name)
        if event is None:
            event = _Event(row["location"], row["label"], moment, moment)
            self.by_name[name] = event
        event.start = min(event.start, moment)
        event.end = max(event.end, moment)
        event.images += 1
        event.boxes = max(event.boxes, int(row.get(BOX_COUNT) or 0))
        event.score_units += round(float(row["score"]) * _SCORE_UNITS)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows of `events.csv`, ordered by name."""
        for name, event in sorted(self.by_name.items()):
            score = event.score_units / event.images / _SCORE_UNITS
            animals = 0 if is_empty_like(event.label) else event.boxes
            yield (
                *(name, event.location, event.label, event.start, event.end),
                *(str(event.images), str(animals), f"{score:.4f}"),
            )


def events_beside(predictions: Path) -> Path:
    """Return the path of the events of a table of predictions.

    It is `events.csv` beside `predictions.csv`, and `<name>.events.csv` beside any other table, as
    several may share a folder.
    """
    is_plain = predictions.stem == "predictions"
    return predictions.with_name(EVENTS_NAME if is_plain else f"{predictions.stem}.{EVENTS_NAME}")


def write_events(predictions: Path, outpath: Path) -> int:
    """Write the events of a table of predictions, such as the merged one of all shards.

    The result is byte-identical to the table that `predict` writes for the same images.

    Args:
        predictions: the table that `predict` wrote.
        outpath: the table to write; a complete file is put in its place.

    Returns:
        The number of events.

    Raises:
        MissingInputError: there is no table of predictions.
        InputDataError: it lacks a column, or a row can't be read.
    """
    events = Events()
    with CsvReader(predictions, _COLUMNS) as reader:
        for cells in reader:
            events.add(dict(zip(reader.columns, cells, strict=True)))
    outpath.parent.mkdir(parents=True, exist_ok=True)
    with (
        files.whole_file(outpath, outpath.parent) as unfinished,
        CsvWriter(unfinished, EVENTS) as writer,
    ):
        writer.write_all(events.rows())
    return len(events.by_name)
