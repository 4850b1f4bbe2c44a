"""COCO Camera Traps: the JSON format of the data sets on LILA.

Format: https://github.com/agentmorris/MegaDetector/tree/main/megadetector/data_management, "COCO
Camera Traps format".
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autofocus.runs.wording import plural
from autofocus.tables.columns import COUNT, LOCATION, SEQUENCE
from autofocus.tables.importing.builder import RecordBuilder
from autofocus.tables.records import DetectionTable, box_cells

FORMAT = "COCO Camera Traps JSON"


def is_coco(content: Mapping[str, Any]) -> bool:
    """Tell whether JSON content has the parts of COCO Camera Traps."""
    return all(
        isinstance(content.get(key), list) for key in ("images", "annotations", "categories")
    )


def read_coco(path: Path, content: Mapping[str, Any]) -> DetectionTable:
    """Return the detections: one per label of an image, with the number of its boxes.

    Boxes are in pixels; without the size of their image they are left out.
    """
    images = {image["id"]: image for image in content["images"]}
    names = {category["id"]: str(category["name"]) for category in content["categories"]}
    together: dict[tuple[Any, Any], list[Mapping[str, Any]]] = {}
    for annotation in content["annotations"]:
        key = annotation.get("image_id"), annotation.get("category_id")
        together.setdefault(key, []).append(annotation)
    builder, sizeless, unknown = RecordBuilder(), 0, 0
    for number, ((image_id, category), annotations) in enumerate(together.items(), 1):
        image = images.get(image_id)
        if image is None:
            unknown += len(annotations)
            continue
        boxes = [annotation["bbox"] for annotation in annotations if annotation.get("bbox")]
        has_size = bool(image.get("width") and image.get("height"))
        sizeless += 0 if has_size else len(boxes)
        builder.add(
            str(image["file_name"]),
            names.get(category, ""),
            text_of(annotations[0].get("id", number)),
            text_of(image.get("datetime") or image.get("date_captured")),
            **{LOCATION: text_of(image.get("location")), SEQUENCE: text_of(image.get("seq_id"))},
            **{COUNT: str(len(boxes) or "")},
            **(_largest(boxes, image) if has_size else {}),
        )
    left = {
        f"{plural(sizeless, 'box', 'boxes')} left out, of images without a size": sizeless,
        f"{plural(unknown, 'annotation')} left out, of images not in the file": unknown,
    }
    notes = tuple(f"{path.name}: {words}" for words, number in left.items() if number)
    return DetectionTable(path, builder.frame(), FORMAT, has_dates=False, notes=notes)


def text_of(value: object) -> str:
    """Return a value of JSON as text; nothing for null."""
    return "" if value is None else str(value)


def _largest(boxes: Sequence[Sequence[float]], image: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of the largest box, as shares of the image."""
    if not boxes:
        return {}
    width, height = float(image["width"]), float(image["height"])
    left, top, box_width, box_height = max(boxes, key=lambda box: float(box[2]) * float(box[3]))
    return box_cells((left / width, top / height, box_width / width, box_height / height), None)
