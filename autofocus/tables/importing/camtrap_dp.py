"""Camtrap DP: a Data Package of camera-trap data, as a folder, a zip file or datapackage.json.

Format: https://camtrap-dp.tdwg.org.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from autofocus.errors import InputDataError, MissingInputError
from autofocus.options.text_files import read_json
from autofocus.runs.ledger import Reason
from autofocus.tables.columns import BOX, COUNT, HUMAN, LOCATION, MODEL, SEQUENCE, SOURCE
from autofocus.tables.frames import PROBLEM
from autofocus.tables.importing.archives import check_member
from autofocus.tables.importing.builder import RecordBuilder
from autofocus.tables.importing.sources import open_text
from autofocus.tables.records import DETAIL, REASON, DetectionTable, box_cells
from autofocus.tables.texts import are_filled, strip

FORMAT = "Camtrap DP"
DESCRIPTOR = "datapackage.json"
RESOURCES = ("deployments", "media", "observations")
# Labels of observations that aren't of animals.
_TYPES = {"blank": "empty", "human": "human", "vehicle": "vehicle", "unknown": "unknown"}
_BOX = ("bboxX", "bboxY", "bboxWidth", "bboxHeight")
_Row = dict[str, str]


def is_package(content: Mapping[str, Any]) -> bool:
    """Tell whether JSON content is the descriptor of a Camtrap DP."""
    resources = content.get("resources")
    names = (
        {one.get("name") for one in resources if isinstance(one, dict)}
        if isinstance(resources, list)
        else set()
    )
    return set(RESOURCES) <= names


def is_zipped_package(path: Path) -> bool:
    """Tell whether a file is a zip file with the descriptor of a package."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return _member(archive, DESCRIPTOR) is not None


def package_files(descriptor: Path) -> list[Path]:
    """Return the files that make up a package, the descriptor first."""
    content = read_json(descriptor)
    return [descriptor, *_resource_paths(descriptor, content).values()]


def read_package(path: Path) -> DetectionTable:
    """Return the detections: one per label of an image.

    Observations of an event count for its images, unless the image has observations itself.

    Raises:
        MissingInputError: a table of the package does not exist.
        InputDataError: a table can't be read, or lacks a column.
    """
    with _unpacked(path) as descriptor:
        content = read_json(descriptor)
        tables = {
            name: _read(table) for name, table in _resource_paths(descriptor, content).items()
        }
    locations = {
        row["deploymentID"]: row.get("locationName")
        or row.get("locationID")
        or row["deploymentID"]
        for row in tables["deployments"]
    }
    observed = _observations_by_media(tables["media"], tables["observations"])
    builder = RecordBuilder()
    for media in tables["media"]:
        if not media.get("filePath"):
            continue
        for label, rows in _by_label(observed.get(media["mediaID"], [])).items():
            _add(builder, media, label, rows, locations)
    for row in _without_image(tables["media"], tables["observations"]):
        builder.reject(row["row"], "the package has no image of this observation")
    return DetectionTable(path, builder.frame(), FORMAT, has_dates=False, is_split=True)


def _add(
    builder: RecordBuilder, media: _Row, label: str, rows: list[_Row], locations: Mapping[str, str]
) -> None:
    optional = {
        LOCATION: locations.get(media["deploymentID"], media["deploymentID"]),
        SEQUENCE: next((row["eventID"] for row in rows if row.get("eventID")), ""),
        COUNT: _total(rows),
        SOURCE: MODEL if all(_is_by_machine(row) for row in rows) else HUMAN,
        **_best_box(rows),
    }
    if not label:
        optional |= {REASON: Reason.NO_LABEL.value, DETAIL: "the observation is unclassified"}
    number = rows[0]["row"]
    builder.add(
        _relative(media["filePath"]), label, number, media.get("timestamp", ""), **optional
    )


def _is_by_machine(row: _Row) -> bool:
    return row.get("classificationMethod") == "machine"


def _total(rows: list[_Row]) -> str:
    counts = [int(row["count"]) for row in rows if row.get("count", "").isdigit()]
    return str(sum(counts)) if counts else ""


def _best_box(rows: list[_Row]) -> dict[str, str]:
    """Return the cells of the box with the highest probability."""
    boxes = [row for row in rows if all(row.get(name) for name in _BOX)]
    if not boxes:
        return dict.fromkeys(BOX, "")
    best = max(boxes, key=lambda row: float(row.get("classificationProbability") or 1))
    score = float(best.get("classificationProbability") or 1) if _is_by_machine(best) else None
    return box_cells([float(best[name]) for name in _BOX], score)


def _relative(path: str) -> str:
    """Return the path of an image; of an address, what follows the host."""
    return path.partition("://")[2].partition("/")[2] if "://" in path else path


def _by_label(rows: list[_Row]) -> dict[str, list[_Row]]:
    labels: dict[str, list[_Row]] = {}
    for row in rows:
        labels.setdefault(_label(row), []).append(row)
    return labels


