"""The table images.csv of Wildlife Insights' batch upload."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autofocus.exporting.context import Export, Problem
from autofocus.exporting.formats import Format
from autofocus.exporting.kinds import BLANK, PERSON, VEHICLE
from autofocus.exporting.rows import ExportRow
from autofocus.exporting.taxa import Taxon
from autofocus.runs.csv_files import CsvWriter
from autofocus.runs.ledger import Reason

FILE = "wildlife_insights/images.csv"
COLUMNS = (
    "project_id", "deployment_id", "image_id", "filename", "location", "is_blank",
    "identified_by", "wi_taxon_id", "class", "order", "family", "genus", "species",
    "common_name", "number_of_objects", "timestamp",
)  # fmt: skip
# The identifiers that Wildlife Insights has for what is no species.
_PERSON = Taxon(
    "Homo sapiens", "Mammalia", "Primates", "Hominidae", "990ae9dd-7a59-4344-afcb-1b7b21368000"
)
_TAXA = {
    BLANK: Taxon(wi_taxon_id="f1856211-cfb7-4a5b-9158-c0f72fd09ee6"),
    PERSON: _PERSON,
    VEHICLE: Taxon(wi_taxon_id="e2895ed5-780b-48f6-8a11-9e27cb594511"),
}
_COMMON_NAMES = {BLANK: "Blank", PERSON: "Human", VEHICLE: "Vehicle"}


def problem(_: Export, row: ExportRow) -> Problem | None:
    """Return why a row can't be written: Wildlife Insights takes no image without a time."""
    if row.moment is None:
        return Problem(Reason.NO_TIME, "date and time are unknown")
    return None


def write(export: Export, paths: Mapping[str, Path]) -> Sequence[str]:
    """Write the table: one row per image and label."""
    nameless: set[str] = set()
    with CsvWriter(paths[FILE], COLUMNS) as writer:
        for row in export.rows():
            if problem(export, row) is None:
                writer.write_all(_rows(export, row, nameless))
    if not nameless:
        return ()
    which = ", ".join(sorted(nameless))
    return (f"Wildlife Insights needs a wi_taxon_id for each label: give --taxa for {which}.",)


def _rows(export: Export, row: ExportRow, nameless: set[str]) -> Iterator[list[str | int]]:
    for label in row.labels:
        kind = export.kinds.of(label)
        taxon = _TAXA.get(kind) or export.taxon(label)
        if not taxon.wi_taxon_id:
            nameless.add(label)
        deployment = row.location or row.camera_folder or row.folder
        yield [
            *(export.settings.project, deployment, row.original, row.original),
            *(row.location, int(kind == BLANK), _identified_by(row), taxon.wi_taxon_id),
            *(taxon.class_name, taxon.order, taxon.family, taxon.genus, taxon.species),
            *(_COMMON_NAMES.get(kind, label), 0 if kind == BLANK else row.count or 1),
            f"{row.moment:%Y-%m-%d %H:%M:%S}",
        ]


def _identified_by(row: ExportRow) -> str:
    return "" if row.score is None else f"Autofocus {row.model}".strip()


FORMAT = Format((FILE,), write, problem)
