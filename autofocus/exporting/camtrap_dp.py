"""Camtrap DP 1.0.2: a data package of deployments, media and observations."""

import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from autofocus.errors import InputDataError
from autofocus.exporting.camtrap_package import CSV, PACKAGE, SCHEMAS, describe_package
from autofocus.exporting.camtrap_schemas import TIME_FORMAT, columns, schema
from autofocus.exporting.context import Export, Problem
from autofocus.exporting.csv_tables import decimal
from autofocus.exporting.events import Event, gather
from autofocus.exporting.formats import Format
from autofocus.exporting.json_files import write_value
from autofocus.exporting.kinds import ANIMAL, BLANK, PERSON
from autofocus.exporting.rows import MACHINE, ExportRow
from autofocus.runs.csv_files import CsvWriter
from autofocus.runs.ledger import Reason

# Those that older versions of Python don't know.
_MEDIATYPES = {".heic": "image/heic", ".heif": "image/heif", ".webp": "image/webp"}


def problem(export: Export, row: ExportRow) -> Problem | None:
    """Return why a row can't be written: each image needs a time and a deployment."""
    if row.moment is None:
        return Problem(Reason.NO_TIME, "date and time are unknown")
    if not row.location:
        return Problem(Reason.NO_DEPLOYMENT, "the location is unknown")
    if _deployment_of(export, row) is None:
        where = f"no deployment at {row.location} covers {row.moment}"
        return Problem(Reason.NO_DEPLOYMENT, where)
    return None


def write(export: Export, paths: Mapping[str, Path]) -> Sequence[str]:
    """Write the package, and return how many images it lacks."""
    total = lacking = 0
    for row in export.rows():
        total, lacking = total + 1, lacking + (problem(export, row) is not None)
    if total and total == lacking:
        row = next(export.rows())
        found = problem(export, row)
        raise InputDataError(
            f"No image can be written as Camtrap DP: for {row.original}, "
            f"{found.detail if found else ''}. The table of deployments is "
            f"{export.deployments.path}."
        )
    for table in CSV:
        write_value(paths[SCHEMAS[table]], schema(table))
    _write_table(paths, "deployments", _deployments(export))
    _write_table(paths, "media", _media(export))
    _write_table(paths, "observations", _observations(export))
    write_value(paths[PACKAGE], describe_package(export))
    if not lacking:
        return ()
    why = "their time is unknown, or no deployment covers it (see the ledger)"
    return (f"Camtrap DP: {lacking} of {total} images are left out: {why}",)


def _write_table(paths: Mapping[str, Path], table: str, rows: Iterator[dict[str, Any]]) -> None:
    names = columns(table)
    with CsvWriter(paths[CSV[table]], names) as writer:
        writer.write_all([row.get(name, "") for name in names] for row in rows)


def _rows(export: Export) -> Iterator[tuple[ExportRow, str]]:
    """Yield each image that can be written, and the name of its deployment."""
    for row in export.rows():
        if problem(export, row) is None:
            yield row, _deployment_of(export, row) or ""


def _deployment_of(export: Export, row: ExportRow) -> str | None:
    if row.moment is None:
        return None
    found = export.deployments.find(row.location, row.moment, row.camera)
    return found.name if found else None


def _time(export: Export, moment: datetime) -> str:
    return moment.replace(tzinfo=export.zone).strftime(TIME_FORMAT)


def _deployments(export: Export) -> Iterator[dict[str, Any]]:
    for one in export.deployments.rows:
        if one.end is None:
            raise InputDataError(
                f"{export.deployments.path}: the deployment {one.name} has no end, which Camtrap "
                "DP requires."
            )
        yield {
            "deploymentID": one.name,
            "locationID": one.location,
            "locationName": one.location,
            "latitude": one.latitude,
            "longitude": one.longitude,
            "deploymentStart": _time(export, one.start),
            "deploymentEnd": _time(export, one.end),
            "cameraID": one.camera,
        }


def _media(export: Export) -> Iterator[dict[str, Any]]:
    for row, deployment in _rows(export):
        if row.original.startswith(("/", ".", "~")) or ".." in row.original:
            raise InputDataError(
                f"Camtrap DP takes no path such as {row.original}: give the folder of the "
                "original images as --images."
            )
        media = {
            "mediaID": row.original,
            "deploymentID": deployment,
            "filePath": row.original,
            "filePublic": "false",
            "fileName": row.name,
            "fileMediatype": _mediatype(row.name),
        }
        yield {**media, "timestamp": _time(export, row.moment) if row.moment else ""}


def _mediatype(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    known = _MEDIATYPES.get(suffix) or mimetypes.types_map.get(suffix, "")
    return known if known.startswith(("image/", "video/")) else "image/jpeg"


def _observations(export: Export) -> Iterator[dict[str, Any]]:
    deployments: dict[str, str] = {}
    for row, deployment in _rows(export):
        deployments.setdefault(row.event, deployment)
        yield from _of_image(export, row, deployment)
    rows = (row for row, _ in _rows(export) if row.labels)
    for event in gather(rows, export.is_blank):
        yield from _of_event(export, event, deployments[event.name])


def _of_image(export: Export, row: ExportRow, deployment: str) -> Iterator[dict[str, Any]]:
    moment = _time(export, row.moment) if row.moment else ""
    for label in row.labels or ("",):
        kind = export.kinds.of(label) if label else BLANK
        box = row.box.values if row.box and kind != BLANK else ()
        sides = ("bboxX", "bboxY", "bboxWidth", "bboxHeight")
        yield {
            "observationID": f"{row.original}#{label}",
            "deploymentID": deployment,
            "mediaID": row.original,
            "eventID": row.event,
            "eventStart": moment,
            "eventEnd": moment,
            "observationLevel": "media",
            "count": row.count or "" if kind == ANIMAL else "",
            **_classification(export, label, row.method, row.model, decimal(row.score)),
            **dict(zip(sides, (f"{value:.4f}" for value in box), strict=False)),
        }


def _of_event(export: Export, event: Event, deployment: str) -> Iterator[dict[str, Any]]:
    for label in event.labels:
        is_animal = export.kinds.of(label) == ANIMAL
        yield {
            "observationID": f"{event.name}#{label}",
            "deploymentID": deployment,
            "eventID": event.name,
            "eventStart": _time(export, event.start),
            "eventEnd": _time(export, event.end),
            "observationLevel": "event",
            "count": event.animals if is_animal and event.animals else "",
            **_classification(export, label, event.method, event.model, decimal(event.score)),
        }


def _classification(
    export: Export, label: str, method: str, model: str, score: str
) -> dict[str, Any]:
    """Return the columns that say what is shown, and who says so."""
    kind = export.kinds.of(label) if label else BLANK
    is_machine = method == MACHINE
    name = "Homo sapiens" if kind == PERSON else export.taxon(label).scientific_name
    return {
        "observationType": kind,
        "scientificName": name if kind in (ANIMAL, PERSON) else "",
        "classificationMethod": method,
        "classifiedBy": f"Autofocus {model}".strip() if is_machine else "",
        "classificationTimestamp": export.created.strftime(TIME_FORMAT) if is_machine else "",
        "classificationProbability": score,
        "observationTags": f"label:{label}" if label else "",
    }


FORMAT = Format((PACKAGE, *CSV.values(), *SCHEMAS.values()), write, problem)
