"""COCO Camera Traps JSON, the format of the data sets on LILA."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from autofocus.exporting.context import Export
from autofocus.exporting.formats import Format
from autofocus.exporting.json_files import write_parts
from autofocus.exporting.kinds import BLANK
from autofocus.exporting.rows import OK, Box, ExportRow

FILE = "coco.json"
_EMPTY = "empty"


def write(export: Export, paths: Mapping[str, Path]) -> Sequence[str]:
    """Write images, labels and boxes as one file."""
    labels = [label for label in export.labels() if export.kinds.of(label) != BLANK]
    ids = {label: number for number, label in enumerate(labels, 1)}
    categories = [{"id": 0, "name": _EMPTY}]
    categories += [{"id": number, "name": label} for label, number in ids.items()]
    parts = {
        "info": {
            "version": "1.0",
            "description": f"Labels of {export.name}, exported by Autofocus",
        },
        "images": _images(export),
        "categories": categories,
        "annotations": _annotations(export, ids),
    }
    write_parts(paths[FILE], parts)
    return ()


def _images(export: Export) -> Iterator[dict[str, Any]]:
    frames = Counter(row.sequence for row in export.rows() if row.sequence)
    seen: Counter[str] = Counter()
    for row in export.rows():
        image: dict[str, Any] = {"id": row.original, "file_name": row.original}
        if row.location:
            image["location"] = row.location
        if row.moment:
            image["datetime"] = f"{row.moment:%Y-%m-%d %H:%M:%S}"
        if row.sequence:
            image["seq_id"] = row.sequence
            image["seq_num_frames"] = frames[row.sequence]
            image["frame_num"] = seen[row.sequence]
            seen[row.sequence] += 1
        if row.size:
            image["width"], image["height"] = row.size
        if row.status != OK:
            image["failure"] = row.status
        yield image


def _annotations(export: Export, ids: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for row in export.rows():
        for label in row.labels:
            annotation: dict[str, Any] = {
                "id": f"{row.original}@{label}",
                "image_id": row.original,
                "category_id": ids.get(label, 0),
                "sequence_level_annotation": False,
            }
            if label in ids and (box := _pixels(row, row.box)):
                annotation["bbox"] = box
            if row.score is not None:
                annotation["score"] = row.score
            yield annotation
            if label in ids and len(row.labels) == 1:
                yield from _others(row, annotation)


def _others(row: ExportRow, annotation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield an annotation for each further box that a detector is certain of."""
    certain = [box for box, _ in row.detections[: row.count or 0]]
    for number, box in enumerate(certain[1:], 2):
        if pixels := _pixels(row, box):
            yield {**annotation, "id": f"{annotation['id']}@{number}", "bbox": pixels}


def _pixels(row: ExportRow, box: Box | None) -> list[float] | None:
    """Return a box in pixels of the original; None if the box or the size is unknown."""
    if box is None or row.size is None:
        return None
    width, height = row.size
    sides = (width, height, width, height)
    return [round(value * side, 1) for value, side in zip(box.values, sides, strict=True)]


FORMAT = Format((FILE,), write)
