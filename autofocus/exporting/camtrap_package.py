"""The description of a Camtrap DP package: datapackage.json."""

import re
from collections.abc import Iterator
from typing import Any

from autofocus.exporting.camtrap_schemas import PROFILE, TABLES, VERSION
from autofocus.exporting.context import Export
from autofocus.exporting.kinds import ANIMAL, PERSON
from autofocus.exporting.taxa import Taxon

FOLDER = "camtrap_dp"
PACKAGE = f"{FOLDER}/datapackage.json"
CSV = {table: f"{FOLDER}/{table}.csv" for table in TABLES}
# The path of a schema must name the version.
SCHEMAS = {table: f"{FOLDER}/{VERSION}/{table}-table-schema.json" for table in TABLES}


def describe_package(export: Export) -> dict[str, Any]:
    """Return the description of a package."""
    settings = export.settings
    name = re.sub(r"[^a-z0-9._/-]+", "-", settings.project.lower()).strip("-")
    return {
        "resources": [_resource(table) for table in TABLES],
        "profile": PROFILE,
        "name": name or "autofocus",
        "created": f"{export.created:%Y-%m-%dT%H:%M:%SZ}",
        "title": settings.project,
        "contributors": [
            {"title": title, "role": "contributor"}
            for title in settings.contributors or (settings.project,)
        ],
        "project": {
            "title": settings.project,
            "samplingDesign": settings.sampling_design,
            "captureMethod": list(dict.fromkeys(settings.capture_methods)),
            "individualAnimals": False,
            "observationLevel": ["media", "event"],
        },
        "spatial": _spatial(export),
        "temporal": _temporal(export),
        "taxonomic": list(_taxonomic(export)),
    }


def _resource(table: str) -> dict[str, Any]:
    return {
        "name": table,
        "path": CSV[table].removeprefix(f"{FOLDER}/"),
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": SCHEMAS[table].removeprefix(f"{FOLDER}/"),
    }


def _spatial(export: Export) -> dict[str, Any]:
    """Return the rectangle around all deployments as GeoJSON; a point if there is one location."""
    longitudes = [one.longitude for one in export.deployments.rows]
    latitudes = [one.latitude for one in export.deployments.rows]
    west, east = min(longitudes), max(longitudes)
    south, north = min(latitudes), max(latitudes)
    if (west, south) == (east, north):
        return {"type": "Point", "coordinates": [west, south]}
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Polygon",
        "bbox": [west, south, east, north],
        "coordinates": [corners],
    }


def _temporal(export: Export) -> dict[str, str]:
    starts = [one.start for one in export.deployments.rows]
    ends = [one.end for one in export.deployments.rows if one.end is not None]
    return {"start": f"{min(starts):%Y-%m-%d}", "end": f"{max(ends):%Y-%m-%d}"}


def _taxonomic(export: Export) -> Iterator[dict[str, Any]]:
    """Yield the taxa of the labels that have a scientific name."""
    known: dict[str, dict[str, Any]] = {}
    for label in export.labels():
        kind = export.kinds.of(label)
        taxon = export.taxon(label) if kind == ANIMAL else Taxon()
        name = "Homo sapiens" if kind == PERSON else taxon.scientific_name
        if not name:
            continue
        ranks = {"class": taxon.class_name, "order": taxon.order, "family": taxon.family}
        entry = known.setdefault(name, {"scientificName": name})
        entry.update({rank: value for rank, value in ranks.items() if value})
        if label != name:
            entry.setdefault("vernacularNames", {"eng": label})
    yield from known.values()
