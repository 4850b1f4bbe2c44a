"""Writing one or more formats of one table, and a ledger row per row of the table."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from autofocus.exporting import (
    camtrap_dp,
    coco,
    csv_tables,
    folders,
    label_studio,
    megadetector,
    timelapse,
    wildlife_insights,
)
from autofocus.exporting.context import Export, Problem
from autofocus.exporting.formats import Format
from autofocus.exporting.rows import OK, ExportRow
from autofocus.runs.ledger import Reason, Row, rejected

FORMATS: Mapping[str, Format] = {
    "csv": csv_tables.FORMAT,
    "megadetector": megadetector.FORMAT,
    "camtrap-dp": camtrap_dp.FORMAT,
    "coco": coco.FORMAT,
    "timelapse": timelapse.FORMAT,
    "wildlife-insights": wildlife_insights.FORMAT,
    "label-studio": label_studio.FORMAT,
    # Its links are not files that are written beside one another, see `folders.link_images`.
    folders.NAME: Format((), lambda _, __: (), folders.problem),
}


def file_names(export: Export) -> list[str]:
    """Return the names of all files of an export, relative to its folder."""
    return [name for format_name in formats_of(export) for name in FORMATS[format_name].files]


def formats_of(export: Export) -> list[str]:
    """Return the formats of an export, each once."""
    return list(dict.fromkeys(export.settings.formats))


def write_formats(export: Export, paths: Mapping[str, Path]) -> tuple[str, ...]:
    """Write all formats of an export.

    Args:
        export: what to write.
        paths: the path to write to, by the names of `file_names`.

    Returns:
        Notes for people.

    Raises:
        InputDataError: the table can't be read, or a format can hold none of its rows.
    """
    notes = export.notes()
    for name in formats_of(export):
        notes += FORMATS[name].write(export, paths)
    return tuple(notes)


def ledger_rows(export: Export) -> Iterator[Row]:
    """Yield a ledger row for each row of the table."""
    for row in export.table.rows():
        problem = _problem(export, row)
        if problem is None:
            yield Row(row.filepath)
        else:
            yield rejected(row.filepath, problem.reason, problem.detail)


def _problem(export: Export, row: ExportRow) -> Problem | None:
    if row.status != OK:
        return Problem(Reason(row.status), "not labelled")
    if not export.is_selected(row):
        return Problem(Reason.NOT_SELECTED, f"--decision {export.settings.decision}")
    for name in formats_of(export):
        if problem := FORMATS[name].problem(export, row):
            return Problem(problem.reason, f"{name}: {problem.detail}")
    return None
