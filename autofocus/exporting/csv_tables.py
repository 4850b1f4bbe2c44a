"""Tables for people: one row per image with all that is known of it, and one per event."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autofocus.exporting.context import Export
from autofocus.exporting.events import gather
from autofocus.exporting.formats import Format
from autofocus.exporting.rows import ExportRow
from autofocus.runs.csv_files import CsvWriter

IMAGES, EVENTS = "images.csv", "events.csv"
EVENT_COLUMNS = ("event", "location", "label", "start", "end", "images", "animals", "score")
COLUMNS = (
    "original", "date", "time", "location", "event", "night", "camera",
    "label", "score", "second_label", "second_score", "decision", "review_reason", "status",
    "labelled_by", "count", "sequence", "split", "model",
    # Shares of the original image.
    "box_left", "box_top", "box_width", "box_height",
    # Of the original image, in pixels.
    "width", "height",
)  # fmt: skip


def write(export: Export, paths: Mapping[str, Path]) -> Sequence[str]:
    """Write the table of images and the table of their events."""
    with CsvWriter(paths[IMAGES], COLUMNS) as writer:
        writer.write_all(_cells(row) for row in export.rows())
    with CsvWriter(paths[EVENTS], EVENT_COLUMNS) as writer:
        writer.write_all(
            (event.name, event.location, event.label, event.start.isoformat(),
             event.end.isoformat(), event.images, event.animals, decimal(event.score))
            for event in gather(export.rows(), export.is_blank)
        )  # fmt: skip
    return ()


def _cells(row: ExportRow) -> list[str | int]:
    box = [f"{value:.4f}" for value in row.box.values] if row.box else [""] * 4
    return [
        *(row.original, row.date, f"{row.moment:%H:%M:%S}" if row.moment else ""),
        *(row.location, row.event, row.night, row.camera),
        *(row.label, decimal(row.score), row.second_label, decimal(row.second_score)),
        *(row.decision, row.review_reason, row.status, row.method),
        "" if row.count is None else row.count,
        *(row.sequence, row.split, row.model, *box, *(row.size or ("", ""))),
    ]


def decimal(value: float | None) -> str:
    """Return a probability as text; empty if there is none."""
    return "" if value is None else f"{value:.4f}"


FORMAT = Format((IMAGES, EVENTS), write)
