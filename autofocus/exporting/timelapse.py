"""CSV for Timelapse: its own columns, and those of a template with the labels.

Timelapse imports a column if the template has a field of its name.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autofocus.exporting.context import Export
from autofocus.exporting.csv_tables import decimal
from autofocus.exporting.formats import Format
from autofocus.exporting.rows import ExportRow
from autofocus.runs.csv_files import CsvWriter

FILE = "timelapse.csv"
# Set to true by a person who has looked at the image; see `import_corrections`.
REVIEWED = "reviewed"
COLUMNS = (
    "File", "RelativePath", "DateTime", "DeleteFlag",
    "label", "score", "second_label", "second_score", "decision", "review_reason", "location",
    "event", "night", REVIEWED,
)  # fmt: skip


def write(export: Export, paths: Mapping[str, Path]) -> Sequence[str]:
    """Write the table; what is for review is ordered, the most uncertain first."""
    with CsvWriter(paths[FILE], COLUMNS) as writer:
        writer.write_all(_cells(row) for row in export.ordered_rows())
    return ()


def _cells(row: ExportRow) -> list[str]:
    moment = f"{row.moment:%Y-%m-%d %H:%M:%S}" if row.moment else ""
    return [
        *(row.name, row.folder.replace("/", "\\"), moment, "false"),
        *(row.label, decimal(row.score), row.second_label, decimal(row.second_score)),
        *(row.decision, row.review_reason, row.location, row.event, row.night, "false"),
    ]


FORMAT = Format((FILE,), write)