def _label(row: _Row) -> str:
    kind = row.get("observationType", "").lower()
    if kind in _TYPES:
        return _TYPES[kind]
    return row.get("scientificName") or _tagged_label(row) or kind if kind == "animal" else ""


def _tagged_label(row: _Row) -> str:
    """Return the label that an observation has as a tag, as `autofocus export` writes it."""
    tags = (tag.partition(":") for tag in row.get("observationTags", "").split("|"))
    return next((value.strip() for key, _, value in tags if key.strip() == "label"), "")


def _observations_by_media(media: list[_Row], observations: list[_Row]) -> dict[str, list[_Row]]:
    """Return the observations of each image: its own, else those of the events that it is in."""
    own: dict[str, list[_Row]] = {}
    events: dict[str, list[_Row]] = {}
    for row in observations:
        if row.get("mediaID"):
            own.setdefault(row["mediaID"], []).append(row)
        else:
            events.setdefault(row["deploymentID"], []).append(row)
    for one in media:
        if one["mediaID"] not in own and (rows := _events_at(events, one)):
            own[one["mediaID"]] = rows
    return own


def _without_image(media: list[_Row], observations: list[_Row]) -> list[_Row]:
    """Return the observations of images that the package lacks, or of events without images."""
    there = [one for one in media if one.get("filePath")]
    known = {one["mediaID"] for one in there}
    events: dict[str, list[_Row]] = {}
    for row in observations:
        if not row.get("mediaID"):
            events.setdefault(row["deploymentID"], []).append(row)
    seen = {row["row"] for one in there for row in _events_at(events, one)} if events else set()
    return [
        row
        for row in observations
        if (row["mediaID"] not in known if row.get("mediaID") else row["row"] not in seen)
    ]


def _events_at(events: Mapping[str, list[_Row]], media: _Row) -> list[_Row]:
    """Return the observations of those events in which an image was taken.

    Times of one package have the same form, so that they compare as text.
    """
    time = media.get("timestamp", "")
    return [
        row
        for row in events.get(media["deploymentID"], [])
        if row.get("eventStart", "") <= time <= row.get("eventEnd", "")
    ]


def _read(table: Path) -> list[_Row]:
    """Return the rows of a table, and their numbers."""
    with open_text(table) as source:
        columns = [column for column in dict.fromkeys(source.columns) if column]
        frame = source.read(columns)
        first = source.first_row
    if len(wrong := np.flatnonzero(are_filled(frame[PROBLEM]))):
        row = int(wrong[0])
        raise InputDataError(f"{table}, row {first + row}: {frame[PROBLEM][row]}.")
    rows = zip(*(strip(frame[column]).to_list() for column in columns), strict=True)
    return [
        {**dict(zip(columns, row, strict=True)), "row": str(number)}
        for number, row in enumerate(rows, first)
    ]


def _resource_paths(descriptor: Path, content: Mapping[str, Any]) -> dict[str, Path]:
    """Return the tables of a package.

    Raises:
        InputDataError: a table is not a file beside the descriptor.
    """
    paths = {}
    for resource in content["resources"]:
        if (name := resource.get("name")) in RESOURCES:
            path = resource.get("path")
            if not isinstance(path, str) or not _is_inside(path):
                raise InputDataError(
                    f"{descriptor}: the table {name} must be one file beside it, not {path!r}."
                )
            paths[name] = descriptor.parent / path
    return paths


def _is_inside(path: str) -> bool:
    """Tell whether a path of a descriptor leads to a file below the descriptor's folder."""
    parts = path.split("/")
    return bool(path) and "://" not in path and "\\" not in path and not {"", ".."} & set(parts)


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """Give the descriptor of a package; that of a zip file in a folder that goes afterwards."""
    if path.is_dir():
        path = path / DESCRIPTOR
    if not zipfile.is_zipfile(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        descriptor = Path(folder) / DESCRIPTOR
        _extract(archive, _member(archive, DESCRIPTOR), descriptor)
        content = read_json(descriptor)
        root = (_member(archive, DESCRIPTOR) or "").removesuffix(DESCRIPTOR)
        for name, table in _resource_paths(descriptor, content).items():
            member = root + table.relative_to(folder).as_posix()
            if member not in archive.namelist():
                raise MissingInputError(f"{path} lacks the table {name} ({member}).")
            _extract(archive, member, table)
        yield descriptor


def _extract(archive: zipfile.ZipFile, member: str | None, target: Path) -> None:
    about = archive.getinfo(member or "")
    check_member(archive, about)
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member or "") as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)


def _member(archive: zipfile.ZipFile, name: str) -> str | None:
    """Return the member of this name that is nearest to the top."""
    members = [one for one in archive.namelist() if one.rpartition("/")[2] == name]
    return min(members, key=lambda one: one.count("/"), default=None)
