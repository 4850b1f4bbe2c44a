"""Results of MegaDetector and of the programs that write the same JSON format.

Format: https://github.com/agentmorris/MegaDetector/tree/main/megadetector/output_format.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autofocus.runs.ledger import Reason
from autofocus.runs.wording import plural
from autofocus.tables.columns import BOX, COUNT, MODEL, SOURCE
from autofocus.tables.importing.builder import RecordBuilder
from autofocus.tables.importing.coco import text_of
from autofocus.tables.records import DETAIL, REASON, DetectionTable, box_cells

FORMAT = "MegaDetector results"
EMPTY = "empty"


def is_megadetector(content: Mapping[str, Any]) -> bool:
    """Tell whether JSON content has the parts of MegaDetector results."""
    return "detection_categories" in content and isinstance(content.get("images"), list)


def read_megadetector(path: Path, content: Mapping[str, Any], threshold: float) -> DetectionTable:
    """Return the detections: one per label of an image.

    A box's label is its most probable class if it was classified, else its category. An image
    without a box that reaches the threshold is empty.

    Args:
        path: the file.
        content: what it holds.
        threshold: the score from which a box counts, 0 to 1.
    """
    categories = content["detection_categories"]
    classes = content.get("classification_categories") or {}
    builder, failures = RecordBuilder(), 0
    for image in content["images"]:
        name, date = str(image["file"]), text_of(image.get("datetime"))
        if image.get("failure") or image.get("detections") is None:
            failures += 1
            detail = f"the detector failed: {text_of(image.get('failure')) or 'no detections'}"
            builder.add(name, "", name, date, **{REASON: Reason.UNREADABLE.value, DETAIL: detail})
            continue
        boxes = [box for box in image["detections"] if float(box["conf"]) >= threshold]
        numbers = Counter(_label(box, categories, classes) for box in boxes)
        for label, number in (numbers or {EMPTY: 0}).items():
            optional = {SOURCE: MODEL, COUNT: str(number or ""), **best_box(boxes)}
            builder.add(name, label, name, date, **optional)
    notes = [f"{path.name}: a box counts from a score of {threshold:g} (--box-threshold)"]
    if failures:
        notes.append(
            f"{path.name}: {plural(failures, 'image')} rejected, on which the detector failed"
        )
    return DetectionTable(
        path,
        builder.frame(),
        FORMAT,
        has_dates=False,
        is_split=True,
        is_detector=True,
        notes=tuple(notes),
    )


def best_box(boxes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the cells of the box with the highest score; empty cells if there is none."""
    if not boxes:
        return dict.fromkeys(BOX, "")
    best = max(boxes, key=lambda box: float(box["conf"]))
    return box_cells([float(value) for value in best["bbox"]], float(best["conf"]))


def _label(
    box: Mapping[str, Any], categories: Mapping[str, str], classes: Mapping[str, str]
) -> str:
    """Return the label of a box; ids are text, but some programs write them as numbers."""
    if best := max(
        box.get("classifications") or (), key=lambda pair: float(pair[1]), default=None
    ):
        return str(classes.get(str(best[0]), best[0]))
    return str(categories.get(str(box["category"]), box["category"]))
