"""Results of MegaDetector and of the programs that write the same JSON format.

Format: https://github.com/agentmorris/MegaDetector/tree/main/megadetector/output_format.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autofocus.runs.ledger import Reason
from autofocus.runs.wording import plural, shown
from autofocus.tables.columns import BOX, COUNT, MODEL, SOURCE
from autofocus.tables.importing.builder import RecordBuilder, number_of, text_of
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
    for number, image in enumerate(content["images"], 1):
        given = image.get("file") if isinstance(image, Mapping) else None
        name = given if isinstance(given, str) else ""
        row = builder.name_row(name or f"image {number}")
        try:
            name, date = text_of(image["file"]), text_of(image.get("datetime"))
            detections = None if image.get("failure") else image.get("detections")
            labels = (
                None
                if detections is None
                else _read_labels(detections, threshold, categories, classes)
            )
        except KeyError as error:
            builder.reject(row, f"{error} is missing", name)
            continue
        except (TypeError, AttributeError, ValueError, IndexError, OverflowError) as error:
            builder.reject(row, error, name)
            continue
        if labels is None:
            failures += 1
            detail = f"the detector failed: {shown(image.get('failure') or 'no detections')}"
            builder.add(name, "", row, date, **{REASON: Reason.UNREADABLE.value, DETAIL: detail})
            continue
        for label, optional in labels.items():
            builder.add(name, label, row, date, **optional)
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


def _read_labels(
    detections: Sequence[Mapping[str, Any]],
    threshold: float,
    categories: Mapping[str, str],
    classes: Mapping[str, str],
) -> dict[str, dict[str, str]]:
    """Return the labels of an image, and the optional cells of each.

    Raises:
        LookupError, TypeError, AttributeError, ValueError: a detection is not as the format
            requires.
    """
    boxes = [box for box in detections if number_of(box["conf"]) >= threshold]
    numbers = Counter(_label(box, categories, classes) for box in boxes)
    best = best_box(boxes)
    return {
        label: {SOURCE: MODEL, COUNT: str(number or ""), **best}
        for label, number in (numbers or {EMPTY: 0}).items()
    }


def best_box(boxes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the cells of the box with the highest score; empty cells if there is none."""
    if not boxes:
        return dict.fromkeys(BOX, "")
    best = max(boxes, key=lambda box: number_of(box["conf"]))
    left, top, width, height = (number_of(value) for value in best["bbox"])
    return box_cells((left, top, width, height), number_of(best["conf"]))


def _label(
    box: Mapping[str, Any], categories: Mapping[str, str], classes: Mapping[str, str]
) -> str:
    """Return the label of a box; ids are text, but some programs write them as numbers."""
    if best := max(
        box.get("classifications") or (), key=lambda pair: number_of(pair[1]), default=None
    ):
        return text_of(classes.get(str(best[0]), best[0]))
    return text_of(categories.get(str(box["category"]), box["category"]))
