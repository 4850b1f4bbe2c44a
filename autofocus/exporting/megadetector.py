"""MegaDetector results JSON, format version 1.6, which Timelapse, AddaxAI and others open.

Every image that isn't empty has a detection: the box around what was found, or the whole image
where none is known. Its confidence is the probability that the image isn't empty, as far as the
table tells, and its classifications are the labels and their probabilities. What else a detector
found follows, each box with the detector's confidence and without classifications.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autofocus.exporting.context import Export
from autofocus.exporting.formats import Format
from autofocus.exporting.json_files import write_parts
from autofocus.exporting.kinds import ANIMAL, BLANK, PERSON, UNKNOWN, VEHICLE
from autofocus.exporting.rows import OK, WHOLE, Box, ExportRow

FILE = "megadetector.json"
VERSION = "1.6"
_CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}
_IDS = {ANIMAL: "1", UNKNOWN: "1", PERSON: "2", VEHICLE: "3"}
_FAILURE = "Failure image access"
# The table has four decimals.
_ROUNDING = 2e-4


def write(export: Export, paths: Mapping[str, Path]) -> Sequence[str]:
    """Write the results as one file."""
    labels = [label for label in export.labels() if export.kinds.of(label) != BLANK]
    ids = {label: str(number) for number, label in enumerate(labels, 1)}
    parts = {
        "info": _info(export),
        "detection_categories": _CATEGORIES,
        "classification_categories": {number: label for label, number in ids.items()},
        "images": _images(export, ids),
    }
    write_parts(paths[FILE], parts)
    return ()


def _info(export: Export) -> dict[str, str]:
    """Return what made the results; without a time, so that two runs give the same file."""
    info = {"format_version": VERSION, "detector": "Autofocus"}
    if not export.table.is_by_people:
        info["classifier"] = f"Autofocus {export.models}".strip()
    return info


def _images(export: Export, ids: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for row in export.rows():
        if row.status != OK:
            yield {
                "file": row.original,
                "failure": f"{_FAILURE}: {row.status}",
                "detections": None,
            }
            continue
        image: dict[str, Any] = {"file": row.original, "detections": _detections(export, row, ids)}
        if row.moment:
            image["datetime"] = f"{row.moment:%Y-%m-%d %H:%M:%S}"
        if row.size:
            image["width"], image["height"] = row.size
        yield image


def _detections(export: Export, row: ExportRow, ids: Mapping[str, str]) -> list[dict[str, Any]]:
    shown = export.kinds.shown(row)
    if not shown:
        return []
    detection: dict[str, Any] = {
        "category": _IDS[export.kinds.of(shown[0])],
        "conf": _confidence(export, row),
        "bbox": [round(value, 4) for value in (row.box or WHOLE).values],
    }
    # The probabilities of several labels per image are no shares of one another, so each stands.
    ranking = row.ranking or tuple((label, 1.0) for label in shown)
    detection["classifications"] = [
        [ids[label], probability] for label, probability in ranking if label in ids
    ]
    others = [
        {
            "category": detection["category"],
            "conf": score,
            "bbox": [round(value, 4) for value in box.values],
        }
        for box, score in row.detections
        if row.box is None or not _is_same(box, row.box)
    ]
    return [detection, *others]


def _is_same(one: Box, other: Box) -> bool:
    """Return whether two boxes have the same edges, as far as the table tells."""
    pairs = zip(one.values, other.values, strict=True)
    return all(abs(a - b) < _ROUNDING for a, b in pairs)


def _confidence(export: Export, row: ExportRow) -> float:
    """Return the probability that an image isn't empty, as far as the table tells."""
    blank = [value for label, value in row.probabilities if export.kinds.of(label) == BLANK]
    if len(blank) == 1 and len(row.labels) == 1:
        return round(1.0 - blank[0], 4)
    return 1.0 if row.score is None else row.score


FORMAT = Format((FILE,), write)
